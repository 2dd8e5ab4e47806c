import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { ArrayCursor, compareEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import {
  checkWalk,
  entriesArbitrary,
  hex,
  keyArbitrary,
  stepsArbitrary,
} from '../testing/oracles/cursor-walk.ts'
import type { DeletedRange } from './deleted-ranges.ts'
import { SortedEntries } from './sorted-entries.ts'
import { WriteSet } from './write-set.ts'
import { laidOver } from './written-cursor.ts'

const SNAPSHOT = SEQ_NUM_MAX - 1

const writesArbitrary = fc.array(
  fc.tuple(keyArbitrary, fc.option(fc.uint8Array({ maxLength: 8 }), { nil: null })),
  { maxLength: 30 },
)

/** The newest version of each key at the snapshot, without deletions. */
function seenOf(entries: readonly Entry[]): readonly Entry[] {
  const newest = new Map<string, Entry>()
  for (const entry of entries.toSorted(compareEntries)) {
    if (entry.seq <= SNAPSHOT && !newest.has(hex(entry.key))) newest.set(hex(entry.key), entry)
  }
  return [...newest.values()].filter(({ kind }) => kind !== ENTRY_KIND.deletion)
}

const rangesArbitrary = fc
  .array(fc.tuple(keyArbitrary, keyArbitrary), { maxLength: 4 })
  .map((pairs) =>
    pairs
      .map(([a, b]) => (compareBytes(a, b) < 0 ? { from: a, to: b } : { from: b, to: a }))
      .filter(({ from, to }) => compareBytes(from, to) < 0),
  )

const inputs = fc.record({
  entries: entriesArbitrary,
  ranges: rangesArbitrary,
  writes: writesArbitrary,
  steps: stepsArbitrary,
})

function isIn(ranges: readonly DeletedRange[], key: Uint8Array): boolean {
  return ranges.some(({ from, to }) => compareBytes(from, key) <= 0 && compareBytes(key, to) < 0)
}

test('own writes and what is seen are one sorted array under any walk', () => {
  fc.assert(
    fc.property(inputs, ({ entries, ranges, writes, steps }) => {
      const set = new WriteSet()
      for (const { from, to } of ranges) set.deleteRange(from, to)
      for (const [key, value] of writes) {
        if (value === null) set.delete(key)
        else set.put(key, value)
      }
      const written = new Map(writes.map(([key, value]) => [hex(key), { key, value }]))
      const own = Array.from(written.values(), ({ key, value }) => ({
        key,
        seq: SEQ_NUM_MAX,
        kind: value === null ? ENTRY_KIND.deletion : ENTRY_KIND.value,
        value: value ?? new Uint8Array(0),
      }))
      const cursor = laidOver(new ArrayCursor(entries), { seq: SNAPSHOT }, set)
      // Later writes do not show: the cursor has its moment.
      for (const { key } of entries) set.delete(key)
      checkWalk(cursor, [...own, ...seenOf(entries).filter(({ key }) => !isIn(ranges, key))], steps)
    }),
  )
})

test('sorted entries are a sorted map, in many chunks, and views keep their moment', () => {
  const operation = fc.tuple(fc.integer({ min: 0, max: 999 }), fc.boolean())
  const keyOf = (n: number) => Uint8Array.of(n >>> 8, n & 0xff)
  const numbers = (view: Iterable<{ readonly key: Uint8Array }>) =>
    Array.from(view, ({ key }) => (key[0]! << 8) | key[1]!)
  fc.assert(
    fc.property(
      fc.array(operation, { minLength: 1500, maxLength: 3000, size: 'max' }),
      fc.nat(1000),
      (operations, viewedAt) => {
        const entries = new SortedEntries<number>()
        const oracle = new Map<number, number>()
        let viewed = entries.view()
        let seen: readonly number[] = []
        for (const [index, [n, isSet]] of operations.entries()) {
          if (index === viewedAt) {
            viewed = entries.view()
            seen = [...oracle.keys()].sort((a, b) => a - b)
          }
          if (isSet || index < 1000) {
            entries.set({ key: keyOf(n), value: index })
            oracle.set(n, index)
          } else {
            entries.delete(keyOf(n))
            oracle.delete(n)
          }
          expect(entries.get(keyOf(n))?.value).toBe(oracle.get(n))
        }
        expect(entries.count).toBe(oracle.size)
        expect(numbers(entries)).toEqual([...oracle.keys()].sort((a, b) => a - b))
        expect(numbers(viewed.flatMap((chunk) => chunk.entries))).toEqual(seen)
      },
    ),
    { numRuns: 10 },
  )
})
