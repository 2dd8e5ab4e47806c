/** Owns what admission gets to see of an open database. */

import type { CompactionStrategy } from '../compaction/strategy.ts'
import type { WritePressure } from '../scheduling/write-pressure.ts'
import {
  type EngineOptions,
  HARD_DEBT_MEMTABLES,
  MEMTABLES_MAX_DEFAULT,
  SOFT_DEBT_MEMTABLES,
} from './options.ts'
import type { DatabaseScheduler, TreeJobs } from './tree-jobs.ts'
import type { WriteHead } from './write-head.ts'

export interface PressureParts {
  readonly options: EngineOptions
  readonly strategy: CompactionStrategy
  readonly head: WriteHead
  readonly scheduler: DatabaseScheduler
  readonly jobs: TreeJobs
}

/** The pressure on writers at this moment. */
export function writePressure(parts: PressureParts): WritePressure {
  const { options, strategy, head, scheduler, jobs } = parts
  const { memtableBytes } = options
  const view = scheduler.view()
  return {
    level0Runs: view.version.levels[0]?.runs.length ?? 0,
    limits: strategy.stallLimits(view),
    frozenMemtables: head.frozen,
    memtablesMax: options.memtablesMax ?? MEMTABLES_MAX_DEFAULT,
    memtableRawBytes: head.memtable.rawBytes,
    memtableBytes,
    debtBytes: strategy.debtBytes(view),
    softDebtBytes: options.softDebtBytes ?? SOFT_DEBT_MEMTABLES * memtableBytes,
    hardDebtBytes: options.hardDebtBytes ?? HARD_DEBT_MEMTABLES * memtableBytes,
    jobs: scheduler.jobs,
    workBytes: jobs.work.bytes,
    workMs: jobs.work.ms,
    busyMs: jobs.work.busyMs,
  }
}
