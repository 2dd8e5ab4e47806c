/**
 * Owns the arithmetic from counters to named ratios. Every figure is a quotient of sums over the
 * ledger and the engine's counters; nothing is counted here. The result's schema defines each
 * figure and names the codebase its definition comes from.
 */
import type { LedgerCell, ReadCounters, ValueLogMetrics } from '../../engine/index.ts'
import { sumCells } from '../../engine/storage/ledger.ts'
import { isConserved } from '../../results/deterministic-schema.ts'
import type { Amplification, Deterministic, ReadAccount } from '../../results/schema.ts'
import { OPERATION_KIND_NAMES } from '../../workloads/operation.ts'
import { physicalBytes, type TargetStats } from '../base/target.ts'

export function amplificationOf(stats: TargetStats, liveLogicalBytes: number): Amplification {
  const { cells, userBytes } = stats
  const written = (...causes: LedgerCell['cause'][]) =>
    sumCells(cells, { cause: causes, direction: 'write' }).bytes
  const flushed = written('flush')
  const tables = written('flush', 'compaction')
  const wal = written('wal')
  const mergedRawBytes = sum(stats.mergedRawBytesByLevel)
  const physical = physicalBytes(stats.balance)
  return {
    userBytes,
    bytesWrittenByCause: writtenByCause(cells),
    flushedRawBytes: stats.flushedRawBytes,
    mergedRawBytes,
    waTotal: quotient(sumCells(cells, { direction: 'write' }).bytes, userBytes),
    waLsm: quotient(tables, userBytes),
    waEntries: quotient(stats.flushedRawBytes + mergedRawBytes, userBytes),
    waRocksdb: quotient(tables, flushed),
    waPebble: quotient(wal + tables, wal),
    spaceAmplification: quotient(physical, liveLogicalBytes),
    liveLogicalBytes,
    physicalBytes: physical,
    debtBytes: stats.debtBytes,
    convention: 'level-0-run',
  }
}

/** Null if no value was ever separated. */
export function valueLogOf(
  { valueLog, levels }: TargetStats,
  liveLogicalBytes: number,
): Deterministic['valueLog'] {
  if (valueLog === undefined || valueLog.appendedBytes === 0) return null
  const { unsealedBytes: _, ...log } = valueLog
  const treeBytes = sum(levels.map((level) => level.bytes))
  return {
    ...log,
    segments: [...log.segments],
    waLog: logAmplification(log),
    treeBytes,
    treeSpaceAmplification: quotient(treeBytes, liveLogicalBytes),
    logSpaceAmplification: quotient(log.logBytes, liveLogicalBytes),
  }
}

/** Work of the value log between two readings; null if no value was separated before `after`. */
export function valueLogBetween(
  before: TargetStats,
  after: TargetStats,
): Deterministic['phases'][number]['valueLog'] {
  const [earlier, later] = [before.valueLog, after.valueLog]
  if (earlier === undefined || later === undefined || later.appendedBytes === 0) return null
  const work = {
    appendedBytes: later.appendedBytes - earlier.appendedBytes,
    movedBytes: later.movedBytes - earlier.movedBytes,
    segmentsCollected: later.segmentsCollected - earlier.segmentsCollected,
    collectedBytes: later.collectedBytes - earlier.collectedBytes,
    collectedLiveBytes: later.collectedLiveBytes - earlier.collectedLiveBytes,
  }
  return { ...work, waLog: logAmplification(work) }
}

function logAmplification(
  log: Pick<ValueLogMetrics, 'appendedBytes' | 'movedBytes'>,
): number | null {
  return quotient(log.appendedBytes + log.movedBytes, log.appendedBytes)
}

export function writtenByCause(cells: readonly LedgerCell[]): Record<string, number> {
  const byCause: Record<string, number> = {}
  for (const { cause, direction, bytes } of cells) {
    if (direction === 'write') byCause[cause] = (byCause[cause] ?? 0) + bytes
  }
  return byCause
}

export function balanceOf(
  { balance }: TargetStats,
  liveBytes: number,
): Deterministic['ledger']['balance'] {
  const line = {
    presentAtOpenBytes: balance.presentAtOpen,
    appendedBytes: balance.appended,
    linkedBytes: balance.linked,
    truncatedBytes: balance.truncated,
    removedBytes: balance.removed,
    liveBytes,
  }
  return { ...line, conserved: isConserved(line) }
}

export function levelsOf(stats: TargetStats): Deterministic['levels'] {
  const deepest = stats.cells.reduce((level, cell) => Math.max(level, cell.level), -1)
  const count = Math.max(stats.levels.length, deepest + 1)
  return Array.from({ length: count }, (_, level) => {
    const moved = (direction: 'write' | 'read') =>
      sumCells(stats.cells, { cause: ['flush', 'compaction'], level, direction }).bytes
    const { runs, tables, bytes, entries, tombstones, rawBytes } = stats.levels[level] ?? NO_LEVEL
    return {
      level,
      runs,
      tables,
      bytes,
      entries,
      tombstones,
      rawBytes,
      bytesWritten: moved('write'),
      bytesRead: moved('read'),
      flushedRawBytes: level === 0 ? stats.flushedRawBytes : 0,
      mergedRawBytes: stats.mergedRawBytesByLevel[level] ?? 0,
    }
  })
}

const NO_LEVEL = { runs: 0, tables: 0, bytes: 0, entries: 0, tombstones: 0, rawBytes: 0 }

export function readAccountOf(
  operations: number,
  counters: ReadCounters,
  bytesReturned: number,
): ReadAccount {
  const { runsProbed, filterChecks, filterNegatives, filterFalsePositives } = counters
  const { blocksFromCache, blocksFromStorage, bytesFromStorage } = counters
  return {
    operations,
    runsProbed,
    filterChecks,
    filterNegatives,
    filterFalsePositives,
    blocksFromCache,
    blocksFromStorage,
    bytesFromStorage,
    bytesReturned,
    runsPerOperation: quotient(runsProbed, operations),
    blocksPerOperation: quotient(blocksFromCache + blocksFromStorage, operations),
    blocksFromStoragePerOperation: quotient(blocksFromStorage, operations),
    bytesReadPerByteReturned: quotient(bytesFromStorage, bytesReturned),
  }
}

/** The operations that occurred, by the workload's names of the kinds; `counts` is by kind. */
export function countsByKind(counts: Float64Array): Record<string, number> {
  const occurred: Record<string, number> = {}
  for (const [kind, count] of counts.entries()) {
    if (count > 0) occurred[OPERATION_KIND_NAMES[kind]!] = count
  }
  return occurred
}

export function quotient(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : numerator / denominator
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
