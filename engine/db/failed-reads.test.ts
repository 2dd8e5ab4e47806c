/**
 * Tests reads that fail once during a walk: later steps show the right entries or an error, never
 * entries of another block, and the caller can act on the error.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { isLsmError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, everyNth, openTest } from '../testing/fixtures.ts'
import { Interleaving, type Schedule, schedulesFrom } from '../testing/interleavings.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Cursor } from './cursor.ts'
import type { Database } from './database.ts'

const coded = (code: string) => expect.objectContaining({ code })
const key = (n: number) => bytes(`key${String(n).padStart(3, '0')}`)
const KEYS = 200

type Pair = readonly [Uint8Array, Uint8Array]

/** Several runs of several tables of several blocks each, none of them cached, and a memtable. */
function lived(thresholdBytes: number | null, schedule: Schedule) {
  const interleaving = new Interleaving(schedule)
  const storage = new FaultStorage(new MemoryStorage(new Ledger()))
  const options = { blockCacheBytes: 0, compression: 'none', valueLog: { thresholdBytes } } as const
  const jobs = interleaving.open(options)
  const { db } = openTest({ storage: storage as never, strategy: everyNth(4), ...jobs })
  fill(db, interleaving, 1200)
  // What a table's open reads is not what fails here.
  return { db, storage, interleaving, pairs: [...db.scan()] as readonly Pair[] }
}

/** Jobs may end between the writes; those that are left run while reads fail. */
function fill(db: Database, interleaving: Interleaving, rounds: number): void {
  const random = createRandom(7)
  for (let round = 0; round < rounds; round++) {
    const batch = new WriteBatch()
    const k = key(random.nextBelow(KEYS))
    if (random.nextBelow(5) === 0) batch.delete(k)
    else batch.put(k, bytes(`${round}`.padEnd(random.nextBelow(90), '.')))
    db.writeSync(batch)
    interleaving.turn()
  }
}

/** Fails the read after `skips` others of `action`, and only that; returns whether one failed. */
function failing(storage: FaultStorage, skips: number, action: () => void): boolean {
  let left = skips
  const lift = storage.failWhen(({ operation }) => operation === 'read' && left-- === 0, 'EIO')
  try {
    action()
    return false
  } catch (error) {
    if (!isLsmError(error, 'LSM_IO')) throw error
    return true
  } finally {
    lift()
  }
}

type Move = 'next' | 'prev' | 'seekToFirst' | 'seekToLast' | 'seek' | 'seekForPrev'

interface Step {
  readonly move: Move
  readonly to: number
  /** Reads of the step that succeed before one fails; beyond the step's own: none does. */
  readonly skips: number
}

const steps = fc.array(
  fc.record<Step>({
    move: fc.constantFrom(
      'next',
      'next',
      'prev',
      'prev',
      'seek',
      'seekForPrev',
      'seekToFirst',
      'seekToLast',
    ),
    to: fc.nat(KEYS),
    skips: fc.oneof(fc.nat(4), fc.constant(1000)),
  }),
  { maxLength: 40, size: 'max' },
)

function moved(cursor: Cursor, { move, to }: Step): void {
  if (move === 'seek' || move === 'seekForPrev') cursor[move](key(to))
  else cursor[move]()
}

/** Where the move leads among the pairs from index `at`; outside of them: nowhere. */
function target(pairs: readonly Pair[], at: number, { move, to }: Step): number {
  switch (move) {
    case 'next':
      return at + 1
    case 'prev':
      return at - 1
    case 'seekToFirst':
      return 0
    case 'seekToLast':
      return pairs.length - 1
    case 'seek': {
      const found = pairs.findIndex(([k]) => compareBytes(k, key(to)) >= 0)
      return found < 0 ? pairs.length : found
    }
    case 'seekForPrev':
      return pairs.findLastIndex(([k]) => compareBytes(k, key(to)) <= 0)
  }
}

function expectNowhere(cursor: Cursor): void {
  expect(cursor.valid).toBe(false)
  for (const call of ['next', 'prev', 'key', 'value'] as const) {
    expect(() => cursor[call]()).toThrow(coded('LSM_INVALID_ARGUMENT'))
  }
}

function expectAt(cursor: Cursor, pair: Pair | undefined): void {
  if (pair === undefined) expectNowhere(cursor)
  else expect([cursor.key(), cursor.value()]).toEqual(pair)
}

const [INLINE, SEEDED] = schedulesFrom(7, 1) as [Schedule, Schedule]

describe.each([
  ['values in the tables', null, INLINE],
  ['values in the log', 40, INLINE],
  ['values in the tables', null, SEEDED],
  ['values in the log', 40, SEEDED],
])('%s, above %s bytes, jobs %s', (_, thresholdBytes, schedule) => {
  const { db, storage, pairs } = lived(thresholdBytes, schedule)

  test('a cursor is at no entry after a failed move, and correct after the next seek', () => {
    let failures = 0
    fc.assert(
      fc.property(steps, (walk) => {
        using cursor = db.cursor()
        let at = -1
        for (const step of walk) {
          if (!cursor.valid && (step.move === 'next' || step.move === 'prev')) continue
          const wanted = target(pairs, at, step)
          const hasFailed = failing(storage, step.skips, () => moved(cursor, step))
          if (!hasFailed) {
            at = wanted
            expectAt(cursor, pairs[at])
            continue
          }
          failures++
          expectNowhere(cursor)
          // The same once more, from where it was: no read fails, and nothing of the failed one is
          // left.
          if (step.move === 'next' || step.move === 'prev') cursor.seek(pairs[at]![0])
          moved(cursor, step)
          at = wanted
          expectAt(cursor, pairs[at])
        }
      }),
      // Memtables that wait for their flush are read without the storage.
      { numRuns: schedule === INLINE ? 60 : 150 },
    )
    expect(failures).toBeGreaterThan(100)
  })

  test('a get that failed succeeds the next time', () => {
    for (let n = 0; n < KEYS; n++) {
      const wanted = pairs.find(([k]) => compareBytes(k, key(n)) === 0)?.[1]
      for (let skips = 0; skips < 4; skips++) {
        failing(storage, skips, () => expect(db.get(key(n))).toEqual(wanted))
        expect(db.get(key(n))).toEqual(wanted)
      }
    }
  })

  test('a scan ends with the error and releases its tables', () => {
    const { db, storage, interleaving, pairs } = lived(thresholdBytes, schedule)
    for (const reverse of [false, true]) {
      for (let skips = 0; skips < 30; skips += 3) {
        const scan = db.scan({ reverse })
        const seen: Pair[] = []
        const hasFailed = failing(storage, skips, () => {
          for (const pair of scan) seen.push(pair)
        })
        expect(hasFailed).toBe(true)
        expect([...scan]).toEqual([])
        const ordered = reverse ? pairs.toReversed() : pairs
        expect(seen).toEqual(ordered.slice(0, seen.length))
      }
    }
    for (let round = 0; round < 20; round++) {
      fill(db, interleaving, 100)
      db.flush()
    }
    const tables = storage.list('/db').filter((name) => name.endsWith('.sst'))
    expect(tables).toHaveLength(db.version.totals.tables)
  })
})
