/**
 * Owns the form of keys and values in the shell: a line is split into words, and each word is
 * bytes. What `showBytes` prints, `readLine` reads back as the same bytes.
 *
 *   word    text without blanks; \x00 \n \r \t \\ \" \' and "\ " are escapes
 *   "…"     with blanks and the same escapes;  '…' as it stands
 *   0x…     bytes in hex
 *   --name=word, --name   options, where they are not quoted
 */
import { UsageError } from '../../base/usage-error.ts'

export interface Word {
  readonly bytes: Uint8Array
  /** The text as typed, if no part of it was quoted or escaped; otherwise null. */
  readonly bare: string | null
}

export interface Line {
  readonly words: readonly Word[]
  /** The options by name; an option without a value has an empty word. */
  readonly options: ReadonlyMap<string, Word>
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, 0: 0 }
const PLAIN = /^[\p{L}\p{N}!$%&*+,./:;<=>?@^_`{|}~[\]-]+$/u
const HEX = /^0x[0-9a-f]*$/i
const OPTION = /^--([a-z-]+)(?:=|(?=\s|$))/
/** What a reader of text puts in place of bytes that are not UTF-8. */
const UNREADABLE = '\ufffd'
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The words and options of a line. Throws `UsageError`. */
export function readLine(text: string): Line {
  if (text.includes(UNREADABLE)) {
    throw new UsageError('the line has bytes that are not UTF-8; write them as \\xff or 0xff')
  }
  const words: Word[] = []
  const options = new Map<string, Word>()
  let at = skipBlanks(text, 0)
  while (at < text.length) {
    const [whole, name] = OPTION.exec(text.slice(at)) ?? []
    const reader = new WordReader(text, at + (whole?.length ?? 0))
    const word = reader.read()
    at = skipBlanks(text, reader.at)
    if (name === undefined) words.push(word)
    else if (options.has(name)) throw new UsageError(`--${name} is given twice`)
    else options.set(name, word)
  }
  return { words, options }
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && isBlank(text[at]!)) at++
  return at
}

const isBlank = (character: string) => character === ' ' || character === '\t'

class WordReader {
  readonly #text: string
  at: number
  readonly #bytes: number[] = []
  #isBare = true

  constructor(text: string, at: number) {
    this.#text = text
    this.at = at
  }

  read(): Word {
    const start = this.at
    while (this.at < this.#text.length && !isBlank(this.#text[this.at]!)) {
      const character = this.#text[this.at]!
      if (character === '"') this.#quoted('"')
      else if (character === "'") this.#quoted("'")
      else if (character === '\\') this.#escape()
      else this.#add()
    }
    const bare = this.#isBare ? this.#text.slice(start, this.at) : null
    const isHex = bare !== null && /^0x/i.test(bare)
    return { bytes: isHex ? bytesOfHex(bare) : Uint8Array.from(this.#bytes), bare }
  }

  #quoted(end: string): void {
    this.#isBare = false
    const start = this.at++
    while (this.#text[this.at] !== end) {
      if (this.at >= this.#text.length) {
        throw new UsageError(`the quote at column ${start + 1} is not closed`)
      }
      if (end === '"' && this.#text[this.at] === '\\') this.#escape()
      else this.#add()
    }
    this.at++
  }

  #escape(): void {
    this.#isBare = false
    const column = this.at + 1
    const [, hex] = /^\\x([0-9a-f]{2})/i.exec(this.#text.slice(this.at, this.at + 4)) ?? []
    if (hex !== undefined) {
      this.#bytes.push(Number.parseInt(hex, 16))
      this.at += 4
      return
    }
    const name = this.#text[this.at + 1]
    if (name === undefined || name === 'x') {
      throw new UsageError(`column ${column}: an escape is \\x and two hex digits, or \\\\`)
    }
    this.at++
    const byte = ESCAPES[name]
    if (byte === undefined && /[a-z0-9]/i.test(name)) {
      throw new UsageError(`column ${column}: unknown escape \\${name}; write \\\\${name}`)
    }
    if (byte === undefined) {
      this.#add()
    } else {
      this.#bytes.push(byte)
      this.at++
    }
  }

  /** Takes the next character as it is. */
  #add(): void {
    const character = String.fromCodePoint(this.#text.codePointAt(this.at)!)
    this.#bytes.push(...encoder.encode(character))
    this.at += character.length
  }
}

function bytesOfHex(text: string): Uint8Array {
  if (!HEX.test(text)) throw new UsageError(`${text} is not hex; quote it if it is text: "${text}"`)
  if (text.length % 2 !== 0) throw new UsageError(`${text}: hex needs two digits a byte`)
  return Uint8Array.from({ length: text.length / 2 - 1 }, (_, index) =>
    Number.parseInt(text.slice(2 * index + 2, 2 * index + 4), 16),
  )
}

/** Bytes as one word: as text, quoted if need be, if they are UTF-8 to be shown; else as hex. */
export function showBytes(bytes: Uint8Array): string {
  const text = textOf(bytes)
  if (text === null) return `0x${Array.from(bytes, hexOf).join('')}`
  if (PLAIN.test(text) && !/^(0x|--|#)/i.test(text)) return text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what cannot be shown.
  const unseen = /[\\"\x00-\x1f\x7f]/g
  return `"${text.replace(unseen, escapeOf)}"`
}

function textOf(bytes: Uint8Array): string | null {
  try {
    const text = decoder.decode(bytes)
    // Other unseen characters, such as those that change the direction of text.
    return /[\p{Cf}\p{Co}\p{Cn}\u0080-\u009f\p{Zl}\p{Zp}]/u.test(text) ? null : text
  } catch {
    return null
  }
}

function escapeOf(character: string): string {
  if (character === '\\' || character === '"') return `\\${character}`
  const name = { '\n': 'n', '\r': 'r', '\t': 't' }[character]
  return `\\${name ?? `x${hexOf(character.charCodeAt(0))}`}`
}

const hexOf = (byte: number) => byte.toString(16).padStart(2, '0')

/** The smallest key above all keys with this prefix; null if there is none. */
export function endOfPrefix(prefix: Uint8Array): Uint8Array | null {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 255) length--
  if (length === 0) return null
  const end = prefix.slice(0, length)
  end[length - 1]!++
  return end
}
