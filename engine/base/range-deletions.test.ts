import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from './compare.ts'
import { ENTRY_KIND } from './internal-key.ts'
import { Lookup } from './lookup.ts'
import { NOT_DELETED, type RangeDeletion, RangeDeletions } from './range-deletions.ts'

/** Keys that are prefixes of each other, besides others. */
const key = fc
  .uint8Array({ minLength: 0, maxLength: 3, max: 3 })
  .map((bytes) => new Uint8Array(bytes))

const deletion: fc.Arbitrary<RangeDeletion> = fc
  .tuple(key, key, fc.nat(20))
  .filter(([a, b]) => compareBytes(a, b) !== 0)
  .map(([a, b, seq]) =>
    compareBytes(a, b) < 0 ? { from: a, to: b, seq } : { from: b, to: a, seq },
  )

function built(deletions: readonly RangeDeletion[]): RangeDeletions {
  const set = new RangeDeletions()
  for (const one of deletions) set.add(one)
  return set
}

function newestByOracle(
  deletions: readonly RangeDeletion[],
  wanted: Uint8Array,
  snapshot: number,
): number {
  let newest = NOT_DELETED
  for (const { from, to, seq } of deletions) {
    const covers = compareBytes(from, wanted) <= 0 && compareBytes(wanted, to) < 0
    if (covers && seq <= snapshot && seq > newest) newest = seq
  }
  return newest
}

test('answers as a list of all deletions does', () => {
  fc.assert(
    fc.property(fc.array(deletion, { maxLength: 12 }), key, fc.nat(21), (deletions, k, at) => {
      const padded = Uint8Array.of(9, ...k, 9)
      const actual = built(deletions).newestFor(padded, 1, k.length, at)
      expect(actual).toBe(newestByOracle(deletions, k, at))
    }),
    { numRuns: 3000 },
  )
})

test('keeps fragments disjoint, ascending and not empty, with descending numbers', () => {
  fc.assert(
    fc.property(fc.array(deletion, { maxLength: 12 }), (deletions) => {
      const { fragments } = built(deletions)
      fragments.forEach(({ from, to, seqs }, at) => {
        expect(compareBytes(from, to)).toBeLessThan(0)
        const before = fragments[at - 1]
        if (before !== undefined) expect(compareBytes(before.to, from)).toBeLessThanOrEqual(0)
        expect(seqs.length).toBeGreaterThan(0)
        expect([...new Set(seqs)].sort((a, b) => b - a)).toEqual(seqs)
      })
    }),
  )
})

test('gives the same fragments whatever the order of the additions', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...Array(8).keys()], { minLength: 8 }), (order) => {
      const all = order.map((n) => ({
        from: Uint8Array.of(n),
        to: Uint8Array.of(n + 1 + (n % 3)),
        seq: n,
      }))
      const sorted = all.toSorted((a, b) => a.seq - b.seq)
      expect(built(all).fragments).toEqual(built(sorted).fragments)
      const joined = new RangeDeletions()
      joined.addAll(built(all.slice(4)))
      joined.addAll(built(all.slice(0, 4)))
      expect(joined.fragments).toEqual(built(sorted).fragments)
    }),
  )
})

test('a lookup keeps a newer version, and becomes a deletion otherwise', () => {
  const set = built([{ from: Uint8Array.of(2), to: Uint8Array.of(5), seq: 7 }])
  const lookup = new Lookup()
  const answer = (n: number, found: number | null, snapshot = 100) => {
    if (found !== null) lookup.set(found, ENTRY_KIND.value, Uint8Array.of(1), 0, 1)
    const isAnswer = set.answer(Uint8Array.of(n), snapshot, lookup, found !== null)
    return isAnswer ? [lookup.kind, lookup.seq] : null
  }
  expect(answer(3, 8)).toEqual([ENTRY_KIND.value, 8])
  expect(answer(3, 6)).toEqual([ENTRY_KIND.deletion, 7])
  expect(answer(3, 6, 6)).toEqual([ENTRY_KIND.value, 6])
  expect(answer(4, null)).toEqual([ENTRY_KIND.deletion, 7])
  expect(answer(5, null)).toBeNull()
  expect(answer(1, 3)).toEqual([ENTRY_KIND.value, 3])
})
