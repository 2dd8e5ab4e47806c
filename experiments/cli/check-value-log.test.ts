import { expect, test } from 'vitest'
import { parseEngineOptions } from '../../engine/index.ts'
import { checkValueLog } from './check-value-log.ts'

test.each([
  [{ gcPolicy: 'fifa' }, 'varve', 'unknown valueLog.gcPolicy "fifa"; did you mean "fifo"?'],
  [{ thresholdBytes: 64 }, 'simulator', 'target simulator has no value log'],
])('%j on %s is refused', (valueLog, target, message) => {
  expect(() => checkValueLog(parseEngineOptions({ valueLog }), target)).toThrow(message)
})

test('settings that the engine can use pass', () => {
  const options = parseEngineOptions({ valueLog: { thresholdBytes: 64, gcPolicy: 'most-garbage' } })
  expect(() => checkValueLog(options, 'varve')).not.toThrow()
  expect(() => checkValueLog(parseEngineOptions({}), 'simulator')).not.toThrow()
})
