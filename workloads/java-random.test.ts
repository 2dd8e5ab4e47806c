import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JavaRandom, printableDraws } from './java-random.ts'
import { REFERENCE_SEED, sha256Of } from './testing/reference.ts'
import { U64 } from './u64.ts'

const seeds = fc.maxSafeInteger()

function nextLong(random: JavaRandom): bigint {
  const slot = new U64()
  random.nextLong(slot)
  return BigInt.asIntN(64, (BigInt(slot.high >>> 0) << 32n) | BigInt(slot.low >>> 0))
}

const position = (random: JavaRandom) => [random.seedHigh, random.seedLow]

describe('the random numbers of a JDK 17 thread', () => {
  test('20 doubles, 20 longs and 20 ints after seed 42 are the JDK’s', () => {
    const random = new JavaRandom(REFERENCE_SEED)
    const values: unknown[] = []
    for (let i = 0; i < 20; i++) values.push(random.nextDouble())
    for (let i = 0; i < 20; i++) values.push(nextLong(random))
    for (let i = 0; i < 20; i++) values.push(random.nextInt())
    expect(values.slice(0, 2)).toEqual([0.8788322387643317, 0.5818328666040942])
    expect(values.slice(20, 22)).toEqual([-87120279829924694n, -261716266701001898n])
    expect(values.slice(40, 42)).toEqual([2085712200, -1168680396])
    expect(sha256Of(values.map((value) => `${value}\n`))).toBe(
      'ef9ea4f935d62f1498707120f0478be1300b2ae8e3945834b8763e4eded224dd',
    )
  })

  test('skipping n draws equals drawing n times', () => {
    fc.assert(
      fc.property(seeds, fc.nat({ max: 500 }), (seed, draws) => {
        const drawn = new JavaRandom(seed)
        for (let i = 0; i < draws; i++) drawn.nextInt()
        const skipped = new JavaRandom(seed)
        skipped.skip(draws)
        expect(position(skipped)).toEqual(position(drawn))
      }),
    )
  })

  test('skips add up over any distance', () => {
    const far = fc.nat({ max: 2 ** 30 - 1 })
    fc.assert(
      fc.property(seeds, far, far, (seed, first, second) => {
        const twice = new JavaRandom(seed)
        twice.skip(first)
        twice.skip(second)
        const once = new JavaRandom(seed)
        once.skip(first + second)
        expect(position(once)).toEqual(position(twice))
      }),
    )
  })

  test('printable bytes are cut from ints as in YCSB, within their range', () => {
    fc.assert(
      fc.property(seeds, fc.nat({ max: 40 }), fc.nat({ max: 5 }), (seed, bytes, start) => {
        const target = new Uint8Array(64)
        const random = new JavaRandom(seed)
        random.fillPrintable(target, start, start + bytes)

        const ints = new JavaRandom(seed)
        const expected = new Uint8Array(64)
        for (let at = 0; at < bytes; at += 6) {
          const b = ints.nextInt()
          const six = [b & 31, (b >> 5) & 63, (b >> 10) & 95, (b >> 15) & 31]
          six.push((b >> 20) & 63, (b >> 25) & 95)
          for (let i = 0; i < 6 && at + i < bytes; i++) expected[start + at + i] = six[i]! + 32
        }
        expect(target).toEqual(expected)
        expect(position(random)).toEqual(position(ints))

        const skipped = new JavaRandom(seed)
        skipped.skip(printableDraws(bytes))
        expect(position(skipped)).toEqual(position(random))
      }),
    )
  })
})
