import { expect, test } from 'vitest'
import { hashKey } from './key-hash.ts'

const hash = (text: string) => hashKey(new TextEncoder().encode(text))

test('the hash of a key never changes, because results store it', () => {
  expect(['', 'a', 'user6284781860667377211'].map(hash)).toEqual([
    1902329787743243, 1859721283809715, 3299271297750367,
  ])
})

test('hashes are safe integers of 52 bits, all different in a small set', () => {
  const seen = new Set<number>()
  for (let i = 0; i < 50_000; i++) seen.add(hash(`key${i}`)).add(hash(`${i}`))
  expect([...seen].every((one) => Number.isSafeInteger(one) && one < 2 ** 52)).toBe(true)
  expect(seen.size).toBe(100_000)
})

test('hashes spread over both halves', () => {
  const halves = [0, 0]
  for (let i = 0; i < 4000; i++) {
    const one = hash(`key${i}`)
    halves[0]! += Math.floor(one / 2 ** 51)
    halves[1]! += (one >>> 31) & 1
  }
  for (const ones of halves) expect(Math.abs(ones - 2000)).toBeLessThan(150)
})

test('hashes only the given part of an array', () => {
  const bytes = new TextEncoder().encode('xxkeyxx')
  expect(hashKey(bytes, 2, 5)).toBe(hash('key'))
})
