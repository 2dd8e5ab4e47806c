import { expect, test } from 'vitest'
import { backgroundWork } from '../charts/kinds/background.ts'
import { PRESETS } from '../charts/theme.ts'
import { background } from './background.ts'
import { atSmokeScale } from './testing/at-smoke-scale.ts'

test('every claim holds at smoke scale, the figure is drawn, and only the result is left', {
  timeout: 400_000,
}, async () => {
  const { result, failed, left } = await atSmokeScale(background)
  expect(failed).toEqual([])
  expect(result.claims).toHaveLength(24)
  expect(left).toEqual(['suite-background-smoke.json'])
  const spec = backgroundWork.specOf([result], PRESETS['two-column'])
  expect(JSON.stringify(spec)).toContain('ycsb-load universal')
  const other = { ...result, suite: 'counts' }
  expect(() => backgroundWork.specOf([other], PRESETS['two-column'])).toThrow(
    'background: suite: a result of the suite background is needed',
  )
})
