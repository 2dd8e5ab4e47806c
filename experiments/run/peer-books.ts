/**
 * Owns the books of a run on a peer: user bytes by phase, one reading at the last operation and one
 * at rest. Nothing is read in between, because a reading opens the peer's files. A peer reports
 * neither its jobs nor whether its tree is steady.
 */
import type { PeerReading, PeerResultInput } from '../../results/peer-schema.ts'
import type { PeerTarget } from '../targets/peers/peer-target.ts'
import type { Driver } from './driver.ts'
import type { PhaseName, RunBooks } from './run-books.ts'

export class PeerBooks implements RunBooks {
  readonly hearsJobs = false
  readonly phases: PeerResultInput['deterministic']['phases'][number][] = []
  readonly #target: PeerTarget
  readonly #read: (driver: Driver) => PeerReading
  #userBytesBefore = 0
  #burst: PeerReading | null = null
  #drained: PeerReading | null = null

  constructor(target: PeerTarget, read: (driver: Driver) => PeerReading) {
    this.#target = target
    this.#read = read
  }

  phaseBegins(): void {
    this.#userBytesBefore = this.#target.userBytes
  }

  phaseEnds(name: PhaseName, operationsByKind: Readonly<Record<string, number>>): void {
    if (name === 'drain') return
    const userBytes = this.#target.userBytes - this.#userBytesBefore
    this.phases.push({ name, operationsByKind, userBytes })
  }

  addEvent(): null {
    return null
  }

  sample(): void {}

  readBurst(driver: Driver): void {
    this.#burst = this.#read(driver)
  }

  readDrained(driver: Driver): void {
    this.#drained = this.#read(driver)
  }

  steadiness(): null {
    return null
  }

  /** After the run. */
  readings(): { readonly burst: PeerReading; readonly drained: PeerReading } {
    return { burst: this.#burst!, drained: this.#drained! }
  }
}
