/**
 * Owns the seam between the loop of a run and the figures that come from the target itself. The loop
 * says when to read; what is read, and what it costs, is up to the books. Books of our own targets
 * read at every call; those of a peer read at the end of the run phase and at rest only.
 */
import type { Deterministic, Timed } from '../../results/schema.ts'
import type { TargetEvent } from '../base/target.ts'
import type { Answers } from '../measure/answer-oracle.ts'
import type { Steadiness } from '../measure/steadiness.ts'
import type { OperationDriver } from './operation-driver.ts'

export type PhaseName = Deterministic['phases'][number]['name']

export interface RunBooks {
  /** The target tells of its jobs. Where it does not, nobody knows how long jobs stalled operations. */
  readonly hearsJobs: boolean
  phaseBegins(): void
  phaseEnds(name: PhaseName, operationsByKind: Readonly<Record<string, number>>): void
  /** A job has ended; returns its place in the log of events, null where it is not kept. */
  addEvent(event: TargetEvent, driver: OperationDriver): number | null
  /** A point of the series. */
  sample(driver: OperationDriver): void
  /** After the last operation of the run phase. The operations of the load end at `runFrom`. */
  readBurst(driver: OperationDriver, runFrom: number): void
  /** After the drain. */
  readDrained(driver: OperationDriver): void
  /** Whether the tree has settled since the load; null: the target keeps no account that tells. */
  steadiness(driver: OperationDriver, runFrom: number): SteadyState | null
}

export interface SteadyState extends Steadiness {
  /** The run phase has written nothing so far. */
  readonly idle: boolean
}

/** What the loop itself knows at the end of a run. */
export interface RunOutcome {
  readonly driver: OperationDriver
  readonly timed: Omit<Timed, 'peakRssBytes' | 'operatingSystem'>
  /** Null: nothing was checked. */
  readonly answers: Answers | null
  /** Operations of the load. */
  readonly runFrom: number
  /** Of a run that goes on until a state; else null. */
  readonly askedTraceHash: string | null
  readonly until: Deterministic['until']
}
