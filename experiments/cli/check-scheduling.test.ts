import { expect, test } from 'vitest'
import { parseEngineOptions } from '../../engine/index.ts'
import { checkScheduling } from './check-scheduling.ts'

test.each([
  ['gredy', 'unknown scheduling "gredy"; did you mean "greedy"?'],
  ['threads', 'unknown scheduling "threads"'],
])('the policy %s is refused', (scheduling, message) => {
  expect(() => checkScheduling(parseEngineOptions({ scheduling }))).toThrow(message)
})

test('a known policy passes, and so does none', () => {
  expect(() => checkScheduling(parseEngineOptions({ scheduling: 'silk' }))).not.toThrow()
  expect(() => checkScheduling(parseEngineOptions({}))).not.toThrow()
})
