import { expect, test } from 'vitest'
import { parseJson } from './json-text.ts'

test.each([
  '{"a": {"a": 1}, "b": [{"a": "b: {"}, {"a": "\\"a\\": "}], "c": -0.5e-3, "d": "1e999"}',
  '[9007199254740991, 0e-999, 1e15]',
  '"a"',
])('%s is read as by JSON.parse', (text) => {
  expect(parseJson(text)).toEqual(JSON.parse(text))
})

test.each([
  ['{"seed": 1, "seed": 2}', '"seed" is given twice'],
  ['{"a": {"b": 1, "c": [], "b": 1}}', '"b" is given twice'],
  ['{"a": 1, "\\u0061": 2}', '"a" is given twice'],
  ['{"__proto__": 1}', '"__proto__" is not allowed as a name'],
  ['{"a": 9007199254740993}', '9007199254740993 has more digits than a number keeps'],
  ['[1e999]', '1e999 is beyond the range of numbers'],
  ['[-1e-320]', '-1e-320 is beyond the range of numbers'],
  ['{"a": 1', 'JSON'],
  ['strategy: tiering\n', /^Unexpected token 's', "strategy: tiering " is not valid JSON$/],
])('%s is refused', (text, line) => expect(() => parseJson(text)).toThrow(line))
