/**
 * Owns the cache traces of Twitter and Meta. Both are CSV with one row per request, and have sizes
 * instead of values, so the value bytes are made up. Rows are split at commas; nothing in these
 * files is quoted. Keys may contain any bytes, and keep them.
 *
 * Twitter (github.com/twitter/cache-trace, no header): timestamp in seconds, key, key size, value
 * size, client, operation, TTL. A key may contain commas, so a row is parsed from both ends.
 *
 * Meta (CacheLib's kvcache): the header names the columns, which differ from year to year. A row
 * stands for `op_count` requests.
 */

import { OPERATION_KIND, type OperationKind } from '../../operation.ts'
import {
  checkedValueBytes,
  type ForeignReader,
  type ImportContext,
  lineReader,
  sizedKey,
  wholeNumber,
} from './foreign-reader.ts'
import type { Line } from './lines.ts'

const { read, update, insert, readModifyWrite } = OPERATION_KIND
const NS_PER_SECOND = 1e9
const PHASE = 'run'

/** `append`, `incr` and similar operations read the existing value. */
const TWITTER_KINDS: ReadonlyMap<string, OperationKind> = new Map([
  ['get', read],
  ['gets', read],
  ['set', update],
  ['add', insert],
  ['replace', update],
  ['cas', update],
  ['append', readModifyWrite],
  ['prepend', readModifyWrite],
  ['incr', readModifyWrite],
  ['decr', readModifyWrite],
  ['delete', OPERATION_KIND.delete],
])
const TWITTER_COLUMNS_MIN = 7

export function twitterReader(path: string, context: ImportContext): ForeignReader {
  return lineReader(path, context.report, ({ text, bytes }) => {
    if (text === '') return other(context)
    const columns = text.split(',')
    if (columns.length < TWITTER_COLUMNS_MIN) {
      return `${columns.length} columns; a request has ${TWITTER_COLUMNS_MIN}`
    }
    const [keySize, valueSize, , verb] = columns.slice(-5)
    const key = columnBytes(bytes, columns, 1, columns.length - 5)
    const seconds = wholeNumber(columns[0])
    const kind = TWITTER_KINDS.get(verb!)
    const keyBytes = wholeNumber(keySize)
    const valueBytes = wholeNumber(valueSize)
    if (seconds < 0) return `timestamp "${columns[0]}" is not whole seconds`
    if (kind === undefined) return `unknown operation "${verb}"`
    if (keyBytes < 0) return `key size "${keySize}" is not a whole number`
    if (valueBytes < 0) return `value size "${valueSize}" is not a whole number`
    if (key.length === 0) return 'the key is empty'
    request(context, { kind, key, keyBytes, valueBytes, seconds, count: 1 })
    return null
  })
}

const KVCACHE_KINDS: ReadonlyMap<string, OperationKind> = new Map([
  ['GET', read],
  ['GET_LEASE', read],
  ['SET', update],
  ['SET_LEASE', update],
  ['DELETE', OPERATION_KIND.delete],
])
const KVCACHE_COLUMNS = ['key', 'op', 'size', 'op_count', 'key_size'] as const

export function kvcacheReader(path: string, context: ImportContext): ForeignReader {
  let header: ReadonlyMap<string, number> | null = null
  return lineReader(path, context.report, (line) => {
    if (line.text === '') return other(context)
    if (header !== null) return kvcacheRow(line, header, context)
    header = new Map(line.text.split(',').map((name, index) => [name.trim(), index]))
    const missing = KVCACHE_COLUMNS.find((name) => !header!.has(name))
    if (missing === undefined) return other(context)
    header = null
    return `no column "${missing}" in the header`
  })
}

/** Each request becomes an operation. A larger number is not a plausible count. */
const OP_COUNT_MAX = 10_000_000

function kvcacheRow(
  { text, bytes }: Line,
  header: ReadonlyMap<string, number>,
  context: ImportContext,
): string | null {
  const columns = text.split(',')
  if (columns.length !== header.size) {
    return `${columns.length} columns where the header has ${header.size}`
  }
  const column = (name: string) => columns[header.get(name) ?? -1]
  const keyIndex = header.get('key')!
  const key = columnBytes(bytes, columns, keyIndex, keyIndex + 1)
  const kind = KVCACHE_KINDS.get(column('op')!)
  const keyBytes = wholeNumber(column('key_size'))
  const valueBytes = wholeNumber(column('size'))
  const count = wholeNumber(column('op_count'))
  const seconds = header.has('op_time') ? wholeNumber(column('op_time')) : null
  if (kind === undefined) return `unknown operation "${column('op')}"`
  if (keyBytes < 0) return `key_size "${column('key_size')}" is not a whole number`
  if (valueBytes < 0) return `size "${column('size')}" is not a whole number`
  if (count < 1 || count > OP_COUNT_MAX) {
    return `op_count "${column('op_count')}" is not a whole number from 1 to ${OP_COUNT_MAX}`
  }
  if (seconds !== null && seconds < 0) return `op_time "${column('op_time')}" is not whole seconds`
  if (key.length === 0) return 'the key is empty'
  request(context, { kind, key, keyBytes, valueBytes, seconds, count })
  return null
}

/** Bytes of the line from column `start` up to `end`, including the commas between. Borrowed. */
function columnBytes(
  line: Uint8Array,
  columns: readonly string[],
  start: number,
  end: number,
): Uint8Array {
  let from = 0
  for (let i = 0; i < start; i++) from += columns[i]!.length + 1
  let to = from - 1
  for (let i = start; i < end; i++) to += columns[i]!.length + 1
  return line.subarray(from, to)
}

interface CacheRequest {
  readonly kind: OperationKind
  readonly key: Uint8Array
  readonly keyBytes: number
  readonly valueBytes: number
  /** Null if the trace has no clock. */
  readonly seconds: number | null
  readonly count: number
}

function request(context: ImportContext, given: CacheRequest): void {
  const { kind, key, keyBytes, valueBytes, seconds, count } = given
  context.beginPhase(PHASE, [])
  const bytes = sizedKey(key, keyBytes)
  checkedValueBytes(valueBytes)
  if (bytes.length !== keyBytes) context.report.note('keys longer than the size their row gives')
  const writes = kind === update || kind === insert || kind === readModifyWrite
  for (let i = 0; i < count; i++) {
    context.begin(kind, bytes)
    if (seconds !== null) context.arrive(seconds, NS_PER_SECOND)
    if (writes) context.addUnknownValue(valueBytes)
    else context.add()
  }
}

function other(context: ImportContext): null {
  context.report.otherLines++
  return null
}
