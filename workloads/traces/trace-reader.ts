/**
 * Owns the reading of trace files: a trace's header and footer, its operations as a workload, and a
 * check of every byte. One frame is in memory at a time, and no file stays open between frames.
 *
 * Invariant: operations are returned only from frames whose checksum is right. A file that ends
 * early is reported with the offset and the number of complete operations.
 */

import { statSync } from 'node:fs'
import type { z } from 'zod'
import { ByteReader } from '../../engine/base/coding.ts'
import { equalBytes } from '../../engine/base/compare.ts'
import { crc32c, maskCrc } from '../../engine/base/crc32c.ts'
import { corruption, invalidArgument, isLsmError } from '../../engine/base/errors.ts'
import type { Operation, OperationStream, Workload } from '../operation.ts'
import {
  FRAME_TYPE,
  type Frame,
  PRELUDE_BYTES,
  readAt,
  readFrame,
  TAIL_BYTES,
  TAIL_MAGIC,
  TRACE_MAGIC,
  TRACE_VERSION,
  type TraceFooter,
  type TraceHeader,
  traceFooterSchema,
  traceHeaderSchema,
} from './native-format.ts'
import { OperationDecoder } from './operation-codec.ts'
import { SeededValues } from './seeded-values.ts'

/** A trace file that was found whole at both ends. */
export interface Trace {
  readonly path: string
  readonly fileBytes: number
  readonly header: TraceHeader
  readonly footer: TraceFooter
}

/**
 * The header and footer of the trace at `path`. Throws `LSM_INVALID_ARGUMENT` if the file is not a
 * trace or has another version, and `LSM_CORRUPTION` with the offset if it is damaged or
 * unfinished.
 */
export function openTrace(path: string): Trace {
  const fileBytes = statSync(path).size
  const prelude = readAt(path, 0, PRELUDE_BYTES)
  const magic = prelude.subarray(0, TRACE_MAGIC.length)
  if (prelude.length < PRELUDE_BYTES || !equalBytes(magic, TRACE_MAGIC)) {
    throw invalidArgument(`${path}: not a trace (it does not begin with VARVETRC); import it first`)
  }
  const version = new ByteReader(prelude, path, TRACE_MAGIC.length).u32()
  if (version !== TRACE_VERSION) {
    throw invalidArgument(`${path}: a trace of version ${version}; ${TRACE_VERSION} is read here`)
  }
  const header = readFrame(path, PRELUDE_BYTES)
  const footer = readFrame(path, footerOffset(path, fileBytes))
  return {
    path,
    fileBytes,
    header: parseJson(path, header, FRAME_TYPE.header, traceHeaderSchema),
    footer: parseJson(path, footer, FRAME_TYPE.footer, traceFooterSchema),
  }
}

function footerOffset(path: string, fileBytes: number): number {
  const offset = Math.max(PRELUDE_BYTES, fileBytes - TAIL_BYTES)
  const tail = readAt(path, offset, TAIL_BYTES)
  if (!equalBytes(tail.subarray(TAIL_BYTES - TAIL_MAGIC.length), TAIL_MAGIC)) throw unfinished(path)
  if (new ByteReader(tail, path, 8).u32() !== maskCrc(crc32c(tail, 0, 8))) {
    throw corruption('the tail’s checksum does not match', { path, offset })
  }
  return new ByteReader(tail, path).u64()
}

/** Reports which part of a file without a tail is complete. */
function unfinished(path: string): Error {
  let offset = PRELUDE_BYTES
  let operations = 0
  let reason = ''
  try {
    for (;;) {
      const frame = readFrame(path, offset)
      if (frame.type === FRAME_TYPE.operations) operations += frame.operations
      offset = frame.end
    }
  } catch (error) {
    if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
    reason = error.message.slice(error.message.indexOf(': ') + 2)
  }
  const message = `truncated or unfinished: ${operations} whole operations lie before; ${reason}`
  return corruption(message, { path, offset, operations })
}

function parseJson<Schema extends z.ZodType>(
  path: string,
  frame: Frame,
  type: number,
  schema: Schema,
): z.output<Schema> {
  const { offset } = frame
  if (frame.type !== type) throw corruption(`a frame of type ${frame.type}`, { path, offset })
  const parsed = schema.safeParse(jsonOf(path, frame))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw corruption(`${issue.path.join('.')}: ${issue.message}`, { path, offset })
}

function jsonOf(path: string, { payload, offset }: Frame): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload))
  } catch (error) {
    throw corruption(`not JSON: ${(error as Error).message}`, { path, offset })
  }
}

/** The trace's operations as they were recorded. Use it once, because its streams are consumed. */
export function traceWorkload(trace: Trace): Workload {
  const streams = trace.footer.phases.map(
    ({ name }, index) => ({ name, stream: new TraceStream(trace, index) }) as const,
  )
  const [load, ...phases] = streams
  if (load === undefined) throw invalidArgument(`${trace.path}: a trace without phases`)
  const { header, footer } = trace
  return { load: load.stream, phases, properties: footer.properties, keyNumbers: header.keyNumbers }
}

/** One phase, frame by frame. */
class TraceStream implements OperationStream {
  readonly expected: number
  readonly fieldNames: readonly Uint8Array[]
  readonly #trace: Trace
  readonly #phase: number
  readonly #values: SeededValues
  #decoder: OperationDecoder | null = null
  #frame: Frame | null = null
  #offset: number
  #left: number
  #leftInFrame = 0
  #scratch = new Uint8Array(0)

  constructor(trace: Trace, phaseIndex: number) {
    const { operations, offset, fieldNames } = trace.footer.phases[phaseIndex]!
    const encoder = new TextEncoder()
    this.expected = operations
    this.fieldNames = fieldNames.map((name) => encoder.encode(name))
    this.#trace = trace
    this.#phase = phaseIndex
    this.#values = new SeededValues(fieldNames)
    this.#offset = offset
    this.#left = operations
  }

  next(operation: Operation): boolean {
    if (this.#leftInFrame === 0 && !this.#nextFrame()) return false
    const isWhole = this.#decoder!.next(operation)
    this.#leftInFrame--
    const { left } = this.#decoder!
    if (!isWhole || (this.#leftInFrame === 0 && left > 0)) throw this.#disagrees('its bytes')
    const { fieldIndex, readFieldIndex } = operation
    const fields = this.fieldNames.length
    if (fieldIndex >= fields || readFieldIndex >= fields) throw this.#disagrees('the footer')
    return true
  }

  #nextFrame(): boolean {
    if (this.#left === 0) return false
    const frame = readFrame(this.#trace.path, this.#offset)
    this.#frame = frame
    const { type, phase, operations } = frame
    if (type !== FRAME_TYPE.operations || phase !== this.#phase || operations > this.#left) {
      throw this.#disagrees('the footer')
    }
    this.#decoder = new OperationDecoder(frame.payload, this.#trace.header.keyNumbers, this.#values)
    this.#leftInFrame = operations
    this.#left -= operations
    this.#offset = frame.end
    return true
  }

  #disagrees(what: string): Error {
    const where = { path: this.#trace.path, offset: this.#frame?.offset ?? this.#offset }
    return corruption(`a frame’s operations do not agree with ${what}`, where)
  }

  /** A trace's operations are fixed and do not depend on acknowledgements. */
  acknowledge(): void {}

  writeValue(operation: Operation, target: Uint8Array, offset = 0): number {
    const { valueSource, valueLength } = operation
    if (valueLength === 0) return 0
    if (valueSource === null) return this.#values.write(operation, target, offset)
    const start = operation.valuePosition[0]!
    target.set(valueSource.subarray(start, start + valueLength), offset)
    return valueLength
  }

  value(operation: Operation): Uint8Array {
    if (this.#scratch.length !== operation.valueLength) {
      this.#scratch = new Uint8Array(operation.valueLength)
    }
    this.writeValue(operation, this.#scratch, 0)
    return this.#scratch
  }
}
