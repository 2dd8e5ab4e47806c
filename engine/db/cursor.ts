/**
 * Owns the public cursor and its bounds. Invariant: from creation to `close` a cursor sees one
 * moment of the database, whatever is written, flushed or compacted meanwhile.
 */

import { invalidArgument } from '../base/errors.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import type { SeqNum } from '../base/internal-key.ts'
import { VisibleCursor } from '../iterators/visible-cursor.ts'
import type { Snapshot } from './snapshots.ts'

export interface KeyBounds {
  readonly gte?: Uint8Array
  readonly gt?: Uint8Array
  readonly lte?: Uint8Array
  readonly lt?: Uint8Array
}

export interface ReadOptions {
  /** The moment to read at; now, when absent. */
  readonly snapshot?: Snapshot
}

export interface ScanOptions extends KeyBounds, ReadOptions {
  /** From the largest key down. */
  readonly reverse?: boolean
  /** At most so many entries. */
  readonly limit?: number
}

/**
 * Steps over the visible entries between two bounds. Fields and moves are those of `VisibleCursor`:
 * nothing is allocated per step, and key and value are borrowed until the next move.
 */
export class Cursor extends VisibleCursor implements Disposable {
  #release: (() => void) | null

  constructor(child: InternalCursor, seq: SeqNum, bounds: KeyBounds, release: () => void) {
    super(child, { seq, ...halfOpen(bounds) })
    this.#release = release
  }

  /** An owned copy of the current key. */
  key(): Uint8Array {
    return this.keyBytes.slice(this.keyStart, this.keyStart + this.keyLength)
  }

  /** An owned copy of the current value. */
  value(): Uint8Array {
    return this.valueBytes.slice(this.valueStart, this.valueStart + this.valueLength)
  }

  /** Lets go of the tables it kept. Idempotent. */
  close(): void {
    this.#release?.()
    this.#release = null
    this.valid = false
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** [lower, upper) of any combination of bounds; both of a side are a mistake. */
function halfOpen({ gte, gt, lte, lt }: KeyBounds): { lower?: Uint8Array; upper?: Uint8Array } {
  if (gte !== undefined && gt !== undefined) throw invalidArgument('gte and gt exclude each other')
  if (lte !== undefined && lt !== undefined) throw invalidArgument('lte and lt exclude each other')
  const lower = gte ?? (gt === undefined ? undefined : successor(gt))
  const upper = lt ?? (lte === undefined ? undefined : successor(lte))
  return {
    ...(lower === undefined ? {} : { lower }),
    ...(upper === undefined ? {} : { upper }),
  }
}

/** The smallest key after `key`. */
function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
