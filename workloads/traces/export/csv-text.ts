/**
 * Owns a workload as CSV, one row per operation, for spreadsheets and scripts: everything except
 * the values' bytes. Keys of printable ASCII without quotes and commas are written as they are.
 * Other keys, and keys that start with `0x`, are written as `0x` and hex. Names are quoted if
 * necessary (RFC 4180). A field that an operation does not have is empty.
 */

import {
  ALL_FIELDS,
  OPERATION_KIND_NAMES,
  Operation,
  type OperationStream,
  type Workload,
} from '../../operation.ts'
import { fieldNamesOf } from '../operation-sink.ts'
import type { TracePhase } from '../ycsb-text.ts'

const CHUNK_CHARS = 1 << 16
const COLUMNS =
  'phase,operation,key,key_number,field,read_field,value_bytes,scan_length,arrival_ns\n'
const PLAIN_KEY = /^(?!0x)[!#-+\--~]+$/

/** The whole text in chunks of about 64 KiB. Consumes the workload. */
export function* csvText(workload: Workload, phase: TracePhase = 'all'): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  const wanted = [
    ...(phase === 'run' ? [] : [{ name: 'load', stream: workload.load }]),
    ...(phase === 'load' ? [] : workload.phases),
  ]
  let text = COLUMNS
  for (const { name, stream } of wanted) {
    for (const row of rows(name, stream)) {
      text += row
      if (text.length < CHUNK_CHARS) continue
      yield encoder.encode(text)
      text = ''
    }
  }
  yield encoder.encode(text)
}

function* rows(phase: string, stream: OperationStream): Generator<string> {
  const operation = new Operation()
  const names = fieldNamesOf(stream).map(quoted)
  const phaseText = quoted(phase)
  const field = (index: number) => (index === ALL_FIELDS ? '' : names[index]!)
  while (stream.next(operation)) {
    const { kind, scanLength, valueLength, arrivalNs } = operation
    const figures = [
      ...[phaseText, OPERATION_KIND_NAMES[kind], keyText(operation.key), operation.keyNumber],
      ...[field(operation.fieldIndex), field(operation.readFieldIndex)],
      ...[valueLength === 0 ? '' : valueLength, scanLength === 0 ? '' : scanLength],
      arrivalNs < 0 ? '' : arrivalNs,
    ]
    yield `${figures.join(',')}\n`
    stream.acknowledge(operation)
  }
}

function keyText(key: Uint8Array): string {
  const text = String.fromCharCode(...key.subarray(0, 1024))
  if (key.length <= 1024 && PLAIN_KEY.test(text)) return text
  return `0x${Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

function quoted(name: string): string {
  return /[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name
}
