/**
 * Owns the text of YCSB's `BasicDB` client: its properties, then one line per operation (YCSB
 * 0.17.0 `BasicDB.java`). A read-modify-write is two lines, READ and UPDATE. A record's fields have
 * the order of its bytes, which is that of YCSB's `HashMap`. Values may contain spaces, `=` and
 * brackets, so a reader uses lengths (`ycsb-fields.ts`). The text has no escapes: bytes that a
 * reader would misunderstand are refused, never changed.
 *
 * Invariant: for the reference seed the text equals YCSB's own, byte for byte. The text reads back
 * as the same operations, except that a read-modify-write becomes its two operations, and bare
 * values become `field0`.
 */

import { equalBytes } from '../../engine/base/compare.ts'
import { invalidArgument, isLsmError } from '../../engine/base/errors.ts'
import { propertyNamesOrder } from '../java-collections.ts'
import {
  ALL_FIELDS,
  OPERATION_KIND,
  Operation,
  type OperationKind,
  type OperationStream,
  type Workload,
} from '../operation.ts'
import { decodeRecord, type Field } from '../record-codec.ts'
import { ALL_FIELDS_TEXT, YcsbFields } from './ycsb-fields.ts'

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
const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20

/** The phases to print. With `all`, `# LOAD` and `# RUN` precede them. */
export type TracePhase = 'all' | 'load' | 'run'

/**
 * The whole text in chunks of about 64 KiB, which the caller owns. Consumes the workload. Throws
 * `LSM_INVALID_ARGUMENT` at an operation that the text cannot express.
 */
export function* ycsbText(workload: Workload, phase: TracePhase = 'all'): Generator<Uint8Array> {
  const marked = phase === 'all'
  yield encoder.encode(propertiesText(workload.properties))
  if (phase !== 'run') {
    if (marked) yield encoder.encode('# LOAD\n')
    yield* phaseText('load', workload.load, workload)
  }
  if (phase !== 'load') {
    if (marked && workload.phases.length > 0) yield encoder.encode('# RUN\n')
    for (const { name, stream } of workload.phases) yield* phaseText(name, stream, workload)
  }
}

/** The output of `BasicDB.init`. */
function propertiesText(properties: Readonly<Record<string, string>>): string {
  const all: Readonly<Record<string, string>> = {
    ...properties,
    workload: 'site.ycsb.workloads.CoreWorkload',
    'basicdb.verbose': 'true',
  }
  const lines = propertyNamesOrder(Object.keys(all)).map((name) => `"${name}"="${all[name]}"`)
  const other = Object.keys(all).find((name) => /["\n]/.test(name) || all[name]!.includes('\n'))
  if (other !== undefined) throw refused(`the property ${JSON.stringify(other)}`)
  const stars = (count: number) => '*'.repeat(count)
  return [`${stars(17)} properties ${stars(17)}`, ...lines, stars(46), ''].join('\n')
}

function* phaseText(
  name: string,
  stream: OperationStream,
  { properties }: Workload,
): Generator<Uint8Array> {
  const operation = new Operation()
  const lines = new Lines(name, stream, properties)
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
  /** Counted within the phase, from 1, to name a refused operation. */
  #operations = 0
  readonly #phase: string
  readonly #stream: OperationStream
  /** The fields as a reader of the text derives them from its properties. */
  readonly #fields: YcsbFields
  readonly #writesAllFields: boolean

  constructor(phase: string, stream: OperationStream, properties: Workload['properties']) {
    this.#phase = phase
    this.#stream = stream
    this.#fields = new YcsbFields(properties)
    this.#writesAllFields = properties.writeallfields === 'true'
    const { encoded } = this.#fields
    const other = stream.fieldNames.findIndex((name, i) => !equalBytes(name, encoded[i] ?? NONE))
    if (other >= 0) {
      const [shown, known] = [stream.fieldNames[other]!, encoded[other] ?? NONE].map(textOf)
      throw refused(
        `the ${phase}: field ${other} is named "${shown}", by the text's properties "${known}"`,
      )
    }
  }

  /** The lines since the last call. Owned. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.length)
    this.length = 0
    return taken
  }

  add(operation: Operation): void {
    const { kind, key } = operation
    this.#operations++
    const fault = keyFault(kind, key)
    if (fault !== null) throw this.#refused(operation, fault)
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
    this.#text(operation.kind === OPERATION_KIND.scan ? ` ${operation.scanLength} [ ` : ' [ ')
    if (operation.readFieldIndex === ALL_FIELDS) {
      this.#text(`${ALL_FIELDS_TEXT}]\n`)
    } else {
      this.#append(this.#stream.fieldNames[operation.readFieldIndex]!)
      this.#text(' ]\n')
    }
  }

  #write(verb: string, operation: Operation): void {
    const fields = this.#fieldsOf(verb, operation)
    this.#start(verb, operation)
    this.#text(' [ ')
    const start = this.length
    for (const { name, value } of fields) this.#field(name, value)
    const fault = this.#fieldsFault(start, fields)
    if (fault !== null) throw this.#refused(operation, fault)
    this.#text(']\n')
  }

  #fieldsOf(verb: string, operation: Operation): readonly Field[] {
    const { fieldNames } = this.#stream
    const value = this.#stream.value(operation)
    if (fieldNames.length === 0) return [{ name: this.#fields.encoded[0]!, value }]
    if (operation.fieldIndex !== ALL_FIELDS) {
      const readsWhole = verb === 'INSERT' || this.#writesAllFields
      if (readsWhole)
        throw this.#refused(operation, 'one field, where the text means a whole record')
      return [{ name: fieldNames[operation.fieldIndex]!, value }]
    }
    const fields = this.#recordFields(operation, value)
    const readsField = verb === 'UPDATE' && !this.#writesAllFields && fields.length === 1
    if (readsField) throw this.#refused(operation, 'a whole record, where the text means one field')
    return fields
  }

  #recordFields(operation: Operation, value: Uint8Array): readonly Field[] {
    try {
      return decodeRecord(value)
    } catch (error) {
      if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
      throw this.#refused(operation, 'a value that is not a record of fields')
    }
  }

  /** Why a reader would not read the text from `start` on as `fields`; null if it would. */
  #fieldsFault(start: number, fields: readonly Field[]): string | null {
    const bytes = this.#bytes.subarray(start, this.length)
    if (bytes.includes(NEWLINE)) return 'a value that holds a newline'
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    const places = this.#fields.cut(text)
    if (typeof places === 'string') return places
    const isSame = (field: Field, i: number) => {
      const place = places[i]!
      if (!equalBytes(field.name, this.#fields.encoded[place.index]!)) return false
      return place.end - place.start === field.value.length
    }
    if (places.length === fields.length && fields.every(isSame)) return null
    return 'values that hold what looks like another field, of lengths the properties do not give'
  }

  #refused({ key }: Operation, fault: string): Error {
    return refused(
      `operation ${this.#operations} of the ${this.#phase} (key ${shown(key)}): ${fault}`,
    )
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

const NONE = new Uint8Array(0)

/** Why the text cannot express the key; null if it can. */
function keyFault(kind: OperationKind, key: Uint8Array): string | null {
  if (key.length === 0) return 'an empty key'
  if (key.includes(SPACE)) return 'a key that holds a space'
  if (key.includes(NEWLINE)) return 'a key that holds a newline'
  const endsLine = kind === OPERATION_KIND.delete
  if (endsLine && key.at(-1) === RETURN) return 'a key that ends in a carriage return'
  return null
}

function refused(what: string): Error {
  const remedy = '--format=csv and rocksdb hold any bytes'
  return invalidArgument(`YCSB's text cannot hold ${what}; ${remedy}`)
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function shown(key: Uint8Array): string {
  const hex = Array.from(key.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `0x${hex}${key.length > 32 ? '…' : ''}`
}
