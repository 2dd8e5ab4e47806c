/**
 * Owns the adversary's oracle: the keys, the value that each must have at a moment, and the
 * comparison of a database with it by gets, by scans in both directions, and by a cursor opened
 * before.
 */

import { assert } from '../../base/assert.ts'
import { compareBytes } from '../../base/compare.ts'
import type { Cursor } from '../../db/cursor.ts'
import type { Database } from '../../db/database.ts'
import type { Snapshot } from '../../db/snapshots.ts'
import { printKey } from '../../version/text.ts'
import { bytes, text } from '../fixtures.ts'

/**
 * The empty key, NUL, 0xff, keys that are prefixes of others, and two dozen plain ones; ascending.
 */
export const KEYS: readonly Uint8Array[] = [
  new Uint8Array(),
  Uint8Array.of(0),
  Uint8Array.of(0, 0),
  ...Array.from({ length: 24 }, (_, n) => bytes(`k${String(n).padStart(2, '0')}`)),
  bytes('k23\0'),
  Uint8Array.of(0xff),
  Uint8Array.of(0xff, 0xff),
].sort(compareBytes)

interface Written {
  readonly seq: number
  /** Null if deleted. */
  readonly value: string | null
  readonly atMs: number
}
/** By the index of the key in `KEYS`. */
export type State = (Written | undefined)[]

/** Throws if `db` does not read as `state`, now or at the snapshot. */
export function compareReads(db: Database, state: State, snapshot?: Snapshot): void {
  const at = snapshot === undefined ? {} : { snapshot }
  const moment = snapshot === undefined ? 'now' : `at ${snapshot.seq}`
  const live: number[] = []
  KEYS.forEach((key, index) => {
    const value = state[index]?.value ?? null
    if (value !== null) live.push(index)
    const got = db.get(key, at)
    const found = got === undefined ? null : text(got)
    if (found === value) return
    throw new Error(`get ${printKey(key)} ${moment} is ${found}, the oracle says ${value}`)
  })
  for (const reverse of [false, true]) {
    const left = reverse ? live.toReversed() : [...live]
    for (const [key, value] of db.scan({ ...at, reverse })) {
      const index = left.shift()
      const isNext = index !== undefined && compareBytes(KEYS[index]!, key) === 0
      if (isNext && state[index]?.value === text(value)) continue
      throw new Error(`a scan ${moment} shows ${printKey(key)}, the oracle key ${index}`)
    }
    assert(left.length === 0, `a scan ${moment} misses keys ${left.join()}`)
  }
}

/** Checks that the cursor, from its first entry on, shows `state`. */
export function compareCursor(cursor: Cursor, state: State): void {
  KEYS.forEach((key, index) => {
    const value = state[index]?.value ?? null
    if (value === null) return
    const same = cursor.valid && compareBytes(cursor.key(), key) === 0
    assert(same && text(cursor.value()) === value, `a held cursor loses key ${index}`)
    cursor.next()
  })
  assert(!cursor.valid, 'a held cursor ends with the state it began with')
}
