/**
 * Owns the reading of YCSB's `BasicDB` text: the output of its client with properties and
 * statistics, the output of `ycsb-text.ts`, and the short form `VERB key [scan length]`. A
 * read-modify-write was printed as READ and UPDATE, and remains these two.
 *
 * Keys and values are the unchanged bytes of the line; properties are UTF-8. The client's other
 * output is recognised and skipped. A line that is neither an operation nor such output is
 * malformed.
 */

import { OPERATION_KIND } from '../../operation.ts'
import { encodeRecord, type Field } from '../../record-codec.ts'
import { type FieldPlace, fieldPropertyFault, YcsbFields } from '../ycsb-fields.ts'
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
const PROPERTY = /^"([^"]*)"="(.*)"$/s
/** Only spaces: a key may end in any other byte. */
const TRAILING_SPACES = / +$/
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function ycsbReader(path: string, context: ImportContext): ForeignReader {
  const lines = new YcsbLines(context)
  return lineReader(path, context.report, (line) => lines.parse(line))
}

class YcsbLines {
  readonly #context: ImportContext
  readonly #properties: Record<string, string> = {}
  #fields: YcsbFields | null = null
  /** The last phase mark. Without marks, the properties determine the phase. */
  #marked: 'load' | 'run' | null = null

  constructor(context: ImportContext) {
    this.#context = context
  }

  parse(line: Line): string | null {
    const verb = VERBS.find((name) => line.text.startsWith(`${name} `))
    return verb === undefined ? this.#other(line) : this.#operation(verb, line)
  }

  #other({ text, bytes }: Line): string | null {
    if (PROPERTY.test(text)) {
      const fault = this.#property(bytes)
      if (fault !== null) return fault
    } else if (text === '# LOAD' || text === '# RUN') {
      this.#marked = text === '# LOAD' ? 'load' : 'run'
    } else if (text !== '' && !/^(\*{3}|\[|#)/.test(text)) {
      return `neither an operation nor a client's other output: "${text.slice(0, 40)}"`
    }
    this.#context.report.otherLines++
    return null
  }

  #property(bytes: Uint8Array): string | null {
    let text = ''
    try {
      text = UTF8.decode(bytes)
    } catch {
      return 'a property that is not UTF-8'
    }
    const [, name, value] = PROPERTY.exec(text)!
    const fault = fieldPropertyFault(name!, value!)
    if (fault !== null) return fault
    this.#properties[name!] = value!
    this.#context.properties[name!] = value!
    return null
  }

  #operation(verb: Verb, { text, bytes }: Line): string | null {
    this.#fields ??= new YcsbFields(this.#properties)
    // After "VERB table ", where the key starts; the key itself may be "[".
    const open = text.indexOf(' [ ', text.indexOf(' ', verb.length + 1) + 1)
    const words = (open < 0 ? text : text.slice(0, open)).replace(TRAILING_SPACES, '').split(' ')
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
  /** The byte of the line at which it starts. */
  readonly start: number
}

/** The text between "[ " and "]". */
function fieldsText(text: string, open: number): FieldsText | null {
  if (!text.endsWith(']')) return null
  const start = open + ' [ '.length
  return { text: text.slice(start, -1), start }
}

function fieldAt(place: FieldPlace, fields: YcsbFields, line: Uint8Array, from: number): Field {
  const value = line.subarray(from + place.start, from + place.end)
  return { name: fields.encoded[place.index]!, value }
}
