/**
 * Owns the writing of a trace file. Operations are collected in one frame of about 256 KiB, which
 * is compressed and appended when it is full, so memory does not grow with the trace. The file has
 * a temporary name until it is complete, so a file with a trace's name is always complete.
 */

import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { ByteWriter } from '../../engine/base/coding.ts'
import { crc32c, maskCrc } from '../../engine/base/crc32c.ts'
import { invalidArgument } from '../../engine/base/errors.ts'
import { ALL_FIELDS, OPERATION_KIND_NAMES, type Operation } from '../operation.ts'
import {
  encodeFrame,
  FRAME_TYPE,
  frameCrc,
  TAIL_MAGIC,
  TRACE_MAGIC,
  TRACE_VERSION,
  type TraceCompression,
  type TraceFooter,
  type TraceHeader,
} from './native-format.ts'
import { OperationEncoder } from './operation-codec.ts'
import type { OperationSink } from './operation-sink.ts'

const FRAME_BYTES = 256 * 1024
const PHASES_MAX = 0xffff

/** How a trace file is written. */
export interface TraceWriterOptions {
  readonly compression?: TraceCompression
  /** Size in raw bytes at which a frame is appended. */
  readonly frameBytes?: number
}

type Phase = TraceFooter['phases'][number]

/** Writes a trace file, frame by frame; `finish` completes it. */
export class TraceWriter implements OperationSink {
  /** Bytes and calls written so far, as the operating system counts them. */
  readonly written = { bytes: 0, calls: 0 }
  readonly #path: string
  readonly #temporary: string
  readonly #compression: TraceCompression
  readonly #frameBytes: number
  readonly #encoder: OperationEncoder
  readonly #digest = createHash('sha256')
  readonly #phases: Phase[] = []
  readonly #byKind = OPERATION_KIND_NAMES.map(() => 0)
  #descriptor: number | null
  #offset = 0
  #inPhase = 0
  #fieldUpdates = 0
  #keyBytesMax = 0
  #valueBytesMax = 0

  /** Creates a temporary file next to `path`. Throws the system's error if it cannot. */
  constructor(path: string, header: TraceHeader, options: TraceWriterOptions = {}) {
    const { compression = 'zstd', frameBytes = FRAME_BYTES } = options
    this.#path = path
    this.#temporary = `${path}.${process.pid}.tmp`
    this.#compression = compression
    this.#frameBytes = frameBytes
    this.#encoder = new OperationEncoder(header.keyNumbers, 2 * frameBytes)
    this.#descriptor = openSync(this.#temporary, 'w')
    this.#append(new ByteWriter().raw(TRACE_MAGIC).u32(TRACE_VERSION).copy())
    this.#json(FRAME_TYPE.header, header)
  }

  /** The first phase is the load. If there is none, an empty load phase is added first. */
  beginPhase(name: string, fieldNames: readonly string[]): void {
    this.#endPhase()
    if (this.#phases.length === PHASES_MAX) {
      throw invalidArgument(`a trace of more than ${PHASES_MAX} phases`)
    }
    this.#phases.push({ name, fieldNames: [...fieldNames], operations: 0, offset: this.#offset })
    this.#encoder.beginPhase(fieldNames)
  }

  add(operation: Operation, value: Uint8Array | null): void {
    const { kind, keyLength, valueLength } = operation
    this.#encoder.add(operation, value)
    this.#inPhase++
    this.#byKind[kind]!++
    if (operation.fieldIndex !== ALL_FIELDS) this.#fieldUpdates++
    if (keyLength > this.#keyBytesMax) this.#keyBytesMax = keyLength
    if (valueLength > this.#valueBytesMax) this.#valueBytesMax = valueLength
    if (this.#encoder.byteLength >= this.#frameBytes) this.#flush()
  }

  /** Completes the file and renames it to `path`. Durable on return. */
  finish(properties: Readonly<Record<string, string>> = {}): TraceFooter {
    this.#endPhase()
    const footer: TraceFooter = {
      phases: this.#phases,
      properties: { ...properties },
      operationsByKind: [...this.#byKind],
      fieldUpdates: this.#fieldUpdates,
      keyBytesMax: this.#keyBytesMax,
      valueBytesMax: this.#valueBytesMax,
      digest: this.#digest.digest('hex'),
    }
    const tail = new ByteWriter().u64(this.#offset)
    tail.u32(maskCrc(crc32c(tail.view()))).raw(TAIL_MAGIC)
    this.#json(FRAME_TYPE.footer, footer)
    this.#append(tail.copy())
    fsyncSync(this.#descriptor!)
    this.#close()
    try {
      renameSync(this.#temporary, this.#path)
    } catch (error) {
      rmSync(this.#temporary, { force: true })
      throw error
    }
    return footer
  }

  /** Removes the temporary file. Does nothing after `finish`. */
  abort(): void {
    if (this.#descriptor === null) return
    this.#close()
    rmSync(this.#temporary, { force: true })
  }

  #close(): void {
    closeSync(this.#descriptor!)
    this.#descriptor = null
  }

  #endPhase(): void {
    this.#flush()
    const phase = this.#phases.at(-1)
    if (phase !== undefined) {
      this.#phases[this.#phases.length - 1] = { ...phase, operations: this.#inPhase }
    }
    this.#inPhase = 0
  }

  #flush(): void {
    const { operations } = this.#encoder
    if (operations === 0) return
    const head = { type: FRAME_TYPE.operations, phase: this.#phases.length - 1, operations }
    this.#frame(encodeFrame(head, this.#encoder.take(), this.#compression))
  }

  #json(type: number, value: unknown): void {
    const text = new TextEncoder().encode(JSON.stringify(value))
    const frame = encodeFrame({ type, phase: 0, operations: 0 }, text, 'none')
    if (type === FRAME_TYPE.header) this.#frame(frame)
    else this.#append(frame)
  }

  #frame(frame: Uint8Array): void {
    this.#digest.update(frameCrc(frame))
    this.#append(frame)
  }

  #append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(this.#descriptor!, bytes, at)
      this.written.calls++
    }
    this.written.bytes += bytes.length
    this.#offset += bytes.length
  }
}
