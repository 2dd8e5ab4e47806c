// Compares FORMAT.md with the code: the bytes that the page shows in hex are the bytes written.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ALL_FIELDS, OPERATION_KIND, OPERATION_KIND_NAMES } from '../operation.ts'
import { FRAME_TYPE, TRACE_COMPRESSION, TRACE_VERSION } from './native-format.ts'
import { OperationEncoder } from './operation-codec.ts'
import { VALUE_FORM } from './seeded-values.ts'
import { type PlainOperation, pourInto } from './testing/operations.ts'
import { openTrace } from './trace-reader.ts'
import { TraceWriter } from './trace-writer.ts'

const page = readFileSync(join(import.meta.dirname, 'FORMAT.md'), 'utf8')
const examples = Array.from(page.matchAll(/```hex\n([^`]*)```/g), (match) =>
  match[1]!.replace(/#.*$/gm, '').replace(/\s/g, ''),
)
const folder = mkdtempSync(join(tmpdir(), 'varve-trace-format-'))
afterAll(() => rmSync(folder, { recursive: true }))

const text = (value: string) => new TextEncoder().encode(value)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const plain = (given: Partial<PlainOperation>): PlainOperation => ({
  kind: OPERATION_KIND.read,
  keyNumber: 0,
  key: text('k'),
  scanLength: 0,
  arrivalNs: -1,
  fieldIndex: ALL_FIELDS,
  readFieldIndex: ALL_FIELDS,
  value: new Uint8Array(0),
  ...given,
})

function operations(): Uint8Array {
  const encoder = new OperationEncoder('dense', 1000)
  const list = [
    plain({ keyNumber: 300, key: text('user1') }),
    plain({ kind: OPERATION_KIND.scan, keyNumber: 1, scanLength: 50, arrivalNs: 1000 }),
    plain({ kind: OPERATION_KIND.update, keyNumber: 2, fieldIndex: 1, value: text('new') }),
  ]
  pourInto(
    { beginPhase: (_, names) => encoder.beginPhase(names), add: (...one) => encoder.add(...one) },
    [{ name: 'run', fieldNames: ['field0', 'field1'], operations: list }],
  )
  return encoder.take()
}

function file(): Uint8Array {
  const path = join(folder, 'trace')
  const header = { workload: 'w', params: {}, keyNumbers: 'hashed' } as const
  const writer = new TraceWriter(path, header, { compression: 'none' })
  pourInto(writer, [{ name: 'load', fieldNames: [], operations: [plain({})] }])
  writer.finish()
  expect(openTrace(path).footer.operationsByKind).toEqual([1, 0, 0, 0, 0, 0])
  return new Uint8Array(readFileSync(path))
}

describe('FORMAT.md', () => {
  test('shows the bytes that are written', () => {
    expect(examples).toEqual([hex(file()), hex(operations())])
  })

  test('names every number that is persisted', () => {
    const numbers: readonly (readonly [string, number])[] = [
      ...Object.entries(FRAME_TYPE),
      ...Object.entries(TRACE_COMPRESSION),
      ...Object.entries(VALUE_FORM),
      ...OPERATION_KIND_NAMES.map((name, kind) => [name, kind] as const),
    ]
    for (const [name, number] of numbers) {
      const spelled = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
      expect(page, `${number} ${spelled}`).toContain(`${number} ${spelled}`)
    }
    expect(page).toContain(`version ${TRACE_VERSION}`)
  })
})
