/**
 * Owns what the model knows of one transaction, and the comparison of its scans and cursors.
 * Invariant: the model knows exactly which keys were read, so it finds conflicts that are missed
 * and those that have no reason.
 */

import type { Savepoint, Transaction } from '../../db/transaction.ts'
import type { Isolation } from '../../transaction/validation.ts'
import { bytes, text } from '../fixtures.ts'
import { type CursorMove, KEYS, SORTED } from './transaction-steps.ts'

/** The value of each key that has one. */
export type State = ReadonlyMap<string, string>

/** What the model knows of one transaction. */
export class ModelledTransaction {
  readonly isolation: Isolation
  /** How many commits it sees. */
  readonly commitsSeen: number
  readonly #snapshot: State
  /** Null is a deletion. */
  writes = new Map<string, string | null>()
  readonly reads = new Set<string>()
  readonly savepoints: {
    readonly savepoint: Savepoint
    readonly writes: ModelledTransaction['writes']
  }[] = []
  readonly transaction: Transaction

  constructor(transaction: Transaction, commitsSeen: number, snapshot: State) {
    this.transaction = transaction
    this.isolation = transaction.isolation
    this.commitsSeen = commitsSeen
    this.#snapshot = new Map(snapshot)
  }

  /** The value that the transaction sees, and no trace of the read. */
  seen(name: string): string | undefined {
    const written = this.writes.get(name)
    return written === undefined ? this.#snapshot.get(name) : (written ?? undefined)
  }

  read(name: string): string | undefined {
    if (!this.writes.has(name)) this.reads.add(name)
    return this.seen(name)
  }

  conflicts(commits: ReadonlyMap<string, number>): boolean {
    if (this.writes.size === 0) return false
    const reads = this.isolation === 'serializable' ? this.reads : []
    return [...this.writes.keys(), ...reads].some(
      (name) => (commits.get(name) ?? 0) > this.commitsSeen,
    )
  }
}

/** Compares a scan, and tells the model which keys it went over. */
export function compareScan(
  modelled: ModelledTransaction,
  bounds: readonly [string, string],
  { reverse, limit, taken }: { reverse: boolean; limit: number; taken: number },
): void {
  const [from, to] = bounds.toSorted((a, b) => SORTED.indexOf(a) - SORTED.indexOf(b))
  const range = SORTED.slice(SORTED.indexOf(from!), SORTED.indexOf(to!))
  if (reverse) range.reverse()
  const there = range.filter((name) => modelled.seen(name) !== undefined)
  const wanted = there.slice(0, Math.min(limit, taken))
  const found: unknown[] = []
  const options = { gte: bytes(from!), lt: bytes(to!), reverse, limit }
  using pairs = modelled.transaction.scan(options)
  let isDone = false
  while (found.length < taken && !isDone) {
    const { value, done } = pairs.next()
    if (done === true) isDone = true
    else found.push([text(value[0]), text(value[1])])
  }
  compare(
    found,
    wanted.map((name) => [name, modelled.seen(name)]),
  )
  const isWhole = isDone && wanted.length === there.length && wanted.length < limit
  const last = isWhole ? range.length : range.indexOf(wanted.at(-1) ?? '') + 1
  for (const name of range.slice(0, last)) modelled.reads.add(name)
}

/** Compares the moves of a cursor, and tells the model which keys each went over. */
export function compareCursor(
  modelled: ModelledTransaction,
  bounds: readonly [from: string | null, to: string | null],
  moves: readonly CursorMove[],
  closes: boolean,
): void {
  const [a, b] = bounds
  const [from, to] =
    a !== null && b !== null && SORTED.indexOf(a) > SORTED.indexOf(b) ? [b, a] : [a, b]
  const cursor = modelled.transaction.cursor({
    ...(from === null ? {} : { gte: bytes(from) }),
    ...(to === null ? {} : { lt: bytes(to) }),
  })
  const first = from === null ? 0 : SORTED.indexOf(from)
  const end = to === null ? SORTED.length : SORTED.indexOf(to)
  const model = new ModelledCursor(modelled, SORTED.slice(first, end))
  for (const [kind, key] of moves) {
    if ((kind === 'next' || kind === 'prev') && !cursor.valid) continue
    if (kind === 'seek' || kind === 'seekForPrev') cursor[kind](bytes(KEYS[key]!))
    else cursor[kind]()
    const expected = model.move(kind, key === undefined ? '' : KEYS[key]!)
    const found = cursor.valid ? [text(cursor.key()), text(cursor.value())] : null
    compare(found, expected === null ? null : [expected, modelled.seen(expected)])
  }
  if (closes) cursor.close()
}

/** A cursor over the names of a range. */
class ModelledCursor {
  readonly #modelled: ModelledTransaction
  readonly #range: readonly string[]
  #at = 0

  constructor(modelled: ModelledTransaction, range: readonly string[]) {
    this.#modelled = modelled
    this.#range = range
  }

  /** The name that the move ends at, or null. */
  move(kind: CursorMove[0], key: string): string | null {
    const rank = SORTED.indexOf(key)
    const range = this.#range
    switch (kind) {
      case 'seekToFirst':
        return this.#goUp(0)
      case 'seekToLast':
        return this.#goDown(range.length - 1)
      case 'seek':
        return this.#goUp(range.filter((name) => SORTED.indexOf(name) < rank).length)
      case 'seekForPrev':
        return this.#goDown(range.findLastIndex((name) => SORTED.indexOf(name) <= rank))
      case 'next':
        return this.#goUp(this.#at + 1)
      case 'prev':
        return this.#goDown(this.#at - 1)
    }
  }

  #goUp(from: number): string | null {
    for (this.#at = from; this.#at < this.#range.length; this.#at++) {
      if (this.#isSeen()) return this.#range[this.#at]!
    }
    return null
  }

  #goDown(from: number): string | null {
    for (this.#at = from; this.#at >= 0; this.#at--) {
      if (this.#isSeen()) return this.#range[this.#at]!
    }
    return null
  }

  /** Reads the name at the current place: also one without a value counts as read. */
  #isSeen(): boolean {
    const name = this.#range[this.#at]!
    this.#modelled.reads.add(name)
    return this.#modelled.seen(name) !== undefined
  }
}

/** A value as the model has it. */
export function shown(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : text(value)
}

/** Throws unless both are equal as JSON. */
export function compare(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`the database says ${a}, the model ${b}`)
}
