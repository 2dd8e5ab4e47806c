import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { BloomFilter, FilterBuilder, falsePositiveRate, probeCount } from './filter.ts'

function filterOver(keys: Iterable<Uint8Array>, bitsPerKey: number): BloomFilter {
  const builder = new FilterBuilder(bitsPerKey)
  for (const key of keys) builder.add(key, 0, key.length)
  const payload = builder.finish()
  expect(builder.bytes).toBe(payload.length)
  return BloomFilter.decode(payload)!
}

const text = (value: string) => new TextEncoder().encode(value)

function* numbered(prefix: string, count: number): Iterable<Uint8Array> {
  for (let index = 0; index < count; index++) {
    yield text(`${prefix}${String(index).padStart(10, '0')}`)
  }
}

function* scrambled(seed: number, count: number): Iterable<Uint8Array> {
  const random = createRandom(seed)
  for (let index = 0; index < count; index++) {
    yield new Uint8Array(Uint32Array.from({ length: 4 }, random.nextU32).buffer)
  }
}

function* counted(from: number, count: number): Iterable<Uint8Array> {
  for (let index = from; index < from + count; index++) {
    yield Uint8Array.of(index >>> 24, index >>> 16, index >>> 8, index, 0, 0, 0, 0)
  }
}

test.each([1e-2, 1e-6, 1e-20, 1e-320])(
  'a filter of %d bits per key lets every key through',
  (bits) => {
    expect(falsePositiveRate(bits)).toBe(1)
    expect(probeCount(bits)).toBe(1)
  },
)

test('the curve reaches 1 without a step', () => {
  expect(falsePositiveRate(1 / 39.9)).toBeCloseTo(1, 9)
})

describe('the filter', () => {
  test('never denies a key that was added', () => {
    const keys = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 200 })
    const bits = fc.double({ min: 0.05, max: 30, noNaN: true })
    fc.assert(
      fc.property(keys, bits, (added, bitsPerKey) => {
        const filter = filterOver(added, bitsPerKey)
        for (const key of added) expect(filter.mayContain(key)).toBe(true)
      }),
    )
  })

  test('finds a key by its bytes, at any offset in any array', () => {
    const builder = new FilterBuilder(10)
    builder.add(text('..key..'), 2, 3)
    const filter = BloomFilter.decode(builder.finish())!
    expect(filter.mayContain(text('key'))).toBe(true)
    expect(filter.mayContain(text('..key..'))).toBe(false)
  })

  test.each([
    [1, 40_000, 20_000],
    [5, 40_000, 50_000],
    [10, 60_000, 200_000],
    [15, 60_000, 400_000],
  ])(
    'lets through the share that its curve predicts at %d bits per key',
    (bitsPerKey, added, asked) => {
      const expected = falsePositiveRate(bitsPerKey) * asked
      // Four standard deviations of the count, and 2 % for the random variation of the filter
      // itself.
      const tolerance = 4 * Math.sqrt(expected) + 0.02 * expected
      for (const [keys, strangers] of [
        [numbered('user', added), numbered('miss', asked)],
        [scrambled(1, added), scrambled(2, asked)],
        [counted(0, added), counted(1 << 24, asked)],
      ] as const) {
        const filter = filterOver(keys, bitsPerKey)
        let passed = 0
        for (const key of strangers) if (filter.mayContain(key)) passed++
        expect(Math.abs(passed - expected)).toBeLessThan(tolerance)
      }
    },
  )

  test('is refused if its tail does not name a filter', () => {
    const builder = new FilterBuilder(10)
    builder.add(text('key'), 0, 3)
    const payload = builder.finish()
    const withByte = (at: number, value: number) => BloomFilter.decode(payload.with(at, value))
    expect(BloomFilter.decode(payload)).not.toBeNull()
    expect(withByte(payload.length - 1, 2)).toBeNull()
    expect(withByte(payload.length - 2, 0)).toBeNull()
    expect(withByte(payload.length - 2, 31)).toBeNull()
    expect(BloomFilter.decode(payload.subarray(1))).toBeNull()
    expect(BloomFilter.decode(new Uint8Array(0))).toBeNull()
  })
})

describe('the false-positive curve', () => {
  test('falls from 1 as bits grow, and lies above the classic bloom filter', () => {
    expect(falsePositiveRate(0)).toBe(1)
    let before = 1
    for (let bits = 0.1; bits < 30; bits += 0.1) {
      const rate = falsePositiveRate(bits)
      expect(rate).toBeLessThan(before)
      expect(rate).toBeGreaterThan(Math.exp(-bits * Math.LN2 ** 2))
      before = rate
    }
  })

  test('costs 18 % over the classic curve at 10 bits, with 6 probes', () => {
    expect(falsePositiveRate(10) / Math.exp(-10 * Math.LN2 ** 2)).toBeCloseTo(1.18, 3)
    expect(probeCount(10)).toBe(6)
  })
})
