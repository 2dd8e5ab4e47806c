/**
 * Owns a set of keys as disjoint spans, to which spans are added one by one. Invariant: no two
 * spans overlap or adjoin, because an added span becomes one with those that it meets. So a scan in
 * many pieces costs the memory of one span.
 */

import { compareBytes, keyAfter } from '../base/compare.ts'
import { SortedEntries } from './sorted-entries.ts'

/** Keys from `lower`, inclusive, to `upper`, exclusive. Undefined: no bound. */
export interface KeySpan {
  readonly lower?: Uint8Array | undefined
  readonly upper?: Uint8Array | undefined
}

/** The smallest key. */
const FIRST_KEY = new Uint8Array(0)

export class SpanSet {
  /** The upper bound of each span by its lower one; null: no upper bound. */
  readonly #uppers = new SortedEntries<Uint8Array | null>()

  /** Number of disjoint spans. */
  get count(): number {
    return this.#uppers.count
  }

  /** Adds the keys of the span, which may be none. Takes the bounds. */
  add({ lower: from = FIRST_KEY, upper: to }: KeySpan): void {
    let lower = from
    let upper = to ?? null
    if (isEmpty(lower, upper)) return
    const before = this.#uppers.lastUpTo(lower)
    if (before !== undefined && reaches(before.value, lower)) lower = before.key
    // The last of those that begin within the span may reach beyond it.
    for (const key of this.#uppers.keysBetween(lower, upper === null ? null : keyAfter(upper))) {
      const known = this.#uppers.get(key)!.value
      if (upper !== null && reaches(known, upper)) upper = known
      this.#uppers.delete(key)
    }
    this.#uppers.set({ key: lower, value: upper })
  }

  /** The spans, ascending. */
  *[Symbol.iterator](): Generator<KeySpan, void, undefined> {
    for (const { key, value } of this.#uppers) {
      yield { lower: key.length === 0 ? undefined : key, upper: value ?? undefined }
    }
  }
}

function isEmpty(lower: Uint8Array, upper: Uint8Array | null): boolean {
  return upper !== null && compareBytes(lower, upper) >= 0
}

/** Whether a span with this upper bound has all keys before `key`, from its lower bound on. */
function reaches(upper: Uint8Array | null, key: Uint8Array): boolean {
  return upper === null || compareBytes(upper, key) >= 0
}
