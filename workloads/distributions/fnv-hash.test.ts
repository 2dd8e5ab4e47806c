import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { U64 } from '../u64.ts'
import { fnvHash64, fnvHashNumber } from './fnv-hash.ts'

const wide = (slot: U64) => (BigInt(slot.high >>> 0) << 32n) | BigInt(slot.low >>> 0)

function hashOf(value: bigint): bigint {
  const bits = BigInt.asUintN(64, value)
  const slot = new U64()
  fnvHash64(Number(bits >> 32n), Number(bits & 0xffffffffn), slot)
  return wide(slot)
}

/** The definition, computed with BigInt. */
function definedHash(value: bigint): bigint {
  let rest = BigInt.asUintN(64, value)
  let hash = 0xcbf29ce484222325n
  for (let i = 0; i < 8; i++) {
    hash = BigInt.asUintN(64, (hash ^ (rest & 0xffn)) * 1099511628211n)
    rest >>= 8n
  }
  const signed = BigInt.asIntN(64, hash)
  return signed < 0n ? -signed : signed
}

describe('YCSB’s hash', () => {
  test.each([
    [0n, 6284781860667377211n],
    [1n, 8517097267634966620n],
    [999n, 2071219101098386137n],
    [4294967296n, 634246865027890484n],
    [9007199254740991n, 8320194101659580432n],
    [9223372036854775807n, 8289549613075766851n],
    [-1n, 8289690350564177859n],
    [-9223372036854775808n, 6284922598155788219n],
  ])('of %d is %d', (value, hash) => {
    expect(hashOf(value)).toBe(hash)
  })

  test('equals its definition, for longs and for numbers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(hashOf(value)).toBe(definedHash(value))
      }),
    )
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const slot = new U64()
        fnvHashNumber(value, slot)
        expect(wide(slot)).toBe(definedHash(BigInt(value)))
      }),
    )
  })
})
