import { expect, test } from 'vitest'
import { virtualThreads as chart } from '../charts/kinds/virtual-threads.ts'
import { PRESETS } from '../charts/theme.ts'
import { atSmokeScale } from './testing/at-smoke-scale.ts'
import { virtualThreads } from './virtual-threads.ts'

test('every claim holds at smoke scale, the figure is drawn, and only the result is left', {
  timeout: 400_000,
}, async () => {
  const { result, failed, left, fractions } = await atSmokeScale(virtualThreads)
  expect(failed).toEqual([])
  expect(result.claims).toHaveLength(5)
  expect(left).toEqual(['suite-virtual-threads-smoke.json'])
  expect(fractions.at(-1)).toBe(1)
  const spec = chart.specOf([result], PRESETS['two-column'])
  expect(JSON.stringify(spec)).toContain('tiering at 90 %')
  const other = { ...result, suite: 'counts' }
  expect(() => chart.specOf([other], PRESETS['two-column'])).toThrow(
    'virtual-threads: suite: a result of the suite virtual-threads is needed',
  )
})
