/**
 * Owns what a serializable transaction has read: keys, and ranges of keys. A range counts as read
 * whether or not it held entries, so that an entry which appears in it later is noticed (a
 * phantom). Invariant: a scan's range covers exactly what the scan has gone over so far.
 */

import { copyRange } from '../base/copy.ts'
import { SortedEntries } from './sorted-entries.ts'

/** Keys from `lower`, inclusive, to `upper`, exclusive. Undefined: no bound. */
export interface KeySpan {
  readonly lower?: Uint8Array | undefined
  readonly upper?: Uint8Array | undefined
}

export class ReadSet {
  readonly #keys = new SortedEntries<null>()
  readonly #scans: ScannedSpan[] = []

  /** Copies `key`. */
  addKey(key: Uint8Array): void {
    if (this.#keys.get(key) === undefined)
      this.#keys.set({ key: Uint8Array.from(key), value: null })
  }

  /** A scan of `span` that begins now, at its largest key if `reverse`. Keeps the bounds. */
  addScan(span: KeySpan, reverse: boolean): ScannedSpan {
    const scan = new ScannedSpan(span, reverse)
    this.#scans.push(scan)
    return scan
  }

  *keys(): Generator<Uint8Array, void, undefined> {
    for (const { key } of this.#keys) yield key
  }

  /** The spans that scans have gone over. */
  *spans(): Generator<KeySpan, void, undefined> {
    for (const scan of this.#scans) {
      const span = scan.covered()
      if (span !== null) yield span
    }
  }
}

/** The part of its bounds that a scan has gone over. */
export class ScannedSpan {
  readonly #span: KeySpan
  readonly #reverse: boolean
  /** The latest key, and how many bytes of it count; −1 before the first. */
  #key = new Uint8Array(0)
  #keyLength = -1
  #isComplete = false

  constructor(span: KeySpan, reverse: boolean) {
    this.#span = span
    this.#reverse = reverse
  }

  /** The scan has shown this key. Copies it. */
  reached(bytes: Uint8Array, start: number, length: number): void {
    if (length > this.#key.length) this.#key = new Uint8Array(2 * length)
    copyRange(this.#key, 0, bytes, start, length)
    this.#keyLength = length
  }

  /** The scan has found nothing more within its bounds. */
  complete(): void {
    this.#isComplete = true
  }

  /** Null if the scan has not looked at anything. */
  covered(): KeySpan | null {
    if (this.#isComplete) return this.#span
    if (this.#keyLength < 0) return null
    if (this.#reverse) {
      return { lower: this.#key.slice(0, this.#keyLength), upper: this.#span.upper }
    }
    const behind = new Uint8Array(this.#keyLength + 1)
    copyRange(behind, 0, this.#key, 0, this.#keyLength)
    return { lower: this.#span.lower, upper: behind }
  }
}
