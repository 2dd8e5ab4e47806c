import { describe, expect, test } from 'vitest'
import { openTest, strategyOf, text } from '../testing/fixtures.ts'
import { tablesOf } from '../version/run.ts'
import { parseVersion } from '../version/text.ts'
import { runsNewestFirst } from '../version/version.ts'
import type { VersionEdit } from '../version/version-edit.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { ProgressGuard } from './progress-guard.ts'
import type { CompactionSpec, TreeView } from './strategy.ts'

/** A strategy that rewrites in place the first table for which `isDue` is true. */
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

describe('the guard', () => {
  const template = [...tablesOf(parseVersion('L0\n R1: 1[a,b]').levels[0]!.runs[0]!)][0]!
  const placed = (bytes: number) => ({ level: 0, run: 1, table: { ...template, bytes } })
  const edit = (added: readonly number[], removed: readonly number[]): VersionEdit => ({
    newRuns: [],
    added: added.map(placed),
    removed: removed.map(placed),
  })
  /** All versions have the same runs; only the tables differ. */
  const version = parseVersion('L0\n R1: 1[a,b]')

  test('detects at once that a shape returns, for any digests of its tables', () => {
    for (let bytes = 1; bytes <= 200; bytes++) {
      const guard = new ProgressGuard()
      guard.begin(0)
      guard.note(edit([bytes], [bytes + 1000]), version, null)
      guard.note(edit([bytes + 2000], [bytes + 3000]), version, null)
      const back = edit([bytes + 3000], [bytes + 2000])
      expect(() => guard.note(back, version, null)).toThrow('rule progress')
    }
  })

  test('recognises a shape however it came about', () => {
    for (let bytes = 1; bytes <= 200; bytes++) {
      const guard = new ProgressGuard()
      guard.begin(0)
      guard.note(edit([bytes], []), version, null)
      guard.note(edit([bytes + 1000], [bytes]), version, null)
      guard.note(edit([], [bytes + 1000]), version, null)
      // The same three shapes in another order. Each of them was seen before.
      for (const again of [edit([bytes + 1000], []), edit([bytes], [bytes + 1000])]) {
        expect(() => guard.note(again, version, null)).toThrow('rule progress')
      }
    }
  })

  test('accepts different states, runs and tables, and forgets them when a new cascade begins', () => {
    const guard = new ProgressGuard()
    guard.begin(0)
    const still = edit([], [])
    guard.note(still, version, null)
    guard.note(still, version, 1)
    guard.note(still, parseVersion('L0\n R1: 1[a,b]\nL1\n R2: 2[a,b]'), null)
    guard.note(still, parseVersion('L0\n R1: 1[a,b]\n R2: 2[a,b]'), null)
    guard.note(edit([5], [6]), version, null)
    guard.begin(0)
    guard.note(still, version, null)
    expect(() => guard.note(still, version, null)).toThrow('rule progress')
  })
})

describe('a strategy comes to rest', () => {
  test('even if it rewrites one old table after another, and again when they are old again', () => {
    const strategy = rewriting((createdAtMs, view) => view.nowMs - createdAtMs > 100)
    const { db, clock } = threeTables({ strategy })
    for (let round = 1; round <= 3; round++) {
      clock.advance(1_000)
      db.flush()
      expect(db.metrics().merges).toBe(3 * round)
    }
    expect(Array.from(db.scan(), ([key]) => text(key))).toEqual(['a', 'b', 'c'])
  })

  test('or is stopped when it rewrites the same table twice, even if time passes', () => {
    let nowMs = 0
    const clock = { nowMs: () => nowMs++, elapsedNs: () => 0 }
    let armed = false
    const { db } = threeTables({ strategy: rewriting(() => armed), clock })
    armed = true
    expect(() => db.flush()).toThrow('rule progress')
    expect(db.metrics().merges).toBeLessThan(4)
  })
})
