import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { OPERATION_KIND_NAMES } from '../../operation.ts'
import { arbitraryOperation, type PlainOperation, pourInto } from '../testing/operations.ts'
import { openTrace, traceWorkload } from '../trace-reader.ts'
import { TraceWriter } from '../trace-writer.ts'
import { csvText } from './csv-text.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-csv-text-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'trace')
const fieldNames = ['a, "b"', '\r\nc']

const anyKey = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .string({ unit: 'grapheme-ascii', maxLength: 20 })
    .map((text) => new TextEncoder().encode(text)),
  fc.constant(new TextEncoder().encode('0x41')),
)

/** Decodes a key as a reader of the file would. */
function keyOf(text: string): Uint8Array {
  const bytes = text.startsWith('0x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text)
  return Uint8Array.from(bytes)
}

function rowOf(phase: string, one: PlainOperation) {
  const field = (index: number) => (index < 0 ? '' : fieldNames[index]!)
  return {
    phase,
    operation: OPERATION_KIND_NAMES[one.kind],
    key: one.key,
    key_number: String(one.keyNumber),
    field: field(one.fieldIndex),
    read_field: field(one.readFieldIndex),
    value_bytes: one.value.length === 0 ? '' : String(one.value.length),
    scan_length: one.scanLength === 0 ? '' : String(one.scanLength),
    arrival_ns: one.arrivalNs < 0 ? '' : String(one.arrivalNs),
  }
}

test('any operations become rows that a CSV reader splits again', () => {
  const operation = fc
    .tuple(arbitraryOperation('dense', fieldNames.length), anyKey)
    .map(([one, key]) => ({ ...one, key }))
  const operations = fc.array(operation, { maxLength: 30, size: 'max' })
  fc.assert(
    fc.property(operations, operations, (load, run) => {
      const writer = new TraceWriter(path, { workload: 'w', params: {}, keyNumbers: 'dense' })
      pourInto(writer, [
        { name: 'load', fieldNames, operations: load },
        { name: 'run', fieldNames, operations: run },
      ])
      writer.finish()
      const text = Buffer.concat([...csvText(traceWorkload(openTrace(path)))])
      const rows: Record<string, string>[] = parse(text, { columns: true })
      expect(rows.map((row) => ({ ...row, key: keyOf(row.key!) }))).toEqual([
        ...load.map((one) => rowOf('load', one)),
        ...run.map((one) => rowOf('run', one)),
      ])
    }),
    { numRuns: 50 },
  )
})
