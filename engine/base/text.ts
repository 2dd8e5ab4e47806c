/**
 * Owns reading text from files of other programs: UTF-8 with or without a byte order mark, with
 * lines that end in a line feed or, from Windows editors, in a carriage return and a line feed.
 * Invariant: a reader of text sees neither the mark nor these carriage returns.
 */
import { invalidArgument } from './errors.ts'

const MARK = [0xef, 0xbb, 0xbf] as const
const MARK_TEXT = '\ufeff'
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The plain text in `bytes`. Throws `LSM_INVALID_ARGUMENT` if they are UTF-16. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw invalidArgument('the text is UTF-16; save it as UTF-8')
  }
  return plainText(decoder.decode(bytes))
}

/** `text` without a byte order mark and with every line end as a single line feed. */
export function plainText(text: string): string {
  const unmarked = text.startsWith(MARK_TEXT) ? text.slice(1) : text
  return unmarked.includes('\r\n') ? unmarked.replaceAll('\r\n', '\n') : unmarked
}

/** The start of a file without its byte order mark, as a view of `bytes`. */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  return MARK.every((byte, at) => bytes[at] === byte) ? bytes.subarray(MARK.length) : bytes
}
