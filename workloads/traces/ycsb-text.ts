/**
 * Owns the text of YCSB's `BasicDB` client: its properties, then one line an operation (YCSB 0.17.0
 * `BasicDB.java`). A read-modify-write is two lines, READ and UPDATE; a record's fields come in the
 * order of its bytes, which is that of YCSB's `HashMap`. Values are printable ASCII and may hold
 * spaces, `=` and brackets, so a reader must go by lengths.
 *
 * Invariant: for the reference seed the text equals YCSB's own, byte for byte.
 */

import { propertyNamesOrder } from '../java-collections.ts'
import {
  ALL_FIELDS,
  OPERATION_KIND,
  Operation,
  type OperationKind,
  type OperationStream,
  type Workload,
} from '../operation.ts'
import { decodeRecord } from '../record-codec.ts'

const TABLE = 'usertable'
const CHUNK_BYTES = 1 << 16
const encoder = new TextEncoder()
const READ_VERBS: Readonly<Partial<Record<OperationKind, string>>> = {
  [OPERATION_KIND.read]: 'READ',
  [OPERATION_KIND.scan]: 'SCAN',
  [OPERATION_KIND.readModifyWrite]: 'READ',
}
const WRITE_VERBS: Readonly<Partial<Record<OperationKind, string>>> = {
  [OPERATION_KIND.update]: 'UPDATE',
  [OPERATION_KIND.insert]: 'INSERT',
  [OPERATION_KIND.readModifyWrite]: 'UPDATE',
}
const ALL_FIELDS_TEXT = encoder.encode('<all fields>')

/** Which phases to print; with `all`, `# LOAD` and `# RUN` stand above them. */
export type TracePhase = 'all' | 'load' | 'run'

/** The whole text in chunks of about 64 KiB; each is the caller's. Consumes the workload. */
export function* ycsbText(workload: Workload, phase: TracePhase = 'all'): Generator<Uint8Array> {
  const marked = phase === 'all'
  yield encoder.encode(propertiesText(workload.properties))
  if (phase !== 'run') {
    if (marked) yield encoder.encode('# LOAD\n')
    yield* phaseText(workload.load)
  }
  if (phase !== 'load') {
    if (marked && workload.phases.length > 0) yield encoder.encode('# RUN\n')
    for (const { stream } of workload.phases) yield* phaseText(stream)
  }
}

/** What `BasicDB.init` prints. */
function propertiesText(properties: Readonly<Record<string, string>>): string {
  const all: Readonly<Record<string, string>> = {
    ...properties,
    workload: 'site.ycsb.workloads.CoreWorkload',
    'basicdb.verbose': 'true',
  }
  const lines = propertyNamesOrder(Object.keys(all)).map((name) => `"${name}"="${all[name]}"`)
  const stars = (count: number) => '*'.repeat(count)
  return [`${stars(17)} properties ${stars(17)}`, ...lines, stars(46), ''].join('\n')
}

function* phaseText(stream: OperationStream): Generator<Uint8Array> {
  const operation = new Operation()
  const lines = new Lines(stream)
  while (stream.next(operation)) {
    lines.add(operation)
    stream.acknowledge(operation)
    if (lines.length >= CHUNK_BYTES) yield lines.take()
  }
  yield lines.take()
}

/** Collects the lines of operations. */
class Lines {
  length = 0
  #bytes = new Uint8Array(2 * CHUNK_BYTES)
  readonly #stream: OperationStream

  constructor(stream: OperationStream) {
    this.#stream = stream
  }

  /** Owned: the lines since the last call. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.length)
    this.length = 0
    return taken
  }

  add(operation: Operation): void {
    const { kind } = operation
    const readVerb = READ_VERBS[kind]
    const writeVerb = WRITE_VERBS[kind]
    if (readVerb !== undefined) this.#read(readVerb, operation)
    if (writeVerb !== undefined) this.#write(writeVerb, operation)
    if (kind === OPERATION_KIND.delete) {
      this.#start('DELETE', operation)
      this.#text('\n')
    }
  }

  #start(verb: string, operation: Operation): void {
    this.#text(`${verb} ${TABLE} `)
    this.#append(operation.key)
  }

  #read(verb: string, operation: Operation): void {
    this.#start(verb, operation)
    this.#text(operation.scanLength > 0 ? ` ${operation.scanLength} [ ` : ' [ ')
    if (operation.readFieldIndex === ALL_FIELDS) {
      this.#append(ALL_FIELDS_TEXT)
      this.#text(']\n')
    } else {
      this.#append(this.#stream.fieldNames[operation.readFieldIndex]!)
      this.#text(' ]\n')
    }
  }

  #write(verb: string, operation: Operation): void {
    const { fieldNames } = this.#stream
    const value = this.#stream.value(operation)
    this.#start(verb, operation)
    this.#text(' [ ')
    if (fieldNames.length === 0) {
      this.#field(encoder.encode('field0'), value)
    } else if (operation.fieldIndex !== ALL_FIELDS) {
      this.#field(fieldNames[operation.fieldIndex]!, value)
    } else {
      for (const field of decodeRecord(value)) this.#field(field.name, field.value)
    }
    this.#text(']\n')
  }

  #field(name: Uint8Array, value: Uint8Array): void {
    this.#append(name)
    this.#text('=')
    this.#append(value)
    this.#text(' ')
  }

  #text(text: string): void {
    this.#reserve(text.length)
    for (let i = 0; i < text.length; i++) this.#bytes[this.length++] = text.charCodeAt(i)
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  #reserve(extra: number): void {
    if (this.length + extra <= this.#bytes.length) return
    const grown = new Uint8Array(2 * (this.length + extra))
    grown.set(this.#bytes.subarray(0, this.length))
    this.#bytes = grown
  }
}
