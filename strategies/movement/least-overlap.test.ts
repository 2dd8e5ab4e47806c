import fc from 'fast-check'
import { expect, test } from 'vitest'
import { overlaps } from '../../engine/version/key-range.ts'
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
    return { ...SAMPLE!, id: id + at, smallest, largest, rawKeyBytes: 0, rawValueBytes: bytes }
  })
}

/** The definition, by looking at every pair. */
function naiveIndex(run: Run, next: Run | undefined, start: number): number {
  const tables = [...tablesOf(run)]
  const below = next === undefined ? [] : [...tablesOf(next)]
  const ratios = tables.map((table) => {
    const met = below.filter((other) => overlaps(table, other))
    return met.reduce((sum, other) => sum + rawBytes(other), 0) / rawBytes(table)
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
  fc.assert(
    fc.property(
      shapes({ minLength: 1, maxLength: 400 }),
      shapes({ minLength: 0, maxLength: 700 }),
      fc.nat(),
      fc.nat(),
      (above, below, startAt, removedAt) => {
        const tables = tablesFrom(1, 0, above)
        const next = tablesFrom(1000, 5, below)
        const start = startAt % tables.length
        const run = runOf(1, tables)
        const nextRun = runOf(2, next)
        const expected = naiveIndex(run, nextRun, start)
        expect(leastOverlapIndex(run, nextRun, start)).toBe(expected)
        expect(leastOverlapIndex(run, undefined, start)).toBe(naiveIndex(run, undefined, start))

        // What was remembered of the chunks must not outlive a change in the next run.
        if (next.length < 2) return
        const fewer = editRun(nextRun, [next[removedAt % next.length]!], [])
        expect(leastOverlapIndex(run, fewer, start)).toBe(naiveIndex(run, fewer, start))
        if (tables.length < 2) return
        const shorter = editRun(run, [tables[expected]!], [])
        const from = start % shorter.totals.tables
        expect(leastOverlapIndex(shorter, fewer, from)).toBe(naiveIndex(shorter, fewer, from))
      },
    ),
    { numRuns: 60 },
  )
})
