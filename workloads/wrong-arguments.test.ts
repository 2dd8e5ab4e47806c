/**
 * Calls public functions with arguments of a wrong type: each gives one clear error, never a
 * result.
 */

import { expect, test } from 'vitest'
import {
  decodeRecord,
  encodeRecord,
  hashKey,
  isWorkloadPath,
  mergeField,
  workloadFromText,
} from './index.ts'

const NOT_BYTES = ['abc', undefined, null, 1, [1, 2], {}, new Uint16Array(2), new ArrayBuffer(2)]
const NO_TEXT = [undefined, null, 1, {}]
const bytes = new Uint8Array(0)

test.each<[string, readonly unknown[], (value: never) => unknown]>([
  ['hashKey', NOT_BYTES, (value) => hashKey(value)],
  ['decodeRecord', NOT_BYTES, (value) => decodeRecord(value)],
  ['encodeRecord', [undefined, null, 'abc', {}], (value) => encodeRecord(value)],
  ['encodeRecord, name', NOT_BYTES, (name) => encodeRecord([{ name, value: bytes }])],
  ['encodeRecord, value', NOT_BYTES, (value) => encodeRecord([{ name: bytes, value }])],
  ['mergeField, record', NOT_BYTES, (value) => mergeField(value, bytes, bytes)],
  ['mergeField, name', NOT_BYTES, (value) => mergeField(bytes, value, bytes)],
  ['mergeField, value', NOT_BYTES, (value) => mergeField(bytes, bytes, value)],
  ['isWorkloadPath', NO_TEXT, (value) => isWorkloadPath(value)],
  ['workloadFromText', [undefined, null, 'a', {}], (value) => workloadFromText(value)],
  [
    'workloadFromText, path',
    NO_TEXT,
    (path) => workloadFromText({ path, text: '{}', readSibling: () => undefined as never }),
  ],
  [
    'workloadFromText, text',
    NO_TEXT,
    (text) => workloadFromText({ path: 'a.json', text, readSibling: () => undefined as never }),
  ],
])('%s', (_, wrong, call) => {
  for (const value of wrong) {
    const refused = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
    expect(() => call(value as never)).toThrow(refused)
  }
})
