/**
 * Owns what a command hands to the runs it starts: where they write, how they are interrupted and
 * where they report. Also what all runs have in common: the place of the database folder and the
 * logical time at which they begin.
 */
import { join } from 'node:path'
import type { AnyResult } from '../../results/identity.ts'
import type { RunResult } from '../../results/schema.ts'
import type { DatabaseFacts } from './open-metrics.ts'
import type { RunPlan } from './run-plan.ts'
import type { EditEvent } from './version-log.ts'

/** Logical time of the first operation: 2026-01-01, so that no age looks like "never". */
export const LOGICAL_START_MS = Date.UTC(2026, 0, 1)

/** The code that runs. It is read once, when the process starts and loads it. */
export type Code = Pick<RunResult['environment'], 'commit' | 'dirty' | 'varveVersion'>

/** Bytes moved, and the calls that moved them. */
export interface Transfer {
  readonly bytes: number
  readonly calls: number
}

export interface ExperimentContext {
  /** Must exist: results and database folders lie in it. */
  readonly outFolder: string
  readonly keep: boolean
  readonly code: Code
  readonly signal: AbortSignal
  /** What the process has written to its terminal so far. */
  terminalWritten(): Transfer
  onProgress(phase: string, done: number, total: number): void
  /** Called with the counters of the run's open database, and with null when it closes. */
  onFacts?(facts: (() => DatabaseFacts) | null): void
  /** Runs that share the machine with this one, and itself; left out: 1. */
  readonly runsAtOnce?: number
  /** Called for every edit of the tree, in order. */
  readonly onEdit?: (event: EditEvent) => void
}

export interface SweepContext extends Omit<ExperimentContext, 'onProgress' | 'onEdit' | 'code'> {
  /** Write every edit of the tree to a file beside the result. */
  readonly versions?: boolean
  readonly force: boolean
  /** `fraction` is the part of the whole sweep that is done. */
  onProgress(what: string, done: number, total: number, fraction: number): void
  /** The result at `path` is reused instead of a new run. */
  onReuse(path: string): void
  /** The run called `what` begins; runs that are done at once are told when they end. */
  onRun?(what: string): void
  /** A result is there. Its gates may be judged again when all runs have ended. */
  onResult?(result: AnyResult): void
  /** The run called `what` has ended. Told of runs that are done at once, in their order. */
  onEnded?(what: string, seconds: number): void
}

/** The folder of a run's database: removed after the run, unless it is to be kept. */
export function databaseFolder(outFolder: string, plan: Pick<RunPlan, 'id'>): string {
  return join(outFolder, `${plan.id}.db`)
}
