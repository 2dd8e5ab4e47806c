import { expect, test } from 'vitest'
import { atSmokeScale } from './testing/at-smoke-scale.ts'
import { wisckey } from './wisckey.ts'

test('every claim holds at smoke scale, and only the result is left', async () => {
  const { failed, left } = await atSmokeScale(wisckey)
  expect(failed).toEqual([])
  expect(left).toEqual(['suite-wisckey-smoke.json'])
})
