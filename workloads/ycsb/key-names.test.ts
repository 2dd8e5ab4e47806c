import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Operation } from '../operation.ts'
import { KeyNames } from './key-names.ts'

function keyOf(names: KeyNames, keyNumber: number): string {
  const operation = new Operation()
  names.assign(operation, keyNumber)
  expect(operation.keyNumber).toBe(keyNumber)
  expect(operation.keyLength).toBe(operation.key.length)
  return new TextDecoder().decode(operation.key)
}

describe('a key', () => {
  test('is "user" and the hash of the record number', () => {
    const names = new KeyNames(false, 1)
    expect(keyOf(names, 0)).toBe('user6284781860667377211')
    expect(keyOf(names, 2)).toBe('user1820151046732198393')
    expect(keyOf(names, 2147483648)).toBe('user5860980763039959109')
  })

  test('is the number itself, padded with zeros, if inserts are ordered', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat({ max: 30 }), (number, digits) => {
        const key = keyOf(new KeyNames(true, digits), number)
        expect(key).toBe(`user${String(number).padStart(digits, '0')}`)
      }),
    )
  })

  test('shorter than the previous key leaves no old bytes in the slot', () => {
    const operation = new Operation()
    const names = new KeyNames(true, 1)
    names.assign(operation, 123456)
    names.assign(operation, 7)
    expect(new TextDecoder().decode(operation.key)).toBe('user7')
  })
})
