import fc from 'fast-check'
import { compressSync } from 'lz4-napi'
import { describe, expect, test } from 'vitest'
import { Payload } from './payload.ts'

/** The ratio that LZ4 achieves over blocks of `blockBytes` of consecutive values, as in tables. */
function achieved(ratio: number, valueBytes: number, blockBytes: number): number {
  const payload = new Payload(ratio)
  let raw = 0
  let compressed = 0
  for (let block = 0; block < 20; block++) {
    const values: Uint8Array[] = []
    for (let bytes = 0; bytes < blockBytes; bytes += valueBytes) {
      values.push(payload.make(block, bytes, valueBytes).slice())
    }
    const whole = Buffer.concat(values)
    raw += whole.length
    // lz4-napi writes the size before the block; these 4 bytes do not count.
    compressed += compressSync(whole).length - 4
  }
  return compressed / raw
}

describe('values compress to their target', () => {
  test.each([0, 0.25, 0.5, 0.75, 1])('%d of 1,000 bytes', (ratio) => {
    const reached = achieved(ratio, 1000, 4096)
    expect(Math.abs(reached - ratio)).toBeLessThan(0.03)
  })

  test.each([50, 100, 400, 5000, 100_000])('half of %i bytes', (bytes) => {
    expect(Math.abs(achieved(0.5, bytes, 32_768) - 0.5)).toBeLessThan(0.06)
  })
})

test('bytes depend only on seed and length, not on earlier values', () => {
  const seeds = fc.integer()
  const lengths = fc.nat({ max: 9000 })
  fc.assert(
    fc.property(seeds, seeds, lengths, lengths, (high, low, length, other) => {
      const fresh = new Payload(0.5).make(high, low, length).slice()
      const used = new Payload(0.5)
      used.make(low, high, other)
      expect(fresh).toHaveLength(length)
      expect(used.make(high, low, length)).toEqual(fresh)
    }),
  )
})

test('neighbouring seeds give unrelated bytes', () => {
  const payload = new Payload(1)
  const values = Array.from({ length: 50 }, (_, low) => payload.make(7, low, 64).slice())
  let equal = 0
  for (const [at, value] of values.entries()) {
    for (const other of values.slice(at + 1)) {
      equal += value.filter((byte, i) => byte === other[i]).length
    }
  }
  // Of 78,400 pairs of bytes, 1 in 256 is equal by chance: 306 ± 17.
  expect(equal).toBeGreaterThan(220)
  expect(equal).toBeLessThan(400)
})
