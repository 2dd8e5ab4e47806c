import { describe, expect, test } from 'vitest'
import type { CompactionStrategy, InputSlice } from '../compaction/strategy.ts'
import type { ValueLogPolicy } from '../compaction/value-log-policy.ts'
import { type Cause, cellsBetween, Ledger, sumCells } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import {
  bytes,
  everyNth,
  openTest,
  RESTLESS_LOG,
  restless,
  strategyOf,
} from '../testing/fixtures.ts'
import { large, put } from '../testing/log-fixtures.ts'
import { tablesOf } from '../version/run.ts'
import { runsNewestFirst } from '../version/version.ts'

const KEYS = 60
const keyOf = (index: number) => `key${String(index).padStart(3, '0')}`
const reason = { trigger: 'test', formula: '', values: {} }

/**
 * Does one compaction each time it is told to: it merges all runs into one of `level`, or moves the
 * oldest run there.
 */
function onCommand() {
  let next: { kind: 'move' | 'merge'; level: number } | null = null
  const strategy: CompactionStrategy = strategyOf('on-command', ({ version }) => {
    if (next === null) return null
    const { kind, level } = next
    next = null
    const inputs: InputSlice[] = version.levels.flatMap(({ runs }, from) =>
      runs.map((run) => ({ level: from, run: run.id, tables: 'all' as const })),
    )
    const place = { level, after: null }
    const common = { nextState: null, reason }
    if (kind === 'move') return { kind, inputs: inputs.slice(-1), place, ...common }
    const cut = { fromKey: null, targetTableBytes: 1024, cutKeys: [], filter: { bitsPerKey: 10 } }
    return { kind, inputs, outputs: [{ place, ...cut }], ...common }
  })
  const order = (kind: 'move' | 'merge', level: number) => {
    next = { kind, level }
  }
  return { strategy, order }
}

function filled(options = {}) {
  const ledger = new Ledger()
  const { strategy, order } = onCommand()
  const { db } = openTest({
    storage: new MemoryStorage(ledger),
    strategy,
    options: { memtableBytes: 64 * 1024, ...options },
  })
  for (let index = 0; index < KEYS; index++) put(db, keyOf(index), `${index}`.padEnd(50, '.'))
  db.flush()
  /** Levels on whose account `cause` reads data blocks while `work` runs, with their bytes. */
  const readsBy = (cause: Cause, work: () => void) => {
    const before = ledger.cells()
    work()
    const moved = cellsBetween(before, ledger.cells()).filter(({ section }) => section === 'data')
    const levels = moved.filter((cell) => cell.cause === cause && cell.direction === 'read')
    return levels.map(({ level }) => level)
  }
  const getAll = () => {
    for (let index = 0; index < KEYS; index++) db.get(bytes(keyOf(index)))
  }
  const scanAll = () => void Array.from(db.scan())
  return { db, order, ledger, readsBy, getAll, scanAll }
}

describe('a read of a table', () => {
  test('is counted for its level, also after the table moved', () => {
    const { db, order, readsBy, getAll, scanAll } = filled({ blockCacheBytes: 0 })
    expect(readsBy('get', getAll)).toEqual([0])
    expect(readsBy('scan', scanAll)).toEqual([0])
    order('move', 3)
    db.flush()
    expect(db.metrics().moves).toBe(1)
    expect(readsBy('get', getAll)).toEqual([3])
    expect(readsBy('scan', scanAll)).toEqual([3])
    order('move', 5)
    db.flush()
    expect(readsBy('get', getAll)).toEqual([5])
    expect(readsBy('scan', scanAll)).toEqual([5])
    order('merge', 6)
    expect(readsBy('compaction', () => db.flush())).toEqual([5])
    expect(readsBy('get', getAll)).toEqual([6])
    db.close()
  })

  test('is counted for that level if a scan or the move itself opened it first', () => {
    for (const first of ['scan', 'nobody'] as const) {
      const { db, order, readsBy, getAll, scanAll } = filled({ blockCacheBytes: 0 })
      if (first === 'scan') scanAll()
      order('move', 2)
      db.flush()
      order('merge', 4)
      expect(readsBy('compaction', () => db.flush())).toEqual([2])
      expect(readsBy('scan', scanAll)).toEqual([4])
      expect(readsBy('get', getAll)).toEqual([4])
      db.close()
    }
  })

  test('by collection is counted for its level, also after a move', () => {
    const ledger = new Ledger()
    const { strategy, order } = onCommand()
    let picks = 0
    const once: ValueLogPolicy = {
      ...restless,
      pick: (view) => (picks-- > 0 ? restless.pick(view) : null),
      relocateBelow: () => 0,
    }
    const { db } = openTest({
      storage: new MemoryStorage(ledger),
      strategy,
      valueLogPolicy: once,
      options: { memtableBytes: 64 * 1024, blockCacheBytes: 0, valueLog: RESTLESS_LOG },
    })
    const collect = () => {
      picks = 1
      expect(db.collectValueLog()).toBe(1)
    }
    const collectedOn = (level: number) =>
      sumCells(ledger.cells(), { cause: 'vlog-gc', level, section: 'data', direction: 'read' })
        .bytes
    // Several segments, each with values that the one table points to and values that it does not.
    for (let index = 0; index < KEYS; index++) put(db, keyOf(index), large(`${index}`))
    for (let index = 0; index < KEYS; index += 2) put(db, keyOf(index), 'small')
    picks = 0
    db.flush()
    collect()
    const onTop = collectedOn(0)
    expect(onTop).toBeGreaterThan(0)
    picks = 0
    order('move', 3)
    db.flush()
    expect(db.version.levels[3]!.runs).toHaveLength(1)
    collect()
    expect(collectedOn(3)).toBeGreaterThan(0)
    expect(collectedOn(0)).toBe(onTop)
    db.close()
  })
})

test('strategies see how many gets and scans used a table, and nothing else counts', () => {
  let reads: readonly number[] = []
  const strategy = strategyOf('watching', ({ version, tableStats }) => {
    reads = Array.from(runsNewestFirst(version), ({ run }) => [...tablesOf(run)])
      .flat()
      .map(({ id }) => tableStats(id).reads)
    return null
  })
  const { db } = openTest({ strategy, options: { memtableBytes: 64 * 1024 } })
  for (let index = 0; index < KEYS; index++) put(db, keyOf(index), `${index}`)
  db.flush()
  db.flush()
  expect(reads).toEqual([0])
  for (let index = 0; index < 7; index++) db.get(bytes(keyOf(index)))
  for (let scan = 0; scan < 3; scan++) void Array.from(db.scan())
  db.get(bytes('beyond'))
  db.flush()
  expect(reads).toEqual([7 + 3])
  db.close()
})

test.each([0, 1, 2])('a table stays for a cursor opened after %i of its two moves', (moves) => {
  const { db, order } = filled()
  const levels = [2, 4]
  const move = (level: number) => {
    order('move', level)
    db.flush()
  }
  levels.slice(0, moves).forEach(move)
  const cursor = db.cursor()
  levels.slice(moves).forEach(move)
  order('merge', 5)
  db.flush()
  let count = 0
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) count++
  expect(count).toBe(KEYS)
  db.close()
})

describe('the block cache', () => {
  test('forgets the blocks of tables that are merged away', () => {
    const { db, order, scanAll } = filled()
    scanAll()
    const cachedBytes = db.metrics().cacheUsedBytes
    expect(cachedBytes).toBeGreaterThan(0)
    order('move', 2)
    db.flush()
    expect(db.metrics().cacheUsedBytes, 'a move changes no block').toBe(cachedBytes)
    order('merge', 3)
    db.flush()
    expect(db.metrics().cacheUsedBytes).toBe(0)
    scanAll()
    expect(db.metrics().cacheUsedBytes).toBeGreaterThan(0)
    db.close()
  })

  test('is not used by merges, which read a table in few large pieces', () => {
    const { db, order, ledger } = filled({ compression: 'none' })
    order('merge', 3)
    db.flush()
    expect(db.metrics().cacheUsedBytes).toBe(0)
    const filter = { cause: 'compaction', direction: 'read', section: 'data' } as const
    const { bytes: readBytes, calls } = sumCells(ledger.cells(), filter)
    expect(readBytes).toBeGreaterThan(KEYS * 50)
    expect(calls).toBe(1)
    db.close()
  })

  test('keeps the blocks of a table until no cursor reads it', () => {
    const { db, order, scanAll } = filled()
    scanAll()
    const cursor = db.cursor()
    order('merge', 3)
    db.flush()
    expect(db.metrics().cacheUsedBytes).toBeGreaterThan(0)
    const { cacheMisses } = db.metrics()
    let count = 0
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) count++
    expect(count).toBe(KEYS)
    expect(db.metrics().cacheMisses).toBe(cacheMisses)
    cursor.close()
    expect(db.metrics().cacheUsedBytes).toBe(0)
    db.close()
  })

  test('forgets the values of segments that are spent or removed', () => {
    const { db } = openTest({
      strategy: everyNth(2),
      valueLogPolicy: restless,
      options: { valueLog: RESTLESS_LOG },
    })
    for (let round = 0; round < 6; round++) {
      for (let index = 0; index < 20; index++) put(db, keyOf(index), large(`${round}`))
      for (let index = 0; index < 20; index++) db.get(bytes(keyOf(index)))
      db.flush()
    }
    const { tableBytes, valueLog, cacheUsedBytes } = db.metrics()
    expect(valueLog.segmentsCollected).toBeGreaterThan(10)
    // Far less than the values of six rounds, all of which were read.
    expect(cacheUsedBytes).toBeLessThanOrEqual(tableBytes + valueLog.logBytes)
    expect(cacheUsedBytes).toBeLessThan(3 * 20 * large('').length)
    db.close()
  })
})
