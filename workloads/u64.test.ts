import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { absolute, multiplyHigh, remainder, U64, writeDecimal } from './u64.ts'

const u32 = fc.oneof(
  fc.nat({ max: 0xffffffff }),
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff),
)
const wide = (high: number, low: number) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
const many = { numRuns: 2000 }

function decimalOf(high: number, low: number): string {
  const target = new Uint8Array(24)
  return new TextDecoder().decode(target.subarray(writeDecimal(high, low, target, 20), 20))
}

describe('64-bit arithmetic on halves equals BigInt', () => {
  test('the upper half of a product', () => {
    fc.assert(
      fc.property(u32, u32, (a, b) => {
        expect(multiplyHigh(a, b) >>> 0).toBe(Number((BigInt(a) * BigInt(b)) >> 32n))
      }),
      many,
    )
  })

  test('the absolute value of a signed long', () => {
    fc.assert(
      fc.property(u32, u32, (high, low) => {
        const value = Object.assign(new U64(), { high, low })
        absolute(value)
        const signed = BigInt.asIntN(64, wide(high, low))
        expect(wide(value.high, value.low)).toBe(signed < 0n ? -signed : signed)
      }),
      many,
    )
  })

  test('the remainder, up to moduli of 2^37', () => {
    const modulus = fc.oneof(u32, fc.integer({ min: 1, max: 2 ** 37 })).filter((m) => m > 0)
    fc.assert(
      fc.property(u32, u32, modulus, (high, low, m) => {
        expect(remainder(high, low, m)).toBe(Number(wide(high, low) % BigInt(m)))
      }),
      many,
    )
  })

  test('decimal digits, from 0 to 2^63', () => {
    fc.assert(
      fc.property(u32, u32, (high, low) => {
        expect(decimalOf(high >>> 1, low)).toBe(String(wide(high >>> 1, low)))
      }),
      many,
    )
    expect(decimalOf(0x80000000, 0)).toBe('9223372036854775808')
    expect(decimalOf(0, 0)).toBe('0')
  })

  test('decimal digits around every power of ten', () => {
    for (let power = 1n; power < 2n ** 63n; power *= 10n) {
      for (const value of [power - 1n, power, power + 1n]) {
        expect(decimalOf(Number(value >> 32n), Number(value & 0xffffffffn))).toBe(String(value))
      }
    }
  })
})
