/**
 * Owns what a serializable transaction has read: keys, and ranges of keys. A range counts as read
 * whether or not it held entries, so that an entry which appears in it later is noticed (a
 * phantom). Invariant: the ranges cover exactly what scans and cursors have gone over so far
 * (`read-trace.ts`), except what open ones have read since their last seek.
 */

import { ReadTrace } from './read-trace.ts'
import { SortedEntries } from './sorted-entries.ts'
import { type KeySpan, SpanSet } from './span-set.ts'

export class ReadSet {
  readonly #keys = new SortedEntries<null>()
  readonly #spans = new SpanSet()

  /** Copies `key`. */
  addKey(key: Uint8Array): void {
    if (this.#keys.get(key) === undefined)
      this.#keys.set({ key: Uint8Array.from(key), value: null })
  }

  /** The trace of a new cursor within the bounds, which must not change. */
  trace(bounds: KeySpan): ReadTrace {
    return new ReadTrace(this.#spans, bounds)
  }

  *keys(): Generator<Uint8Array, void, undefined> {
    for (const { key } of this.#keys) yield key
  }

  /** What was gone over: disjoint, ascending. */
  spans(): Iterable<KeySpan> {
    return this.#spans
  }

  /** How many spans are kept. */
  get spanCount(): number {
    return this.#spans.count
  }
}
