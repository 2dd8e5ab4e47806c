/**
 * Owns what the calls of an open database may be asked for, and the check of it. Invariant: an option
 * that is misspelt, or of a wrong kind, is refused; it is never ignored nor read as something else.
 */

import { bytesIn, checkFlag, checkOptions, checkWhole } from '../base/arguments.ts'
import { invalidArgument } from '../base/errors.ts'
import type { Snapshot } from './snapshots.ts'

/** Options of `write`, `writeSync`, `put` and `delete`. */
export interface WriteOptions {
  /** Acknowledge only when the write survives a power loss. Default: handed to the system. */
  readonly sync?: boolean
}

/** Copied when the call is made. */
export interface KeyBounds {
  readonly gte?: Uint8Array
  readonly gt?: Uint8Array
  readonly lte?: Uint8Array
  readonly lt?: Uint8Array
}

/** Options of `get` and `has`, and of every scan. */
export interface ReadOptions {
  /** The moment to read at, taken from the same database; now, when absent. */
  readonly snapshot?: Snapshot
}

/** Options of `scan`: bounds, direction, number of entries. */
export interface ScanOptions extends KeyBounds, ReadOptions {
  /** From the largest key down. */
  readonly reverse?: boolean
  /** At most so many entries: a whole number, or `Infinity`, which is the default. */
  readonly limit?: number
}

/** Options of `scanAsync`: those of `scan`, and how far values are read ahead. */
export interface AsyncScanOptions extends ScanOptions {
  /** Entries whose values are read ahead; 0: each value when it is reached. Default 32. */
  readonly prefetch?: number
}

/** Entries read ahead are kept in memory. */
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
const ASYNC_SCAN_OPTIONS = [
  ...SCAN_OPTIONS,
  'prefetch',
] as const satisfies readonly (keyof AsyncScanOptions)[]

/** Whether the write is to survive a power loss. */
export function wantsSync(options: WriteOptions | undefined, call: string): boolean {
  if (options === undefined) return false
  const { sync = false } = checkOptions(options, WRITE_OPTIONS, call)
  checkFlag(sync, 'sync')
  return sync
}

export function checkReadOptions(options: ReadOptions, call: string): void {
  checkOptions(options, READ_OPTIONS, call)
}

export function checkCursor(bounds: KeyBounds | undefined, options: ReadOptions | undefined): void {
  if (bounds !== undefined) checkOptions(bounds, BOUNDS, "cursor's bounds")
  if (options !== undefined) checkReadOptions(options, 'cursor')
}

/** A checked copy, as of the call. */
export function checkScan(options: ScanOptions): ScanOptions {
  const copy = checkOptions(options, SCAN_OPTIONS, 'scan')
  checkSteps(copy)
  return copy
}

/** A checked copy, as of the call. */
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

/** Lower bound inclusive, upper exclusive. */
export interface HalfOpenRange {
  readonly lower?: Uint8Array
  readonly upper?: Uint8Array
}

/** [lower, upper) of any combination of bounds, owned; both of a side are `LSM_INVALID_ARGUMENT`. */
export function halfOpen({ gte, gt, lte, lt }: KeyBounds): HalfOpenRange {
  if (gte !== undefined && gt !== undefined) throw invalidArgument('gte and gt exclude each other')
  if (lte !== undefined && lt !== undefined) throw invalidArgument('lte and lt exclude each other')
  const lower = gte === undefined ? bound(gt, 'gt', 1) : bound(gte, 'gte', 0)
  const upper = lt === undefined ? bound(lte, 'lte', 1) : bound(lt, 'lt', 0)
  return {
    ...(lower === undefined ? {} : { lower }),
    ...(upper === undefined ? {} : { upper }),
  }
}

/** A copy of `key` with so many zero bytes after it: with one it is the smallest key that follows. */
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
