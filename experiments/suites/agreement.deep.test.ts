import { expect, test } from 'vitest'
import { COMPARED } from '../../strategies/simulator/testing/scales.ts'
import { agreement } from './agreement.ts'
import { atSmokeScale } from './testing/at-smoke-scale.ts'

test('every claim holds at smoke scale, for every strategy on every load', async () => {
  const { result, failed, fractions, left } = await atSmokeScale(agreement)
  expect(failed).toEqual([])
  expect(result.runs).toHaveLength(3 * COMPARED.length)
  for (const { name, figures } of result.runs) {
    expect(figures.engineEdits, name).toBeGreaterThan(10)
  }
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
  expect(fractions.at(-1)).toBeCloseTo(1, 12)
  expect(left).toEqual(['suite-agreement-smoke.json'])
})
