import { expect, test } from 'vitest'
import { EMPTY_VERSION, Ledger } from '../../engine/index.ts'
import type { TargetStats } from '../base/target.ts'
import { amplificationOf, balanceOf, levelsOf } from './figures.ts'

/** 1,000 user bytes; 1,100 logged, 1,040 flushed, 2,080 merged into level 1, 1,560 still there. */
function stats(): TargetStats {
  const ledger = new Ledger()
  ledger.countWrite(Ledger.account('wal', -1), 'data', 1100)
  ledger.countWrite(Ledger.account('flush', 0), 'data', 1000)
  ledger.countWrite(Ledger.account('flush', 0), 'filter', 40)
  ledger.countWrite(Ledger.account('compaction', 1), 'data', 2080)
  ledger.countRead(Ledger.account('compaction', 0), 'data', 1040)
  ledger.countWrite(Ledger.account('manifest', -1), 'meta', 80)
  ledger.countRemoved(2740)
  return {
    userBytes: 1000,
    flushedRawBytes: 1000,
    mergedRawBytesByLevel: [0, 2000],
    cells: ledger.cells(),
    balance: ledger.balance(),
    debtBytes: 7,
    memtableRawBytes: 0,
    peakPhysicalBytes: ledger.peakLiveBytes,
    counts: { flushes: 2, merges: 1, moves: 0, drops: 0 },
    version: EMPTY_VERSION,
    levels: [],
    scores: null,
  }
}

test('each definition divides what it says', () => {
  expect(amplificationOf(stats(), 1200)).toEqual({
    userBytes: 1000,
    bytesWrittenByCause: { wal: 1100, flush: 1040, compaction: 2080, manifest: 80 },
    flushedRawBytes: 1000,
    mergedRawBytes: 2000,
    waTotal: 4.3,
    waLsm: 3.12,
    waEntries: 3,
    waRocksdb: 3,
    waPebble: 4220 / 1100,
    spaceAmplification: 1.3,
    liveLogicalBytes: 1200,
    physicalBytes: 1560,
    debtBytes: 7,
    convention: 'level-0-run',
  })
})

test('a balance holds only when the storage agrees', () => {
  expect(balanceOf(stats(), 1560).conserved).toBe(true)
  expect(balanceOf(stats(), 1561).conserved).toBe(false)
})

test('levels show what moved even where nothing is left', () => {
  expect(
    levelsOf(stats()).map(({ level, tables, bytesWritten, bytesRead, mergedRawBytes }) => [
      level,
      tables,
      bytesWritten,
      bytesRead,
      mergedRawBytes,
    ]),
  ).toEqual([
    [0, 0, 1040, 1040, 0],
    [1, 0, 2080, 0, 2000],
  ])
})
