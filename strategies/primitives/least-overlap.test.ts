import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../../engine/base/compare.ts'
import { editRun, type Run, runOf, tablesOf } from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { keyBytes } from '../testing/stepper.ts'
import { leastOverlap } from './least-overlap.ts'

const leastOverlapIndex = leastOverlap()

const [SAMPLE] = tablesOf(parseVersion('L0\n R1: 1[a,b]').levels[0]!.runs[0]!)

/** Tables of 1 to 9 keys with gaps of 0 to 9 between them. */
function tablesFrom(id: number, start: number, shapes: readonly (readonly number[])[]) {
  let key = start
  return shapes.map(([length = 1, gap = 0, bytes = 1], at): TableMeta => {
    const smallest = keyBytes(key)
    const largest = keyBytes(key + length - 1)
    key += length + gap
    const sizes = { rawKeyBytes: 0, rawValueBytes: bytes, entries: 4, tombstones: (at * 7) % 5 }
    return { ...SAMPLE!, id: id + at, smallest, largest, ...sizes }
  })
}

/**
 * The run after an edit at index `at`. Several tables become one over their whole range; a single
 * table becomes one that also covers the gap behind it; without tables a new one fills that gap.
 */
function rewritten(run: Run, at: number, count: number, id: number): Run {
  const tables = [...tablesOf(run)]
  const from = at % tables.length
  const old = tables.slice(from, from + count)
  const before = old.at(-1) ?? tables[from]!
  const after = tables[tables.indexOf(before) + 1]
  const end = after === undefined ? numberOf(before.largest) + 5 : numberOf(after.smallest) - 1
  const start = old.length === 0 ? numberOf(before.largest) + 1 : numberOf(old[0]!.smallest)
  if (start > end) return run
  const added = { ...SAMPLE!, id, smallest: keyBytes(start), largest: keyBytes(end) }
  return editRun(run, old, [{ ...added, rawKeyBytes: 0, rawValueBytes: 2 }])
}

function numberOf(key: Uint8Array): number {
  return key.subarray(0, 4).reduce((number, byte) => number * 256 + byte, 0)
}

/** The definition: it compares every pair of tables. */
function naiveIndex(run: Run, next: Run | undefined, start: number, perTombstone = 0): number {
  const tables = [...tablesOf(run)]
  const below = next === undefined ? [] : [...tablesOf(next)]
  const ratios = tables.map((table) => {
    const met = below.filter((other) => {
      const starts = compareBytes(other.smallest, table.largest) < 0
      return starts && compareBytes(table.smallest, other.largest) <= 0
    })
    const bytes = met.reduce((sum, other) => sum + rawBytes(other), 0)
    const surplus = Math.max(0, 2 * table.tombstones - table.entries)
    return Math.floor((bytes * 1024) / (rawBytes(table) + surplus * perTombstone))
  })
  const inTurn = tables.map((_, turn) => (start + turn) % tables.length)
  return inTurn.reduce((best, at) => (ratios[at]! < ratios[best]! ? at : best))
}

const shapes = (count: { readonly minLength: number; readonly maxLength: number }) =>
  fc.array(
    fc.tuple(
      fc.integer({ min: 1, max: 9 }),
      fc.nat(9),
      // Powers of two, so that equal ratios are common and exact.
      fc.constantFrom(1, 2, 4),
    ),
    { ...count, size: 'max' },
  )

test('finds what looking at every pair finds, across chunks and after edits', () => {
  const edits = fc.array(fc.record({ at: fc.nat(), count: fc.integer({ min: 0, max: 20 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(
      shapes({ minLength: 1, maxLength: 400 }),
      shapes({ minLength: 1, maxLength: 700 }),
      fc.nat(),
      edits,
      (above, below, startAt, script) => {
        let run = runOf(1, tablesFrom(1, 0, above))
        let next = runOf(2, tablesFrom(10_000, 5, below))
        const check = (perTombstone: number) => {
          const start = startAt % run.totals.tables
          const found = leastOverlapIndex(run, next, start, perTombstone)
          expect(found).toBe(naiveIndex(run, next, start, perTombstone))
          expect(leastOverlapIndex(run, undefined, start, perTombstone)).toBe(start)
        }
        check(0)
        // What was remembered of the chunks must not outlive a change of either run, nor one of the
        // size of a tombstone.
        for (const [turn, { at, count }] of script.entries()) {
          if (turn % 2 === 0) run = rewritten(run, at, count, 100_000 * (turn + 1))
          else next = rewritten(next, at, count, 100_000 * (turn + 1))
          check(turn % 3 === 0 ? 3 : 0)
        }
      },
    ),
    // Shrinking hundreds of tables takes minutes; the seed says as much.
    { numRuns: 60, endOnFailure: true },
  )
})

test('a table that joins at the end of a chunk counts what it overlaps', () => {
  const [first, second, joining] = tablesFrom(1, 0, [[2], [2], [2]])
  const next = runOf(2, tablesFrom(10, 0, [[2], [2], [2, 0, 9]]))
  const run = runOf(1, [first!, second!])
  expect(leastOverlapIndex(run, next, 0)).toBe(0)
  expect(leastOverlapIndex(editRun(run, [], [joining!]), next, 2)).toBe(0)
})

test('a table that shares only the largest key is not counted', () => {
  const run = runOf(1, tablesFrom(1, 0, [[3, 2], [3]]))
  const touching = tablesFrom(10, 2, [[1, 3], [1]])
  const entering = tablesFrom(10, 1, [[2, 3], [1]])
  expect(leastOverlap()(run, runOf(2, touching), 1)).toBe(0)
  expect(leastOverlap()(run, runOf(2, entering), 1)).toBe(1)
})

test('ratios that differ by less than a 1024th are equal', () => {
  const above = (bytes: number) =>
    runOf(
      1,
      tablesFrom(1, 0, [
        [3, 2, 1024],
        [3, 0, bytes],
      ]),
    )
  const next = runOf(
    2,
    tablesFrom(10, 0, [
      [3, 2, 1024],
      [3, 0, 1024],
    ]),
  )
  expect(leastOverlap()(above(1024), next, 1)).toBe(1)
  expect(leastOverlap()(above(1023), next, 1)).toBe(0)
  expect(leastOverlap()(above(2048), next, 0)).toBe(1)
})
