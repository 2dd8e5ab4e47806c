import { expect, test } from 'vitest'
import { digestOf, hashOfJson } from './digest.ts'

test('names in any order hash equal, values do not', () => {
  const hash = hashOfJson({ a: 1, b: { c: [1, null], d: 'x' } })
  expect(hashOfJson({ b: { d: 'x', c: [1, null] }, a: 1 })).toBe(hash)
  expect(hashOfJson({ a: 1, b: { c: [null, 1], d: 'x' } })).not.toBe(hash)
})

test('a digest is SHA-256 of all pieces', () => {
  expect(digestOf([Uint8Array.of(0x61), 'bc'])).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
