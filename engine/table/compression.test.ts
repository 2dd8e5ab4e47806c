import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../base/random.ts'
import { COMPRESSION_TYPE, compressBlock, decompressBlock } from './compression.ts'

/** Runs of a few bytes repeated at various distances: literals, short and overlapping matches. */
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

  test('gives back the block', () => {
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

  test('keeps a block as it is when less than an eighth is saved', () => {
    const block = (zeros: number) => Uint8Array.from(noise, (byte, at) => (at < zeros ? 0 : byte))
    const stored = [0, 256, 512, 1024].map((zeros) => compressBlock(compression, block(zeros)))
    expect(stored.map((payload) => payload !== null)).toEqual([false, false, false, true])
    for (const payload of stored) if (payload) expect(payload.length).toBeLessThan(4096 - 512)
  })

  test('refuses what is damaged, and never writes past the size the block claims', () => {
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
