import { expect, test } from 'vitest'
import type { ValueLogPolicy } from '../../compaction/value-log-policy.ts'
import { Ledger, sumCells } from '../../storage/ledger.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { everyNth, openTest, restless, strategyOf } from '../../testing/fixtures.ts'
import {
  large,
  openCollected,
  put,
  read,
  STUB_BYTES,
  segmentsIn,
} from '../../testing/log-fixtures.ts'
import { verifyDatabase } from '../offline/verify.ts'

const VALUES = 1000
const VALUE_BYTES = 3000

test('a merge keeps a stale pointer into a spent segment unchanged', () => {
  let picks = 0
  const policy: ValueLogPolicy = {
    ...restless,
    pick: (view) => (picks-- > 0 ? restless.pick(view) : null),
    relocateBelow: ({ segments }) => (segments.at(-1)?.segment ?? -1) + 1,
  }
  // The oldest run alone, from level 0 to level 1: what shadows its entries stays above it.
  const oldestDown = strategyOf('oldest-down', ({ version }) => {
    const runs = version.levels[0]?.runs ?? []
    if (runs.length < 2) return null
    const cut = { fromKey: null, targetTableBytes: null, cutKeys: [], filter: { bitsPerKey: 10 } }
    return {
      kind: 'merge',
      inputs: [{ level: 0, run: runs.at(-1)!.id, tables: 'all' }],
      outputs: [{ place: { level: 1, after: null }, ...cut }],
      nextState: null,
      reason: { trigger: 'test', formula: '', values: {} },
    }
  })
  const { db, storage } = openCollected({ strategy: oldestDown, valueLogPolicy: policy })
  put(db, 'a', large('a'))
  db.flush()
  const [segment] = segmentsIn(storage)
  picks = 1
  expect(db.collectValueLog()).toBe(1)
  expect(storage.size(segment!)).toBe(STUB_BYTES)
  db.flush()
  expect(db.metrics().merges).toBe(1)
  expect(segmentsIn(storage)).toContain(segment)
  expect(read(db, 'a')).toBe(large('a'))
  db.close()
  expect(verifyDatabase(storage, '/db').faults).toEqual([])
})

test('values that a compaction moves are written a mebibyte at a time', () => {
  const moving: ValueLogPolicy = {
    name: restless.name,
    pick: () => null,
    relocateBelow: ({ segments }) => (segments.at(-1)?.segment ?? -1) + 1,
  }
  const ledger = new Ledger()
  const { db } = openTest({
    storage: new MemoryStorage(ledger),
    strategy: everyNth(2),
    valueLogPolicy: moving,
    options: {
      memtableBytes: 1024 * 1024,
      valueLog: { thresholdBytes: 64, segmentBytes: 1024 ** 3, gcPolicy: moving.name },
    },
  })
  const key = (index: number) => `key${String(index).padStart(4, '0')}`
  for (let index = 0; index < VALUES; index++)
    put(db, key(index), `${index}`.padEnd(VALUE_BYTES, '.'))
  db.flush()
  put(db, 'other', 'other')
  db.flush()
  const { movedBytes } = db.metrics().valueLog
  expect(movedBytes).toBe(VALUES * (32 + key(0).length + VALUE_BYTES))
  const written = sumCells(ledger.cells(), { cause: 'vlog-gc', direction: 'write' })
  // One piece a mebibyte, what is left, and the footer.
  expect(written.calls).toBe(Math.floor(movedBytes / 1024 ** 2) + 2)
  for (const index of [0, 500, VALUES - 1]) {
    expect(read(db, key(index))).toBe(`${index}`.padEnd(VALUE_BYTES, '.'))
  }
  db.close()
})
