import { describe, expect, test } from 'vitest'
import { openTest, strategyOf, text } from '../testing/fixtures.ts'
import { tablesOf } from '../version/run.ts'
import { runsNewestFirst } from '../version/version.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { CompactionSpec, TreeView } from './strategy.ts'

/** Rewrites in place the first table that `isDue` picks. */
function rewriting(isDue: (createdAtMs: number, view: TreeView) => boolean) {
  return strategyOf('rewriting', (view): CompactionSpec | null => {
    for (const { level, run } of runsNewestFirst(view.version)) {
      const table = [...tablesOf(run)].find(({ createdAtMs }) => isDue(createdAtMs, view))
      if (table === undefined) continue
      const output = { fromKey: null, targetTableBytes: null, cutKeys: [], filter: NO_FILTER }
      return {
        kind: 'merge',
        inputs: [{ level, run: run.id, tables: [table] }],
        outputs: [{ ...output, place: { level, run: run.id } }],
        nextState: null,
        reason: { trigger: 'age', formula: '', values: {} },
      }
    }
    return null
  })
}
const NO_FILTER = { bitsPerKey: 0 }

function threeTables(open: Parameters<typeof openTest>[0]) {
  const test = openTest(open)
  for (const key of 'abc') {
    const batch = new WriteBatch()
    batch.put(new TextEncoder().encode(key), new Uint8Array(10))
    test.db.writeSync(batch)
    test.db.flush()
  }
  return test
}

describe('a strategy comes to rest', () => {
  test('although it rewrites one old table after another, and again when they are old again', () => {
    const strategy = rewriting((createdAtMs, view) => view.nowMs - createdAtMs > 100)
    const { db, clock } = threeTables({ strategy })
    for (let round = 1; round <= 3; round++) {
      clock.advance(1_000)
      db.flush()
      expect(db.metrics().merges).toBe(3 * round)
    }
    expect(Array.from(db.scan(), ([key]) => text(key))).toEqual(['a', 'b', 'c'])
  })

  test('or is stopped at the second rewriting of one table, though time goes by', () => {
    let nowMs = 0
    const clock = { nowMs: () => nowMs++, elapsedNs: () => 0 }
    let armed = false
    const { db } = threeTables({ strategy: rewriting(() => armed), clock })
    armed = true
    expect(() => db.flush()).toThrow('rule progress')
    expect(db.metrics().merges).toBeLessThan(4)
  })
})
