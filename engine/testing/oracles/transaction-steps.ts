/**
 * Owns the scripts of the model-based test of transactions: their steps, their keys, and how they
 * are drawn. Invariant: a script is plain data, so that a failing one can be shrunk and printed.
 */

import fc from 'fast-check'
import { compareBytes } from '../../base/compare.ts'
import type { Isolation } from '../../transaction/validation.ts'
import { bytes } from '../fixtures.ts'

/** `slot` names one of the transactions that are open at the same time. */
export type TransactionStep =
  | readonly ['begin', slot: number, isolation: Isolation]
  | readonly ['get', slot: number, key: number]
  | readonly ['has', slot: number, key: number]
  | readonly [
      'scan',
      slot: number,
      from: number,
      to: number,
      how: { readonly reverse: boolean; readonly limit: number; readonly taken: number },
    ]
  | readonly ['getMany', slot: number, keys: readonly number[]]
  /**
   * Bounds are [from, to), in their order; null is none. A cursor that is not closed ends with its
   * transaction.
   */
  | readonly [
      'cursor',
      slot: number,
      bounds: readonly [from: number | null, to: number | null],
      moves: readonly CursorMove[],
      closes: boolean,
    ]
  | readonly ['put', slot: number, key: number, length: number]
  | readonly ['delete', slot: number, key: number]
  | readonly ['deleteRange', slot: number, from: number, to: number]
  | readonly ['savepoint', slot: number]
  | readonly ['rollbackTo', slot: number, savepoint: number]
  | readonly ['release', slot: number, savepoint: number]
  | readonly ['rollback', slot: number]
  /** All are queued before any is committed: they form a group. */
  | readonly ['commit', slots: readonly number[], sync: boolean]
  | readonly ['commitSync', slot: number]
  | readonly ['write', key: number, length: number]
  | readonly ['erase', key: number]
  | readonly ['eraseRange', from: number, to: number]
  /** A table with a value of the first key and a deletion of the other, if that is another. */
  | readonly ['ingest', key: number, erased: number, length: number]
  | readonly ['flush']
  | readonly ['collect']
  | readonly ['reopen']

/** A move from an entry to a neighbour is left out while the cursor is at no entry. */
export type CursorMove =
  | readonly ['seekToFirst' | 'seekToLast' | 'next' | 'prev']
  | readonly ['seek' | 'seekForPrev', key: number]

const KEY_COUNT = 16
const SLOTS = 4

const key = fc.nat(KEY_COUNT - 1)
const slot = fc.nat(SLOTS - 1)
const bound = fc.option(key, { nil: null })
const length = fc.nat(200)
/** Of a savepoint; few transactions have several. */
const depth = fc.oneof(fc.constant(0), fc.nat(2))
const taken = fc.oneof(fc.constant(100), fc.nat(4))

const named = <Name extends string>(name: Name) => fc.constant(name)

const move: fc.Arbitrary<CursorMove> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('next' as const, 'next' as const, 'prev' as const)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('seekToFirst' as const, 'seekToLast' as const)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('seek' as const, 'seekForPrev' as const), key),
  },
)

type StepName = TransactionStep[0]

const STEPS: {
  readonly [Name in StepName]: fc.Arbitrary<TransactionStep & readonly [Name, ...unknown[]]>
} = {
  begin: fc.tuple(named('begin'), slot, fc.constantFrom<Isolation[]>('snapshot', 'serializable')),
  get: fc.tuple(named('get'), slot, key),
  has: fc.tuple(named('has'), slot, key),
  scan: fc.tuple(
    named('scan'),
    slot,
    key,
    key,
    fc.record({ reverse: fc.boolean(), limit: taken, taken }),
  ),
  getMany: fc.tuple(named('getMany'), slot, fc.array(key, { maxLength: 5 })),
  cursor: fc.tuple(
    named('cursor'),
    slot,
    fc.tuple(bound, bound),
    fc.array(move, { minLength: 1, maxLength: 8 }),
    fc.boolean(),
  ),
  put: fc.tuple(named('put'), slot, key, length),
  delete: fc.tuple(named('delete'), slot, key),
  deleteRange: fc.tuple(named('deleteRange'), slot, key, key),
  savepoint: fc.tuple(named('savepoint'), slot),
  rollbackTo: fc.tuple(named('rollbackTo'), slot, depth),
  release: fc.tuple(named('release'), slot, depth),
  rollback: fc.tuple(named('rollback'), slot),
  commit: fc.tuple(
    named('commit'),
    fc.uniqueArray(slot, { minLength: 1, maxLength: SLOTS }),
    fc.boolean(),
  ),
  commitSync: fc.tuple(named('commitSync'), slot),
  write: fc.tuple(named('write'), key, length),
  erase: fc.tuple(named('erase'), key),
  eraseRange: fc.tuple(named('eraseRange'), key, key),
  ingest: fc.tuple(named('ingest'), key, key, length),
  flush: fc.tuple(named('flush')),
  collect: fc.tuple(named('collect')),
  reopen: fc.tuple(named('reopen')),
}

type Weights = Readonly<Record<StepName, number>>

const WEIGHTS: Weights = {
  begin: 10,
  get: 6,
  has: 2,
  scan: 6,
  getMany: 2,
  cursor: 5,
  put: 14,
  delete: 6,
  deleteRange: 3,
  savepoint: 2,
  rollbackTo: 2,
  release: 1,
  rollback: 1,
  commit: 5,
  commitSync: 2,
  write: 4,
  erase: 2,
  eraseRange: 1,
  ingest: 1,
  flush: 1,
  collect: 1,
  reopen: 1,
}

/** Long transactions with many ranges and savepoints. */
export const RANGE_WEIGHTS: Weights = {
  ...WEIGHTS,
  scan: 8,
  cursor: 8,
  deleteRange: 12,
  savepoint: 6,
  rollbackTo: 6,
  commit: 1,
  flush: 0,
  collect: 0,
  reopen: 0,
}

/** Short transactions that read by cursors alone, so that each conflict comes from a cursor. */
export const CURSOR_WEIGHTS: Weights = {
  ...WEIGHTS,
  begin: 20,
  get: 0,
  has: 0,
  scan: 0,
  getMany: 0,
  cursor: 10,
  put: 8,
  delete: 0,
  deleteRange: 0,
  commitSync: 8,
  write: 12,
  flush: 0,
  collect: 0,
  reopen: 0,
}

/** Scripts of so many steps; `weights` say how often each comes. */
export function transactionScripts(
  steps: number,
  weights: Weights = WEIGHTS,
): fc.Arbitrary<readonly TransactionStep[]> {
  const names = Object.keys(STEPS) as StepName[]
  const step = fc.oneof(
    ...names.map((name) => ({ weight: weights[name], arbitrary: STEPS[name] })),
  ) as fc.Arbitrary<TransactionStep>
  return fc.array(step, { minLength: steps, maxLength: steps, size: 'max' })
}

/** The order of the keys is not that of their numbers, and some are prefixes of others. */
export const KEYS = Array.from(
  { length: KEY_COUNT },
  (_, n) => `${'k'.repeat(n % 3)}${(n * 7) % 16}`,
)
export const SORTED = KEYS.toSorted((a, b) => compareBytes(bytes(a), bytes(b)))

/** The keys from the smaller to the larger, that included; empty if they are equal. */
export function rangeOf(a: string, b: string): readonly string[] {
  const [from, to] = [SORTED.indexOf(a), SORTED.indexOf(b)].sort((x, y) => x - y)
  return from === to ? [] : SORTED.slice(from, to! + 1)
}
