/**
 * Owns what a run is given by the command that starts it: where it writes, how it is interrupted and
 * to whom it reports. Also what all runs share: the place of a database and the logical time at which
 * they begin.
 */
import { join } from 'node:path'
import type { RunResult } from '../../results/schema.ts'
import type { RunPlan } from './run-plan.ts'
import type { EditEvent } from './version-log.ts'

/** Logical time of the first operation: 2026-01-01, so that no age looks like "never". */
export const LOGICAL_START_MS = Date.UTC(2026, 0, 1)

/** Which code runs: read once, when the process starts, since that is what it has loaded. */
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
  /** Hears of every edit of the tree, in order. */
  readonly onEdit?: (event: EditEvent) => void
}

export interface SweepContext extends Omit<ExperimentContext, 'onProgress' | 'onEdit' | 'code'> {
  /** Every edit of the tree goes beside the result. */
  readonly versions?: boolean
  readonly force: boolean
  /** `fraction` is of the whole sweep. */
  onProgress(what: string, done: number, total: number, fraction: number): void
  onReuse(path: string): void
  /** The run `what` begins. */
  onRun?(what: string): void
}

/** Where a run's database lies while it runs, and stays when it is kept. */
export function databaseFolder(outFolder: string, plan: Pick<RunPlan, 'id'>): string {
  return join(outFolder, `${plan.id}.db`)
}
