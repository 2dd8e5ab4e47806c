/**
 * Owns the options of reads and writes, and their checks. Invariant: an option that is misspelt or
 * of a wrong kind is refused; it is never ignored and never taken for something else.
 */

import { bytesIn, checkFlag, checkOptions, checkWhole, show } from '../base/arguments.ts'
import { compareBytes } from '../base/compare.ts'
import { invalidArgument } from '../base/errors.ts'
import type { Snapshot } from './snapshots.ts'

/** Options of `write`, `writeSync`, `put` and `delete`. */
export interface WriteOptions {
  /**
   * When the write is acknowledged. True: when it survives a power loss. False: when the operating
   * system has it, so that it survives the end of the process. 'interval': as false, and it
   * survives a power loss after `syncIntervalMs` at the latest. Default: 'interval' if the engine
   * option `syncIntervalMs` is set, else false.
   */
  readonly sync?: Durability
}

/** What `sync` of a write may be. */
export type Durability = boolean | 'interval'

/** The keys that a scan or cursor covers. They are copied when the call is made. */
export interface KeyBounds {
  readonly gte?: Uint8Array
  readonly gt?: Uint8Array
  readonly lte?: Uint8Array
  readonly lt?: Uint8Array
}

/** Options of `get`, `has` and every scan. */
export interface ReadOptions {
  /** A snapshot of the same database. Default: now. */
  readonly snapshot?: Snapshot
}

/** Options of `scan`: bounds, direction, number of entries. */
export interface ScanOptions extends KeyBounds, ReadOptions {
  /** Whether to go from the largest key down. Default false. */
  readonly reverse?: boolean
  /** The most entries to return: a whole number, or `Infinity`, which is the default. */
  readonly limit?: number
}

/** Options of a transaction's `scan`, which always reads at the transaction's snapshot. */
export type TransactionScanOptions = Omit<ScanOptions, 'snapshot'>

/** Options of `scanAsync`: those of `scan`, and how far to read ahead. */
export interface AsyncScanOptions extends ScanOptions {
  /**
   * Number of entries whose values are read ahead; 0 reads each value when it is reached. Default
   * 32.
   */
  readonly prefetch?: number
}

/** A limit, because entries that are read ahead are kept in memory. */
const PREFETCH_MAX = 1024 * 1024

const WRITE_OPTIONS = ['sync'] as const satisfies readonly (keyof WriteOptions)[]
const BOUNDS = ['gte', 'gt', 'lte', 'lt'] as const satisfies readonly (keyof KeyBounds)[]
const READ_OPTIONS = ['snapshot'] as const satisfies readonly (keyof ReadOptions)[]
const SCAN_OPTIONS = [
  ...BOUNDS,
  ...READ_OPTIONS,
  'reverse',
  'limit',
] as const satisfies readonly (keyof ScanOptions)[]
const TRANSACTION_SCAN_OPTIONS = [
  ...BOUNDS,
  'reverse',
  'limit',
] as const satisfies readonly (keyof TransactionScanOptions)[]
const ASYNC_SCAN_OPTIONS = [
  ...SCAN_OPTIONS,
  'prefetch',
] as const satisfies readonly (keyof AsyncScanOptions)[]

/** The `sync` that the caller asked for, if any. `LSM_INVALID_ARGUMENT` for bad options. */
export function wantsSync(options: WriteOptions | undefined, call: string): Durability | undefined {
  if (options === undefined) return undefined
  const { sync } = checkOptions(options, WRITE_OPTIONS, call)
  if (sync === undefined || typeof sync === 'boolean' || sync === 'interval') return sync
  throw invalidArgument(`sync must be true, false or 'interval', not ${show(sync)}`)
}

/** Copies of the keys of `getMany`. `LSM_INVALID_ARGUMENT` unless it is an array of keys. */
export function copiesOfKeys(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  if (!Array.isArray(keys)) throw invalidArgument(`keys must be an array, not ${show(keys)}`)
  return keys.map((key, index) => {
    bytesIn(key, `keys[${index}]`)
    return Uint8Array.from(key)
  })
}

export function checkReadOptions(options: ReadOptions, call: string): void {
  checkOptions(options, READ_OPTIONS, call)
}

export function checkCursor(bounds: KeyBounds | undefined, options: ReadOptions | undefined): void {
  if (bounds !== undefined) checkOptions(bounds, BOUNDS, "cursor's bounds")
  if (options !== undefined) checkReadOptions(options, 'cursor')
}

/** Returns a checked copy. */
export function checkScan(options: ScanOptions): ScanOptions {
  const copy = checkOptions(options, SCAN_OPTIONS, 'scan')
  checkSteps(copy)
  return copy
}

/** Returns a checked copy. */
export function checkTransactionScan(options: TransactionScanOptions): TransactionScanOptions {
  const copy = checkOptions(options, TRANSACTION_SCAN_OPTIONS, 'scan')
  checkSteps(copy)
  upright(halfOpen(copy), 'scan')
  return copy
}

/** The same range. `LSM_INVALID_ARGUMENT` if its lower bound is above its upper one. */
export function upright(range: HalfOpenRange, call: string): HalfOpenRange {
  const { lower, upper } = range
  if (lower !== undefined && upper !== undefined && compareBytes(lower, upper) > 0) {
    throw invalidArgument(`the ${call}'s lower bound is above its upper bound`)
  }
  return range
}

/** Returns a checked copy. */
export function checkAsyncScan(options: AsyncScanOptions): AsyncScanOptions {
  const copy = checkOptions(options, ASYNC_SCAN_OPTIONS, 'scanAsync')
  checkSteps(copy)
  if (copy.prefetch !== undefined) checkWhole(copy.prefetch, 'prefetch', 0, PREFETCH_MAX)
  return copy
}

function checkSteps({ reverse, limit }: ScanOptions): void {
  checkFlag(reverse, 'reverse')
  if (limit !== undefined && limit !== Number.POSITIVE_INFINITY) checkWhole(limit, 'limit')
}

/** The lower bound is inclusive, the upper one exclusive. */
export interface HalfOpenRange {
  readonly lower?: Uint8Array
  readonly upper?: Uint8Array
}

/** The bounds as [lower, upper), owned. Two bounds on one side are `LSM_INVALID_ARGUMENT`. */
export function halfOpen({ gte, gt, lte, lt }: KeyBounds): HalfOpenRange {
  if (gte !== undefined && gt !== undefined) throw invalidArgument('gte and gt exclude each other')
  if (lte !== undefined && lt !== undefined) throw invalidArgument('lte and lt exclude each other')
  const lower = gte === undefined ? bound(gt, 'gt', 1) : bound(gte, 'gte', 0)
  const upper = lt === undefined ? bound(lte, 'lte', 1) : bound(lt, 'lt', 0)
  return { ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) }
}

/** A copy of `key`, followed by a zero byte if asked: that is the smallest key after `key`. */
function bound(
  key: Uint8Array | undefined,
  name: keyof KeyBounds,
  zeroBytes: 0 | 1,
): Uint8Array | undefined {
  if (key === undefined) return undefined
  const copy = new Uint8Array(bytesIn(key, name) + zeroBytes)
  copy.set(key)
  return copy
}
