import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TraceHash } from './trace-hash.ts'

type Step = readonly [kind: number, keyNumber: number, lengthBytes: number]

function hashOf(steps: readonly Step[]): string {
  const hash = new TraceHash()
  for (const step of steps) hash.add(...step)
  return hash.digest()
}

const steps = fc.array(fc.tuple(fc.nat(50), fc.nat(2 ** 40), fc.nat(2 ** 20)), { minLength: 1 })

test('equal streams hash equal, and one changed field shows', () => {
  fc.assert(
    fc.property(steps, fc.nat(), fc.integer({ min: 0, max: 2 }), (stream, at, field) => {
      const changed = stream.map((step) => [...step] as [number, number, number])
      changed[at % stream.length]![field]! += 1
      expect(hashOf(stream)).toBe(hashOf([...stream]))
      expect(hashOf(changed)).not.toBe(hashOf(stream))
    }),
  )
})

test('order and high key bits count', () => {
  expect(
    hashOf([
      [0, 1, 0],
      [0, 2, 0],
    ]),
  ).not.toBe(
    hashOf([
      [0, 2, 0],
      [0, 1, 0],
    ]),
  )
  expect(hashOf([[0, 2 ** 33, 0]])).not.toBe(hashOf([[0, 2 ** 34, 0]]))
})
