import fc from 'fast-check'
import { uncompressSync } from 'lz4-napi'
import { describe, expect, test } from 'vitest'
import { lz4Encode } from './lz4-encode.ts'

/** Short sequences repeated at various distances: literals, short, long and overlapping matches. */
const blocks = fc
  .array(
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 60 })),
    { maxLength: 40 },
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

/** Decodes with the reference implementation, which needs the raw size before the block. */
function decode(encoded: Uint8Array, rawBytes: number): Uint8Array {
  const prefixed = Buffer.alloc(4 + encoded.length)
  prefixed.writeUInt32LE(rawBytes)
  prefixed.set(encoded, 4)
  return Uint8Array.from(uncompressSync(prefixed))
}

function encode(raw: Uint8Array, targetBytes = raw.length * 2 + 64): Uint8Array | null {
  const target = new Uint8Array(targetBytes)
  const end = lz4Encode(raw, raw.length, target, 0)
  return end < 0 ? null : target.subarray(0, end)
}

describe('the reference decoder returns the block', () => {
  test('for any content', () => {
    fc.assert(
      fc.property(blocks, (raw) => {
        expect(decode(encode(raw)!, raw.length)).toEqual(raw)
      }),
      { numRuns: 500 },
    )
  })

  test.each([0, 1, 11, 12, 13, 14, 18, 19, 20, 273, 274, 275, 529, 65_540, 200_000])(
    'for %i equal bytes, and for as many literals',
    (bytes) => {
      const equal = new Uint8Array(bytes).fill(7)
      expect(decode(encode(equal)!, bytes)).toEqual(equal)
      const literals = Uint8Array.from({ length: bytes }, (_, at) => (Math.imul(at, at) >> 5) & 255)
      expect(decode(encode(literals)!, bytes)).toEqual(literals)
    },
  )

  test('for a repetition just within, at and beyond the largest offset', () => {
    for (const distance of [65_534, 65_535, 65_536, 65_537]) {
      const raw = new Uint8Array(distance + 200)
      for (let at = 0; at < raw.length; at++) raw[at] = Math.imul(at + 1, 0x9e3779b1) >>> 24
      raw.copyWithin(distance, 0, 200)
      expect(decode(encode(raw)!, raw.length)).toEqual(raw)
    }
  })
})

/**
 * The same search, written for reading: at each position the last place with the same hash of four
 * bytes is a match if it holds these bytes.
 */
function matchesOf(raw: Uint8Array): readonly (readonly [at: number, offset: number])[] {
  const word = (at: number) => {
    return raw[at]! | (raw[at + 1]! << 8) | (raw[at + 2]! << 16) | (raw[at + 3]! << 24)
  }
  const lastSeen = new Map<number, number>()
  const matches: [number, number][] = []
  let at = 0
  let misses = 0
  while (at <= raw.length - 12) {
    const hash = Math.imul(word(at), 0x9e3779b1) >>> 20
    const candidate = lastSeen.get(hash)
    lastSeen.set(hash, at)
    if (candidate === undefined || at - candidate > 0xffff || word(candidate) !== word(at)) {
      at += 1 + (misses++ >>> 6)
      continue
    }
    matches.push([at, at - candidate])
    const from = at
    at += 4
    while (at < raw.length - 5 && raw[at] === raw[at - (from - candidate)]) at++
    misses = 0
  }
  return matches
}

/** The matches of an encoded block: where each begins in the raw block, and its offset. */
function matchesIn(encoded: Uint8Array): readonly (readonly [at: number, offset: number])[] {
  const matches: [number, number][] = []
  let from = 0
  let at = 0
  const lengthAfter = (nibble: number) => {
    let length = nibble
    if (nibble === 15) {
      do length += encoded[from]!
      while (encoded[from++] === 255)
    }
    return length
  }
  while (from < encoded.length) {
    const token = encoded[from++]!
    const literals = lengthAfter(token >> 4)
    at += literals
    from += literals
    if (from >= encoded.length) break
    const offset = encoded[from]! | (encoded[from + 1]! << 8)
    from += 2
    matches.push([at, offset])
    at += 4 + lengthAfter(token & 15)
  }
  return matches
}

describe('the matches are those of the plain search, so that files stay the same', () => {
  test('for any content, at any place in memory', () => {
    fc.assert(
      fc.property(blocks, fc.nat(9), (raw, before) => {
        const memory = new Uint8Array(before + raw.length + 3).fill(raw[0] ?? 0)
        memory.set(raw, before)
        const source = memory.subarray(before, before + raw.length)
        expect(matchesIn(encode(source)!)).toEqual(matchesOf(raw))
      }),
      { numRuns: 500 },
    )
  })

  test('for a block that returns to its first bytes, within the largest offset or beyond', () => {
    for (const distance of [14, 4000, 65_535, 65_536]) {
      const raw = new Uint8Array(distance + 40)
      for (let at = 0; at < raw.length; at++) raw[at] = Math.imul(at + 1, 0x9e3779b1) >>> 24
      raw.copyWithin(distance, 0, 20)
      expect(matchesIn(encode(raw)!)).toEqual(matchesOf(raw))
    }
  })
})

test('a block that does not fit is refused, and nothing is written beyond the target', () => {
  fc.assert(
    fc.property(blocks, fc.nat(400), (raw, bytes) => {
      const whole = encode(raw)!
      const target = new Uint8Array(bytes + 8).fill(0xee)
      const end = lz4Encode(raw, raw.length, target.subarray(0, bytes), 0)
      expect(target.subarray(bytes)).toEqual(new Uint8Array(8).fill(0xee))
      expect(end).toBe(whole.length <= bytes ? whole.length : -1)
    }),
    { numRuns: 500 },
  )
})
