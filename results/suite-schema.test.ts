import { describe, expect, test } from 'vitest'
import { parseAnyResult, parseResult } from './parse-result.ts'
import { isHeld, suiteResultSchema } from './suite-schema.ts'

describe('a verdict follows from its figures', () => {
  test.each([
    [{ measured: 335, expected: 335, relation: 'equal' }, true],
    [{ measured: 335.5, expected: 335, relation: 'equal' }, false],
    [{ measured: 'ab', expected: 'ab', relation: 'equal' }, true],
    [{ measured: '335', expected: 335, relation: 'equal' }, false],
    [{ measured: 108, expected: 100, relation: 'within' }, true],
    [{ measured: 92, expected: 100, relation: 'within' }, true],
    [{ measured: 108.1, expected: 100, relation: 'within' }, false],
    [{ measured: Number.NaN, expected: 100, relation: 'within' }, false],
    [{ measured: 'ab', expected: 'ab', relation: 'within' }, false],
    [{ measured: 100, expected: 100, relation: 'at-most' }, true],
    [{ measured: 101, expected: 100, relation: 'at-most' }, false],
  ] as const)('%j: %s', (line, held) => {
    expect(isHeld({ ...line, tolerance: 0.08 })).toBe(held)
  })

  test('a result that contradicts itself is refused', () => {
    const { claims } = suiteResultSchema.shape
    const claim = { name: 'a', measured: 1, expected: 2, relation: 'equal', tolerance: 0 }
    const line = (held: boolean) => [{ ...claim, held, source: 'b' }]
    expect(claims.safeParse(line(false)).success).toBe(true)
    expect(claims.safeParse(line(true)).success).toBe(false)
    expect(claims.safeParse([]).success).toBe(false)
  })
})

test('a reader of runs refuses a suite’s result as such', () => {
  const refusal = "x.json: suite: a suite's result, not a run's"
  expect(() => parseResult({ suite: {} }, 'x.json')).toThrow(refusal)
  expect(() => parseAnyResult({ suite: {} }, 'x.json')).toThrow(refusal)
})
