import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { RangeDeletions } from '../base/range-deletions.ts'
import { ArrayCursor, type Entry, entryOf } from '../testing/oracles/array-cursor.ts'
import { runOf } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import { MergingCursor } from './merging-cursor.ts'
import { MemTableDeletions, RunDeletions, type SourceDeletions } from './source-deletions.ts'
import { UndeletedCursor } from './undeleted-cursor.ts'

const KEYS = 40
const keyOf = (n: number) => Uint8Array.of(n)

/** A write of a key, or of a range up to `to`. */
interface Write {
  readonly n: number
  readonly to: number | null
}

const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ n: fc.nat(KEYS), to: fc.constant(null) }) },
  {
    weight: 1,
    arbitrary: fc
      .record({ n: fc.nat(KEYS), width: fc.integer({ min: 1, max: KEYS }) })
      .map(({ n, width }) => ({ n, to: n + width })),
  },
)
/** The sources, oldest first; writes of a later one are newer. */
const sources = fc.array(fc.array(write, { maxLength: 40 }), { minLength: 1, maxLength: 4 })

interface Content {
  readonly entries: readonly Entry[]
  readonly deletions: RangeDeletions
}

function contentsOf(writes: readonly (readonly Write[])[]): readonly Content[] {
  let seq = 0
  return writes.map((source) => {
    const entries: Entry[] = []
    const deletions = new RangeDeletions()
    for (const { n, to } of source) {
      seq++
      if (to !== null) deletions.add({ from: keyOf(n), to: keyOf(to), seq })
      else entries.push({ key: keyOf(n), seq, kind: ENTRY_KIND.value, value: keyOf(seq % 256) })
    }
    return { entries, deletions }
  })
}

/** The deletions as those of a memtable, or of a run whose tables they are cut into. */
function sourceOf({ deletions }: Content, cuts: readonly number[] | null): SourceDeletions {
  if (cuts === null) return new MemTableDeletions(deletions)
  const borders = [0, ...new Set(cuts.toSorted((a, b) => a - b)), 2 * KEYS + 2]
  const parts = borders.slice(1).map((end, at) => partOf(deletions, borders[at]!, end))
  const tables = parts.map(
    (part, at) =>
      ({
        id: at,
        smallest: keyOf(borders[at]!),
        largest: keyOf(borders[at + 1]!),
        isOpen: true,
        rangeDeletions: part.fragments.length,
      }) as TableMeta,
  )
  return new RunDeletions(runOf(1, tables), ({ id }) => parts[id]!)
}

function partOf(deletions: RangeDeletions, start: number, end: number): RangeDeletions {
  const part = new RangeDeletions()
  for (const { from, to, seqs } of deletions.fragments) {
    const low = Math.max(from[0]!, start)
    const high = Math.min(to[0]!, end)
    if (low < high) for (const seq of seqs) part.add({ from: keyOf(low), to: keyOf(high), seq })
  }
  return part
}

function visible(contents: readonly Content[], snapshot: number): Entry[] {
  const all = contents.map(({ deletions }) => deletions)
  return contents
    .flatMap(({ entries }) => entries)
    .filter(({ key, seq }) => {
      const newest = Math.max(...all.map((one) => one.newestFor(key, 0, key.length, snapshot)))
      return seq > snapshot || newest < seq
    })
    .sort((a, b) => compareBytes(a.key, b.key) || b.seq - a.seq)
}

const cutLists = fc.array(
  fc.option(fc.array(fc.integer({ min: 1, max: 2 * KEYS }), { maxLength: 5 }), { freq: 2 }),
  { minLength: 4, maxLength: 4 },
)

test('shows what a filtered list shows, in both directions and from any key', () => {
  fc.assert(
    fc.property(
      sources,
      cutLists,
      fc.nat(200),
      fc.nat(KEYS),
      fc.string({ unit: fc.constantFrom('n', 'p'), maxLength: 12 }),
      (writes, cuts, snapshot, start, moves) => {
        const contents = contentsOf(writes).toReversed()
        const expected = visible(contents, snapshot)
        const children = contents.map(({ entries }) => new ArrayCursor(entries))
        const deletions = contents.map((content, at) =>
          content.deletions.isEmpty ? null : sourceOf(content, cuts[at]!),
        )
        const cursor = new UndeletedCursor(new MergingCursor(children), deletions, snapshot)
        const seen: (Entry | null)[] = []
        for (cursor.seekToFirst(); cursor.valid; cursor.next()) seen.push(entryOf(cursor))
        expect(seen).toEqual(expected)
        const backward: (Entry | null)[] = []
        for (cursor.seekToLast(); cursor.valid; cursor.prev()) backward.push(entryOf(cursor))
        expect(backward).toEqual(expected.toReversed())
        let at = expected.findIndex(({ key }) => key[0]! >= start)
        cursor.seek(keyOf(start), Number.MAX_SAFE_INTEGER)
        for (const move of moves) {
          expect(entryOf(cursor)).toEqual(expected[at] ?? null)
          if (!cursor.valid) return
          if (move === 'n') cursor.next()
          else cursor.prev()
          at += move === 'n' ? 1 : -1
        }
      },
    ),
    { numRuns: 500 },
  )
})

test.each(['forward', 'backward'])('keeps what was written after the deletion, %s', (direction) => {
  const entryAt = (n: number, seq: number): Entry => ({
    key: keyOf(n),
    seq,
    kind: ENTRY_KIND.value,
    value: keyOf(n),
  })
  const old = Array.from({ length: 100 }, (_, n) => entryAt(n, n + 1))
  const newer = [20, 50, 51, 80].map((n) => entryAt(n, 2000 + n))
  const deletions = new RangeDeletions()
  deletions.add({ from: keyOf(0), to: keyOf(100), seq: 1000 })
  const child = new MergingCursor([new ArrayCursor([...old, ...newer])])
  const cursor = new UndeletedCursor(child, [new MemTableDeletions(deletions)], 5000)
  const seen: number[] = []
  if (direction === 'forward') {
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) seen.push(cursor.seq)
  } else {
    for (cursor.seekToLast(); cursor.valid; cursor.prev()) seen.unshift(cursor.seq)
  }
  expect(seen).toEqual(newer.map(({ seq }) => seq))
})

/** Counts the moves of a cursor. */
class CountingCursor extends ArrayCursor {
  moves = 0

  override next(): void {
    this.moves++
    super.next()
  }

  override prev(): void {
    this.moves++
    super.prev()
  }
}

test.each(['forward', 'backward'])('jumps over a deleted range, %s', (direction) => {
  const entries = Array.from({ length: 200 }, (_, n) => ({
    key: keyOf(n),
    seq: n + 1,
    kind: ENTRY_KIND.value,
    value: keyOf(0),
  }))
  const deletions = new RangeDeletions()
  deletions.add({ from: keyOf(5), to: keyOf(190), seq: 1000 })
  const older = new CountingCursor(entries)
  const child = new MergingCursor([new ArrayCursor([]), older])
  const sourcesNewestFirst = [new MemTableDeletions(deletions), null]
  const cursor = new UndeletedCursor(child, sourcesNewestFirst, 2000)
  const seen: number[] = []
  if (direction === 'forward') {
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) seen.push(cursor.seq - 1)
  } else {
    for (cursor.seekToLast(); cursor.valid; cursor.prev()) seen.unshift(cursor.seq - 1)
  }
  expect(seen).toEqual([...Array(5).keys(), ...Array.from({ length: 10 }, (_, n) => 190 + n)])
  expect(older.moves).toBeLessThan(40)
})
