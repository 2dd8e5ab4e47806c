/**
 * Owns the reading of YCSB's `BasicDB` text: what its client prints, properties and statistics
 * included, what `ycsb-text.ts` writes, and the short form of `VERB key [scan length]`. A
 * read-modify-write was printed as READ and UPDATE, and stays these two.
 *
 * Values hold spaces, `=` and brackets, so fields are cut by the length the properties give; where
 * lengths vary, at the next ` name=` of a field not yet seen. Nothing else in a client's output is
 * an operation; what is neither is malformed.
 */

import { ALL_FIELDS, OPERATION_KIND } from '../../operation.ts'
import { encodeRecord, type Field, fieldBytes } from '../../record-codec.ts'
import {
  type ForeignReader,
  type ImportContext,
  lineReader,
  wholeNumber,
} from './foreign-reader.ts'
import type { Line } from './lines.ts'

const VERBS = ['READ', 'SCAN', 'UPDATE', 'INSERT', 'DELETE'] as const
type Verb = (typeof VERBS)[number]
const KINDS = {
  READ: OPERATION_KIND.read,
  SCAN: OPERATION_KIND.scan,
  UPDATE: OPERATION_KIND.update,
  INSERT: OPERATION_KIND.insert,
  DELETE: OPERATION_KIND.delete,
} as const
const ALL_FIELDS_TEXT = '<all fields>'
const PROPERTY = /^"([^"]*)"="(.*)"$/

export function ycsbReader(path: string, context: ImportContext): ForeignReader {
  const lines = new YcsbLines(context)
  return lineReader(path, context.report, (line) => lines.parse(line))
}

class YcsbLines {
  readonly #context: ImportContext
  readonly #properties: Record<string, string> = {}
  #fields: FieldNames | null = null
  /** Says the last mark; without marks the properties do. */
  #marked: 'load' | 'run' | null = null

  constructor(context: ImportContext) {
    this.#context = context
  }

  parse(line: Line): string | null {
    const verb = VERBS.find((name) => line.text.startsWith(`${name} `))
    return verb === undefined ? this.#other(line.text) : this.#operation(verb, line)
  }

  #other(text: string): string | null {
    const property = PROPERTY.exec(text)
    if (property !== null) {
      this.#properties[property[1]!] = property[2]!
      this.#context.properties[property[1]!] = property[2]!
    } else if (text === '# LOAD' || text === '# RUN') {
      this.#marked = text === '# LOAD' ? 'load' : 'run'
    } else if (text !== '' && !/^(\*{3}|\[|#)/.test(text)) {
      return `neither an operation nor a client's other output: "${text.slice(0, 40)}"`
    }
    this.#context.report.otherLines++
    return null
  }

  #operation(verb: Verb, { text, bytes }: Line): string | null {
    this.#fields ??= new FieldNames(this.#properties)
    const open = text.indexOf(' [ ')
    const words = (open < 0 ? text : text.slice(0, open)).trimEnd().split(' ')
    const scans = verb === 'SCAN' ? 1 : 0
    const isShort = open < 0 && !(verb === 'DELETE' && words.length === 3)
    const keyIndex = isShort ? 1 : 2
    if (words.length !== keyIndex + 1 + scans) return `${words.length} words before the fields`
    const keyStart = words.slice(0, keyIndex).join(' ').length + 1
    const scanLength = scans === 0 ? 0 : wholeNumber(words.at(-1))
    if (scanLength < 0) return `scan length "${words.at(-1)}" is not a whole number`
    const inner = open < 0 ? null : fieldsText(text, open)
    if (inner === null && open >= 0) return 'the fields are not closed by "]"'
    const phase = this.#marked ?? (this.#properties.dotransactions === 'false' ? 'load' : 'run')
    this.#context.beginPhase(phase, this.#fields.names)
    const keyEnd = keyStart + words[keyIndex]!.length
    const operation = this.#context.begin(KINDS[verb], bytes, keyStart, keyEnd)
    operation.scanLength = scanLength
    if (verb === 'UPDATE' || verb === 'INSERT') return this.#write(verb, bytes, inner)
    if (inner !== null) {
      const index = this.#fields.readIndex(inner.text)
      if (index === undefined) return `unknown field "${inner.text.trim()}"`
      operation.readFieldIndex = index
    }
    this.#context.add()
    return null
  }

  #write(verb: 'UPDATE' | 'INSERT', bytes: Uint8Array, inner: FieldsText | null): string | null {
    const context = this.#context
    const fields = this.#fields!
    const whole = verb === 'INSERT' || this.#properties.writeallfields === 'true'
    if (inner === null) {
      if (!whole) context.operation.fieldIndex = 0
      context.report.note('writes without values: lengths by the properties, content made up')
      context.addUnknownValue(whole ? fields.recordBytes : fields.lengthBytes)
      return null
    }
    const found = fields.cut(inner.text)
    if (typeof found === 'string') return found
    const [first] = found
    if (whole || found.length > 1) {
      context.add(encodeRecord(found.map((at) => fieldAt(at, fields, bytes, inner.start))))
    } else {
      context.operation.fieldIndex = first!.index
      context.add(fieldAt(first!, fields, bytes, inner.start).value)
    }
    return null
  }
}

interface FieldsText {
  readonly text: string
  /** Byte of the line at which it begins. */
  readonly start: number
}

/** What stands between "[ " and "]". */
function fieldsText(text: string, open: number): FieldsText | null {
  if (!text.endsWith(']')) return null
  const start = open + ' [ '.length
  return { text: text.slice(start, -1), start }
}

/** Where a field's value lies in the text of the fields. */
interface FieldPlace {
  readonly index: number
  readonly start: number
  readonly end: number
}

function fieldAt(place: FieldPlace, fields: FieldNames, line: Uint8Array, from: number): Field {
  const value = line.subarray(from + place.start, from + place.end)
  return { name: fields.encoded[place.index]!, value }
}

class FieldNames {
  readonly names: readonly string[]
  readonly encoded: readonly Uint8Array[]
  /** Of a field by the properties; YCSB's default is 100. */
  readonly lengthBytes: number
  readonly #indexes: ReadonlyMap<string, number>
  readonly #lengthsVary: boolean

  constructor(properties: Readonly<Record<string, string>>) {
    const count = wholeNumber(properties.fieldcount)
    const length = wholeNumber(properties.fieldlength)
    const prefix = properties.fieldnameprefix ?? 'field'
    this.names = Array.from({ length: count < 1 ? 10 : count }, (_, i) => prefix + i)
    const encoder = new TextEncoder()
    this.encoded = this.names.map((name) => encoder.encode(name))
    this.lengthBytes = length < 0 ? 100 : length
    this.#indexes = new Map(this.names.map((name, index) => [name, index]))
    this.#lengthsVary = (properties.fieldlengthdistribution ?? 'constant') !== 'constant'
  }

  get recordBytes(): number {
    return this.encoded.reduce((sum, { length }) => sum + fieldBytes(length, this.lengthBytes), 0)
  }

  readIndex(text: string): number | undefined {
    const name = text.trim()
    return name === ALL_FIELDS_TEXT ? ALL_FIELDS : this.#indexes.get(name)
  }

  /** The fields of `text`, `name=value ` each; a reason where it is no such text. */
  cut(text: string): readonly FieldPlace[] | string {
    const byLength = this.#lengthsVary ? null : this.#cutByLength(text)
    return byLength ?? this.#cutByName(text)
  }

  #cutByLength(text: string): readonly FieldPlace[] | null {
    const places: FieldPlace[] = []
    for (let at = 0; at < text.length; ) {
      const equals = text.indexOf('=', at)
      const index = this.#indexes.get(text.slice(at, equals))
      const start = equals + 1
      const end = start + this.lengthBytes
      if (index === undefined || equals < 0 || text[end] !== ' ') return null
      places.push({ index, start, end })
      at = end + 1
    }
    return places.length === 0 ? null : places
  }

  #cutByName(text: string): readonly FieldPlace[] | string {
    const places: FieldPlace[] = []
    const unseen = new Set(this.names)
    for (let at = 0; at < text.length; ) {
      const name = text.slice(at, text.indexOf('=', at))
      if (!unseen.delete(name)) return `unknown or repeated field "${name.slice(0, 40)}"`
      const start = at + name.length + 1
      const end = nextField(text, start, unseen)
      if (text[end] !== ' ') return `field "${name}" is not followed by a space`
      places.push({ index: this.#indexes.get(name)!, start, end })
      at = end + 1
    }
    return places.length === 0 ? 'a write without fields' : places
  }
}

/** Where the value that begins at `start` ends: before the next ` name=`, or the last space. */
function nextField(text: string, start: number, unseen: ReadonlySet<string>): number {
  for (let space = text.indexOf(' ', start); space >= 0; space = text.indexOf(' ', space + 1)) {
    if (space === text.length - 1) return space
    const equals = text.indexOf('=', space)
    if (equals >= 0 && unseen.has(text.slice(space + 1, equals))) return space
  }
  return text.length
}
