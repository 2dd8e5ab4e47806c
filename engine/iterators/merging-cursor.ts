/**
 * Owns the merge of N cursors into one in internal order: a tree of losers (Knuth, TAOCP vol. 3,
 * §5.4.1). A step replays one comparison per level of the tree, ⌈log₂ N⌉ in total.
 *
 *          winner            `#losers[0]` is the winner; an inner node n ≥ 1 holds the loser of
 *            1               the match played there, its children are 2n and 2n + 1, and leaf
 *          /   \             N + i stands for child i. N need not be a power of two.
 *         2     3
 *        / \   / \           Equal (key, seq) go to the earlier child: children come newest first.
 *
 * Invariant: going forward, every child is at its first entry that is not before the current one.
 * Going backward, every child is at its last entry that is not after it. A change of direction
 * restores this first. The cursor is invalid during a move, so a move that throws leaves it
 * invalid.
 */

import { assert } from '../base/assert.ts'
import { compareRanges } from '../base/compare.ts'
import { CursorFields, type InternalCursor } from '../base/internal-cursor.ts'
import { SEQ_NUM_MAX } from '../base/internal-key.ts'
import { showEntry } from './show-entry.ts'

const NOBODY = -1

export class MergingCursor extends CursorFields implements InternalCursor {
  readonly #children: readonly InternalCursor[]
  readonly #losers: Int32Array
  #backward = false

  /** `children`, newest first. This cursor then owns them. */
  constructor(children: readonly InternalCursor[]) {
    super()
    this.#children = children
    this.#losers = new Int32Array(Math.max(1, children.length))
  }

  seekToFirst(): void {
    this.valid = false
    for (const child of this.#children) child.seekToFirst()
    this.#play(false)
    this.#show()
  }

  seekToLast(): void {
    this.valid = false
    for (const child of this.#children) child.seekToLast()
    this.#play(true)
    this.#show()
  }

  seek(userKey: Uint8Array, seq: number): void {
    this.valid = false
    for (const child of this.#children) child.seek(userKey, seq)
    this.#play(false)
    this.#show()
  }

  next(): void {
    assert(this.valid, 'next needs a valid cursor')
    this.valid = false
    if (this.#backward) this.#turnForward()
    this.#children[this.#losers[0]!]!.next()
    this.#replay()
    this.#show()
  }

  prev(): void {
    assert(this.valid, 'prev needs a valid cursor')
    this.valid = false
    if (!this.#backward) this.#turnBackward()
    this.#children[this.#losers[0]!]!.prev()
    this.#replay()
    this.#show()
  }

  /** Index of the child that has the current entry. Requires `valid`. */
  get current(): number {
    return this.#losers[0]!
  }

  /**
   * Moves only the current child, to its first entry at or after `key`: its entries on the way are
   * not shown. Requires `valid`, after a move forward.
   */
  moveCurrentTo(key: Uint8Array): void {
    assert(this.valid && !this.#backward, 'the cursor goes forward')
    this.valid = false
    this.#children[this.current]!.seek(key, SEQ_NUM_MAX)
    this.#replay()
    this.#show()
  }

  /** As `moveCurrentTo`, to the last entry before `key`, after a move backward. */
  moveCurrentBefore(key: Uint8Array): void {
    assert(this.valid && this.#backward, 'the cursor goes backward')
    this.valid = false
    const child = this.#children[this.current]!
    child.seek(key, SEQ_NUM_MAX)
    if (child.valid) child.prev()
    else child.seekToLast()
    this.#replay()
    this.#show()
  }

  /** Moves every other child to its first entry after the current one. */
  #turnForward(): void {
    const winner = this.#losers[0]!
    const key = this.#currentKey()
    this.#children.forEach((child, index) => {
      if (index === winner) return
      child.seek(key, this.seq)
      if (index < winner && child.valid && this.#isCurrent(child)) child.next()
    })
    this.#play(false)
  }

  /** Moves every other child to its last entry before the current one. */
  #turnBackward(): void {
    const winner = this.#losers[0]!
    const key = this.#currentKey()
    this.#children.forEach((child, index) => {
      if (index === winner) return
      child.seek(key, this.seq)
      if (!child.valid) child.seekToLast()
      else if (index > winner || !this.#isCurrent(child)) child.prev()
    })
    this.#play(true)
  }

  /** A view. It stays valid while the winner rests and the others move. */
  #currentKey(): Uint8Array {
    return this.keyBytes.subarray(this.keyStart, this.keyStart + this.keyLength)
  }

  #isCurrent(child: InternalCursor): boolean {
    return child.seq === this.seq && compareKeys(child, this) === 0
  }

  /**
   * Plays all matches again: each child climbs to the first node where nobody waits, and waits
   * there.
   */
  #play(backward: boolean): void {
    this.#backward = backward
    const losers = this.#losers
    const count = this.#children.length
    losers.fill(NOBODY)
    for (let index = 0; index < count; index++) this.#climb(index, (count + index) >>> 1)
  }

  /** Replays the winner's matches after the winner moved. */
  #replay(): void {
    const winner = this.#losers[0]!
    this.#climb(winner, (this.#children.length + winner) >>> 1)
  }

  #climb(contender: number, fromNode: number): void {
    const losers = this.#losers
    for (let node = fromNode; node > 0; node >>>= 1) {
      const opponent = losers[node]!
      if (opponent === NOBODY) {
        losers[node] = contender
        return
      }
      if (this.#beats(opponent, contender)) {
        losers[node] = contender
        contender = opponent
      }
    }
    losers[0] = contender
  }

  /**
   * Whether child `a` comes before child `b` in the current direction. Exhausted children come
   * last.
   */
  #beats(a: number, b: number): boolean {
    const left = this.#children[a]!
    const right = this.#children[b]!
    if (!left.valid || !right.valid) return left.valid
    const order = compareKeys(left, right) || right.seq - left.seq || a - b
    return this.#backward ? order > 0 : order < 0
  }

  /** Shows the winner's entry, at the end of every move. */
  #show(): void {
    const winner = this.#losers[0]!
    const child = winner === NOBODY ? undefined : this.#children[winner]
    this.valid = child?.valid ?? false
    if (this.valid) showEntry(this, child!)
  }
}

function compareKeys(a: InternalCursor, b: InternalCursor): number {
  return compareRanges(a.keyBytes, a.keyStart, a.keyLength, b.keyBytes, b.keyStart, b.keyLength)
}
