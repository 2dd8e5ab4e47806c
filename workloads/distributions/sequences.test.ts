import { describe, expect, test } from 'vitest'
import {
  REFERENCE_SEQUENCES,
  type ReferenceSequence,
  sha256Of,
  startSequence,
} from '../testing/reference.ts'
import { Exponential } from './exponential.ts'
import type { NumberGenerator } from './number-generator.ts'

const COUNT = 100_000

function* take(generator: NumberGenerator, count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield generator.next()
}

function* lines(values: Iterable<number>): Generator<string> {
  for (const value of values) yield `${value}\n`
}

describe('YCSB’s own sequences', () => {
  test.each(REFERENCE_SEQUENCES)('$name: 100,000 values', (sequence: ReferenceSequence) => {
    const first = startSequence(sequence.make)
    expect([...take(first, sequence.first.length)]).toEqual(sequence.first)
    const whole = startSequence(sequence.make)
    expect(sha256Of(lines(take(whole, COUNT)))).toBe(sequence.sha256)
  })

  test('exponential: 100,000 values, truncated as keys are', () => {
    const make = () => startSequence((random) => new Exponential(random, 95, 1000 * 0.8571428571))
    const [first, second] = [...take(make(), 2)]
    expect(first).toBeCloseTo(36.95578787021509, 10)
    expect(second).toBeCloseTo(154.9553051174061, 10)
    const whole = make()
    const keys = take(whole, COUNT).map((value) => Math.trunc(value))
    expect(sha256Of(lines(keys))).toBe(
      '5ca337ce9c65b11ba118152e3f770229d48b20365a78d953b49024cd20bbf3ba',
    )
  })
})
