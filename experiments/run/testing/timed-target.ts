/**
 * Owns a target for tests of time: it stores nothing, and each call advances a manual clock by a
 * given time. A put may run a job first, as in inline scheduling.
 */
import { EMPTY_VERSION, Ledger, ReadCounters } from '../../../engine/index.ts'
import { ALL_FIELDS, OPERATION_KIND, type OperationStream } from '../../../workloads/index.ts'
import type { CountedTarget, TargetEvent, TargetStats } from '../../base/target.ts'
import type { ManualTimer } from '../../load/testing/manual-timer.ts'

export interface TimedTargetOptions {
  readonly timer: ManualTimer
  /** Service time of the n-th put. */
  serviceNs(put: number): number
  /** Duration of the merge that the n-th put runs; 0: none. */
  mergeNs?(put: number): number
  onEvent?(event: TargetEvent): void
  onJobStart?(): void
}

export function timedTarget(options: TimedTargetOptions): CountedTarget {
  const { timer, serviceNs, mergeNs = () => 0, onEvent, onJobStart } = options
  const ledger = new Ledger()
  let puts = 0
  const put = () => {
    timer.nowNs += serviceNs(puts)
    const merge = mergeNs(puts++)
    if (merge === 0) return
    onJobStart?.()
    timer.nowNs += merge
    onEvent?.({ ...MERGE, reason: null })
  }
  const stats = (): TargetStats => ({
    userBytes: puts,
    flushedRawBytes: 0,
    mergedRawBytesByLevel: [],
    debtBytes: 0,
    cells: ledger.cells(),
    balance: ledger.balance(),
    memtableRawBytes: 0,
    peakPhysicalBytes: 0,
    version: EMPTY_VERSION,
    levels: [],
    scores: null,
    counts: { flushes: 0, merges: 0, moves: 0, drops: 0 },
  })
  return {
    put,
    stats,
    delete: put,
    drain() {},
    close() {},
    get: () => undefined,
    scan: () => 0,
    scannedBytes: 0,
    getCounters: new ReadCounters(),
    scanCounters: new ReadCounters(),
    liveFileBytes: () => 0,
    tableBytes: () => [],
  }
}

const MERGE = { kind: 'merge', inputs: [], outputs: [], bytesRead: 0, bytesWritten: 0 } as const

/** Puts of one byte each, one record after another. */
export function puts(
  count: number,
  arrivalNs: (put: number) => number = () => -1,
): OperationStream {
  let at = 0
  return {
    expected: count,
    fieldNames: [],
    next(operation) {
      if (at === count) return false
      operation.kind = OPERATION_KIND.insert
      operation.keyNumber = at
      operation.setKeyLength(1)
      operation.fieldIndex = ALL_FIELDS
      operation.valueLength = 1
      operation.arrivalNs = arrivalNs(at++)
      return true
    },
    acknowledge() {},
    writeValue: () => 1,
    value: () => new Uint8Array(1),
  }
}
