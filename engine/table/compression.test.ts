import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { createRandom } from '../base/random.ts'
import { COMPRESSION_TYPE, compressBlock, compressWhole, decompressBlock } from './compression.ts'

/**
 * Short sequences repeated at various distances: literals, short matches and overlapping matches.
 */
const compressible = fc
  .array(
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 60 })),
    { minLength: 1, maxLength: 40 },
  )
  .map((runs) =>
    Uint8Array.from(
      runs.flatMap(([unit, times]) =>
        Array(times)
          .fill([...unit])
          .flat(),
      ),
    ),
  )

const random = createRandom(5)
const noise = Uint8Array.from({ length: 4096 }, () => random.nextBelow(256))

describe.each(['lz4', 'zstd'] as const)('%s', (compression) => {
  const type = COMPRESSION_TYPE[compression]

  test('returns the block', () => {
    fc.assert(
      fc.property(compressible, fc.nat(9), (raw, margin) => {
        const payload = compressBlock(compression, raw)
        fc.pre(payload !== null)
        const stored = new Uint8Array(payload!.length + 2 * margin)
        stored.set(payload!, margin)
        expect(decompressBlock(type, stored, margin, margin + payload!.length)).toEqual(raw)
      }),
    )
  })

  test('decompresses a block that was compressed without a minimum saving', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000, size: 'max' }), (raw) => {
        const payload = compressWhole(compression, raw)
        expect(decompressBlock(type, payload, 0, payload.length)).toEqual(raw)
      }),
    )
  })

  test('stores a block uncompressed if compression saves less than an eighth', () => {
    const block = (zeros: number) => Uint8Array.from(noise, (byte, at) => (at < zeros ? 0 : byte))
    const stored = [0, 256, 512, 1024].map((zeros) => compressBlock(compression, block(zeros)))
    expect(stored.map((payload) => payload !== null)).toEqual([false, false, false, true])
    for (const payload of stored) if (payload) expect(payload.length).toBeLessThan(4096 - 512)
  })

  test('refuses damaged blocks, and never writes past the size that the block claims', () => {
    const raw = new Uint8Array(3000).map((_, index) => index % 97)
    const payload = compressBlock(compression, raw)!
    const spoil = fc.record({ at: fc.nat(payload.length - 1), byte: fc.nat(255), cut: fc.nat(20) })
    fc.assert(
      fc.property(spoil, ({ at, byte, cut }) => {
        const damaged = payload.with(at, byte)
        const block = decompressBlock(type, damaged, 0, damaged.length - cut)
        if (block !== null) expect(block.length).toBeLessThan(2 ** 21)
      }),
      { numRuns: 2000 },
    )
  })

  test('refuses absurd sizes before it allocates', () => {
    const claims = [
      [0xff, 0xff, 0xff, 0xff, 0x0f],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      [0],
      [0x80],
    ]
    for (const claim of claims) {
      const payload = Uint8Array.from([
        ...claim,
        ...compressBlock(compression, new Uint8Array(4096))!,
      ])
      expect(decompressBlock(type, payload, 0, payload.length)).toBeNull()
    }
    expect(decompressBlock(type, new Uint8Array(0), 0, 0)).toBeNull()
  })
})

describe('an LZ4 block', () => {
  const decode = (rawBytes: number, ...block: readonly number[]) =>
    decompressBlock(COMPRESSION_TYPE.lz4, Uint8Array.of(rawBytes, ...block), 0, block.length + 1)

  test('consists of literals and matches, and ends with literals', () => {
    expect(decode(3, 0x30, 1, 2, 3)).toEqual(Uint8Array.of(1, 2, 3))
    // Two literals, then 6 bytes from 2 back, which overlap the bytes being written, then one
    // literal.
    expect(decode(9, 0x22, 1, 2, 2, 0, 0x10, 9)).toEqual(Uint8Array.of(1, 2, 1, 2, 1, 2, 1, 2, 9))
    // Lengths of 15 continue in further bytes.
    const long = decode(46, 0x1f, 7, 1, 0, 25, 0x10, 8)
    expect(long).toEqual(Uint8Array.from({ length: 46 }, (_, at) => (at < 45 ? 7 : 8)))
  })

  test.each([
    ['literals beyond its end', 3, [0x40, 1, 2, 3]],
    ['literals beyond the raw block', 2, [0x30, 1, 2, 3]],
    ['a match with distance 0', 9, [0x22, 1, 2, 0, 0, 0x10, 9]],
    ['a match that starts before the block', 9, [0x22, 1, 2, 3, 0, 0x10, 9]],
    ['a match beyond the raw block', 7, [0x22, 1, 2, 2, 0, 0x10, 9]],
    ['half of a distance field', 9, [0x22, 1, 2, 2]],
    ['an endless literal count', 9, [0xf0, 255]],
    ['an endless match length', 9, [0x1f, 7, 1, 0, 255]],
    ['no last literals', 8, [0x22, 1, 2, 2, 0]],
    ['fewer bytes than claimed', 10, [0x22, 1, 2, 2, 0, 0x10, 9]],
  ])('with %s is refused', (_, rawBytes, block) => {
    expect(decode(rawBytes, ...block)).toBeNull()
  })

  test('cannot claim more bytes than its length can produce', () => {
    const asked: number[] = []
    vi.stubGlobal(
      'Uint8Array',
      new Proxy(Uint8Array, {
        construct(target, [length]) {
          asked.push(length)
          return new target(length)
        },
      }),
    )
    expect(decode(0xff, 0xff, 0x7f, 0x30, 1, 2, 3)).toBeNull()
    vi.unstubAllGlobals()
    expect(Math.max(...asked)).toBeLessThan(100)
  })
})
