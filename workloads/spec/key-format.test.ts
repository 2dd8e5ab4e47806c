import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyFormat } from './key-format.ts'
import { type WorkloadSpecInput, workloadSpecSchema } from './spec-schema.ts'

type Keys = NonNullable<WorkloadSpecInput['keys']>

function format(keys: Keys, numbers = 1000): KeyFormat {
  return new KeyFormat(workloadSpecSchema.parse({ keys }).keys, numbers)
}

function keyOf(keys: KeyFormat, number: number): string {
  const target = new Uint8Array(256)
  return String.fromCharCode(...target.subarray(0, keys.write(number, target)))
}

describe('a key is a prefix, its parts, and padding', () => {
  test.each<[Keys, number, string]>([
    [{ prefix: 'k', parts: [{ width: 6 }] }, 42, 'k000042'],
    [{ parts: [{ encoding: 'hex', width: 4 }] }, 0xbeef, 'beef'],
    [{ parts: [{ encoding: 'binary', width: 2 }], bytes: 5 }, 0x4142, 'AB000'],
    [{ parts: [{ count: 100, width: 3 }, { width: 5 }] }, 1234, '03400012'],
    [{ parts: [{ width: 5 }, { count: 100, width: 3 }] }, 1234, '00012034'],
    [{ parts: [{ count: 7, width: 1 }, { count: 3, width: 1 }, { width: 3 }] }, 100, '22004'],
  ])('%j of %i is %s', (keys, number, expected) => {
    expect(keyOf(format(keys, number + 1), number)).toBe(expected)
  })

  test('db_bench’s key: the number big-endian in eight bytes, then digits 0', () => {
    const keys = format({ parts: [{ encoding: 'binary', width: 8 }], bytes: 16 })
    expect(keyOf(keys, 0x0102)).toBe('\0\0\0\0\0\0\u0001\u000200000000')
  })

  test('hashed parts are scattered numbers with full width', () => {
    const keys = format({ parts: [{ order: 'hashed', encoding: 'hex', width: 16 }] })
    expect([0, 1, 2].map((number) => keyOf(keys, number))).toMatchInlineSnapshot(`
      [
        "1ca066f1a4ab2eea",
        "25b775faeca8f520",
        "78f76353b6d877c5",
      ]
    `)
  })
})

const part = fc
  .record({
    count: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
    order: fc.constantFrom('ordered' as const, 'hashed' as const),
    encoding: fc.constantFrom('decimal' as const, 'hex' as const, 'binary' as const),
  })
  .map(({ encoding, ...rest }) => ({
    ...rest,
    encoding,
    width: { decimal: 20, hex: 16, binary: 8 }[encoding],
  }))

test('different numbers have different keys, all of the same length', () => {
  const parts = fc.array(part, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(parts, fc.nat({ max: 4 }), (some, unboundedAt) => {
      const last = unboundedAt % some.length
      const all = some.map(({ count, ...rest }, at) =>
        at === last ? rest : { ...rest, count: count ?? 9 },
      )
      const keys = format({ prefix: 'p', parts: all })
      const made = new Set(Array.from({ length: 300 }, (_, number) => keyOf(keys, number)))
      expect(made.size).toBe(300)
      for (const key of made) expect(key).toHaveLength(keys.length)
    }),
    { numRuns: 25 },
  )
})

test('ordered keys sort as their numbers do', () => {
  for (const encoding of ['decimal', 'hex', 'binary'] as const) {
    const keys = format({ parts: [{ encoding, width: 8 }] }, 2 ** 25)
    const made = [0, 9, 10, 255, 256, 65_535, 65_536, 2 ** 25 - 1].map((n) => keyOf(keys, n))
    expect(made.toSorted(), encoding).toEqual(made)
  }
})

describe('refused', () => {
  const refusal = (message: RegExp) =>
    expect.objectContaining({
      code: 'LSM_INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    })
  test.each<[Keys, number, RegExp]>([
    [{ parts: [{ width: 3 }] }, 1001, /parts\.0\.width: 3 is too narrow for 1001/],
    [{ parts: [{ encoding: 'binary', width: 1 }] }, 257, /too narrow for 257 values in binary/],
    [{ parts: [{ count: 11, width: 1 }, { width: 9 }] }, 5, /parts\.0\.width: 1 is too narrow/],
    [{ parts: [{ width: 9 }], bytes: 8 }, 5, /keys\.bytes: 8; prefix and parts take 9/],
    [
      {
        prefix: 'x'.repeat(64),
        parts: Array(4).fill({ count: 2, width: 64 }).with(0, { width: 64 }),
      },
      5,
      /at most 255/,
    ],
  ])('%j for %i records', (keys, numbers, message) => {
    expect(() => format(keys, numbers)).toThrow(refusal(message))
  })

  test.each([
    [{ parts: [{ count: 3, width: 1 }] }, /exactly one part without a count/],
    [{ parts: [{ width: 5 }, { width: 5 }] }, /exactly one part without a count/],
    [{ parts: [{ order: 'hashed', width: 19 }] }, /hashed needs 20/],
    [{ parts: [{ encoding: 'binary', width: 9 }] }, /binary has at most 8 bytes/],
  ])('%j', (keys, message) => {
    expect(() => workloadSpecSchema.parse({ keys })).toThrow(message)
  })
})
