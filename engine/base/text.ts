/**
 * Owns text as files of other programs hold it: UTF-8 with or without a byte order mark, lines ended
 * by a line feed or, from Windows editors, a carriage return and a line feed. Invariant: a reader of
 * text sees neither the mark nor the carriage returns.
 */
import { invalidArgument } from './errors.ts'

const MARK = [0xef, 0xbb, 0xbf] as const
const MARK_TEXT = '\ufeff'
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The plain text in `bytes`. Throws `LSM_INVALID_ARGUMENT` where they are UTF-16. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw invalidArgument('the text is UTF-16; save it as UTF-8')
  }
  return plainText(decoder.decode(bytes))
}

/** `text` without a byte order mark and with lines ended by line feeds alone. */
export function plainText(text: string): string {
  const unmarked = text.startsWith(MARK_TEXT) ? text.slice(1) : text
  return unmarked.includes('\r\n') ? unmarked.replaceAll('\r\n', '\n') : unmarked
}

/** The beginning of a file without its byte order mark: a view of `bytes`. */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  return MARK.every((byte, at) => bytes[at] === byte) ? bytes.subarray(MARK.length) : bytes
}
