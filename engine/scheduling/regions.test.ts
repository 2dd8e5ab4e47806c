import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { overlaps } from '../version/key-range.ts'
import { meetingPair, type Region } from './regions.ts'

const key = fc.uint8Array({ maxLength: 2, max: 5 })
const position = fc.oneof(
  fc.nat(12).map((half) => half / 2),
  fc.constant(Number.POSITIVE_INFINITY),
)
const region: fc.Arbitrary<Region> = fc
  .record({ keys: fc.tuple(key, key), positions: fc.tuple(position, position) })
  .map(({ keys: [a, b], positions: [c, d] }) => {
    const [smallest, largest] = compareBytes(a, b) <= 0 ? [a, b] : [b, a]
    return { smallest, largest, newest: Math.min(c, d), oldest: Math.max(c, d) }
  })
const regions = fc.array(region, { maxLength: 12, size: 'max' })

/** Compares each region with each other one. */
function firstPair(wanted: readonly Region[], taken: readonly Region[]) {
  for (const own of wanted) {
    const other = taken.find(
      (known) => overlaps(known, own) && known.newest <= own.oldest && own.newest <= known.oldest,
    )
    if (other !== undefined) return [own, other]
  }
  return null
}

test('the regions that meet are those that comparing each with each finds', () => {
  let met = 0
  fc.assert(
    fc.property(regions, regions, (wanted, taken) => {
      const expected = firstPair(wanted, taken)
      const found = meetingPair(wanted, taken)
      expect(found === null).toBe(expected === null)
      // The same objects, not only equal ones.
      expect(found?.[0] === expected?.[0] && found?.[1] === expected?.[1]).toBe(true)
      if (found !== null) met++
    }),
    { numRuns: 500 },
  )
  expect(met).toBeGreaterThan(50)
  expect(met).toBeLessThan(450)
})

/** Each `step` keys long, one behind the other. */
function ranks(count: number, positions: Pick<Region, 'newest' | 'oldest'>): readonly Region[] {
  const bytesOf = (n: number) => Uint8Array.of(n >>> 16, n >>> 8, n)
  return Array.from({ length: count }, (_, at) => ({
    smallest: bytesOf(2 * at),
    largest: bytesOf(2 * at + 1),
    ...positions,
  }))
}

test('a region is compared only with those that its keys reach', () => {
  const count = 10_000
  let compared = 0
  const counted = ranks(count, { newest: 5, oldest: 6 }).map((region) =>
    Object.defineProperty({ ...region }, 'oldest', {
      get() {
        compared++
        return region.oldest
      },
    }),
  )
  expect(meetingPair(ranks(count, { newest: 7, oldest: 8 }), counted)).toBeNull()
  expect(compared).toBe(count)
})
