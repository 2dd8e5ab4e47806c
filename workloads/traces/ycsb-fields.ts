/**
 * Parses the fields of a record in YCSB's `BasicDB` text, using the text's properties: the fields'
 * names, and where each value ends. Values contain spaces, `=` and brackets, so a value is cut at
 * the length that the properties give. If lengths vary, it ends at the next ` name=` of a field not
 * yet seen.
 *
 * Texts here are lines as Latin-1, so that a character is a byte. Names are matched by their UTF-8
 * bytes.
 */

import { ALL_FIELDS } from '../operation.ts'
import { fieldBytes } from '../record-codec.ts'

export const ALL_FIELDS_TEXT = '<all fields>'
/** The largest number of fields in our workloads. */
const FIELD_COUNT_MAX = 10_000
/** YCSB's defaults. */
const DEFAULT = { count: 10, lengthBytes: 100, prefix: 'field' } as const
const WHOLE_NUMBER = /^\d{1,15}$/

/** Where a field's value is in the text of the fields. */
export interface FieldPlace {
  readonly index: number
  readonly start: number
  readonly end: number
}

/**
 * The reason why the property cannot shape records; null if it can, or if it does not concern them.
 */
export function fieldPropertyFault(name: string, value: string): string | null {
  if (name !== 'fieldcount' && name !== 'fieldlength') return null
  if (!WHOLE_NUMBER.test(value)) return `property ${name}: "${value}" is not a whole number`
  const isCount = name === 'fieldcount'
  if (!isCount || (Number(value) >= 1 && Number(value) <= FIELD_COUNT_MAX)) return null
  return `property ${name}: ${value} fields; it takes 1 to ${FIELD_COUNT_MAX}`
}

export class YcsbFields {
  readonly names: readonly string[]
  readonly encoded: readonly Uint8Array[]
  /** Length of a field according to the properties. */
  readonly lengthBytes: number
  /** Indexes by the name's bytes as Latin-1. */
  readonly #indexes: ReadonlyMap<string, number>
  readonly #lengthsVary: boolean

  /** Properties that `fieldPropertyFault` refuses count as absent. */
  constructor(properties: Readonly<Record<string, string>>) {
    const number = (name: 'fieldcount' | 'fieldlength', preset: number) => {
      const value = properties[name]
      const usable = value !== undefined && fieldPropertyFault(name, value) === null
      return usable ? Number(value) : preset
    }
    const prefix = properties.fieldnameprefix ?? DEFAULT.prefix
    const count = number('fieldcount', DEFAULT.count)
    this.names = Array.from({ length: count }, (_, i) => prefix + i)
    const encoder = new TextEncoder()
    this.encoded = this.names.map((name) => encoder.encode(name))
    this.lengthBytes = number('fieldlength', DEFAULT.lengthBytes)
    this.#indexes = new Map(this.encoded.map((name, index) => [latin1(name), index]))
    this.#lengthsVary = (properties.fieldlengthdistribution ?? 'constant') !== 'constant'
  }

  /** Bytes of a whole record according to the properties. */
  get recordBytes(): number {
    return this.encoded.reduce((sum, { length }) => sum + fieldBytes(length, this.lengthBytes), 0)
  }

  /** Index of the field in a read's text: `name ` or all fields; undefined for an unknown name. */
  readIndex(text: string): number | undefined {
    const name = text.endsWith(' ') ? text.slice(0, -1) : text
    return name === ALL_FIELDS_TEXT ? ALL_FIELDS : this.#indexes.get(name)
  }

  /**
   * The fields of `text`, which is `name=value ` for each; a reason if the text has another form.
   */
  cut(text: string): readonly FieldPlace[] | string {
    const byLength = this.#lengthsVary ? null : this.#cutByLength(text)
    return byLength ?? this.#cutByName(text)
  }

  #cutByLength(text: string): readonly FieldPlace[] | null {
    const places: FieldPlace[] = []
    for (let at = 0; at < text.length; ) {
      const name = this.#nameAt(text, at)
      if (name === undefined) return null
      const start = at + name.length + 1
      const end = start + this.lengthBytes
      if (text[end] !== ' ') return null
      places.push({ index: this.#indexes.get(name)!, start, end })
      at = end + 1
    }
    return places.length === 0 ? null : places
  }

  #cutByName(text: string): readonly FieldPlace[] | string {
    const places: FieldPlace[] = []
    const unseen = new Set(this.#indexes.keys())
    for (let at = 0; at < text.length; ) {
      const name = this.#nameAt(text, at)
      if (name === undefined || !unseen.delete(name)) {
        const shown = Buffer.from(text.slice(at, text.indexOf('=', at)), 'latin1').toString()
        return `unknown or repeated field "${shown.slice(0, 40)}"`
      }
      const start = at + name.length + 1
      const end = this.#valueEnd(text, start, unseen)
      if (text[end] !== ' ') return `field "${name}" is not followed by a space`
      places.push({ index: this.#indexes.get(name)!, start, end })
      at = end + 1
    }
    return places.length === 0 ? 'a write without fields' : places
  }

  /**
   * The field whose `name=` is at `at`. Names may contain `=`, because a name is matched as a
   * whole.
   */
  #nameAt(text: string, at: number): string | undefined {
    for (let equals = text.indexOf('=', at); equals >= 0; equals = text.indexOf('=', equals + 1)) {
      const name = text.slice(at, equals)
      if (this.#indexes.has(name)) return name
      if (name.length > this.#nameCharsMax) return undefined
    }
    return undefined
  }

  get #nameCharsMax(): number {
    return this.encoded.at(-1)!.length
  }

  /**
   * Where the value that starts at `start` ends: before the next ` name=`, or at the last space.
   */
  #valueEnd(text: string, start: number, unseen: ReadonlySet<string>): number {
    for (let space = text.indexOf(' ', start); space >= 0; space = text.indexOf(' ', space + 1)) {
      if (space === text.length - 1) return space
      const name = this.#nameAt(text, space + 1)
      if (name !== undefined && unseen.has(name)) return space
    }
    return text.length
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
