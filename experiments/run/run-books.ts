/**
 * Owns the seam between the loop of a run and the figures that come from the target itself. The
 * loop decides when to read, the books decide what to read. The books of our own targets read at
 * every call. The books of a peer read only at the end of the run phase and at rest.
 */
import type { Deterministic, Timed } from '../../results/schema.ts'
import type { TargetEvent } from '../base/target.ts'
import type { Answers } from '../measure/answer-oracle.ts'
import type { Steadiness } from '../measure/steadiness.ts'
import type { Driver } from './driver.ts'

export type PhaseName = Deterministic['phases'][number]['name']

export interface RunBooks {
  /** Whether the target reports its jobs. If not, the time of stalls is unknown. */
  readonly hearsJobs: boolean
  phaseBegins(): void
  phaseEnds(name: PhaseName, operationsByKind: Readonly<Record<string, number>>): void
  /**
   * Records that a job has ended. Returns its index in the log of events, or null if it is not
   * kept.
   */
  addEvent(event: TargetEvent, driver: Driver): number | null
  /** Adds a point to the series. */
  sample(driver: Driver): void
  /** After the last operation of the run phase. The operations of the load end at `runFrom`. */
  readBurst(driver: Driver, runFrom: number): void
  /** After the drain. */
  readDrained(driver: Driver): void
  /** Whether the tree has settled since the load; null: the target does not report it. */
  steadiness(driver: Driver, runFrom: number): SteadyState | null
}

export interface SteadyState extends Steadiness {
  /** The run phase has written nothing so far. */
  readonly idle: boolean
}

/** The facts that the loop itself has at the end of a run. */
export interface RunOutcome {
  readonly driver: Driver
  readonly timed: Omit<Timed, 'peakRssBytes' | 'operatingSystem'>
  /** Null: nothing was checked. */
  readonly answers: Answers | null
  /** Operations of the load. */
  readonly runFrom: number
  /** Null unless the run continues until a state. */
  readonly askedTraceHash: string | null
  readonly until: Deterministic['until']
}
