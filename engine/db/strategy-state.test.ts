/** A strategy's state is part of the tree: it is as durable as the merge that came with it. */

import { expect, test } from 'vitest'
import type { Json } from '../base/json.ts'
import type { CompactionStrategy } from '../compaction/strategy.ts'
import { Ledger } from '../storage/ledger.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import { bytes, everyNth, openTest } from '../testing/fixtures.ts'
import { Interleaving, type Schedule, schedulesFrom } from '../testing/interleavings.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'

const INITIAL = 'initial'

/**
 * Merges every two runs; its state becomes `next` of the one before. Lists the states it is shown.
 */
function counting(name: string, next: (state: Json) => Json) {
  const seen: Json[] = []
  const merging = everyNth(2)
  const strategy = {
    ...merging,
    name,
    initialState: INITIAL,
    pick(view) {
      seen.push(view.state)
      const spec = merging.pick(view as never)
      return spec === null ? null : { ...spec, nextState: next(view.state) }
    },
  } as CompactionStrategy<Json> as unknown as CompactionStrategy
  return { strategy, seen }
}

/** One more table, so that the strategy is asked. */
function addTable(db: Database): void {
  const batch = new WriteBatch()
  batch.put(bytes('k'), bytes(`${db.lastSeq}`))
  db.writeSync(batch)
  db.flush()
}

const killed = (storage: MemoryStorage) =>
  storage.powerLoss({ bytes: 'lost', names: 'lost' }, new Ledger())

const [INLINE, SEEDED] = schedulesFrom(9, 1) as [Schedule, Schedule]

test.each([
  [true, INLINE],
  [false, INLINE],
  [true, SEEDED],
  [false, SEEDED],
])('the state is restored at every reopen (after a close: %s, jobs %s)', (closes, schedule) => {
  const interleaving = new Interleaving(schedule)
  /** Falsy ones too, which are states as any other. */
  const states: readonly Json[] = [0, false, '', null, [], { guards: ['a', 'b'] }, 7]
  let storage: MemoryStorage | undefined
  let last: Json = INITIAL
  for (const state of states) {
    const { strategy, seen } = counting('counting', () => state)
    const opened = openTest({
      strategy,
      ...interleaving.open(),
      ...(storage === undefined ? {} : { storage: storage as never }),
    })
    const { merges } = opened.db.metrics()
    while (opened.db.metrics().merges === merges) addTable(opened.db)
    expect(seen[0]).toEqual(last)
    expect(seen.at(-1)).toEqual(state)
    last = state
    storage = closes ? opened.storage : killed(opened.storage)
    if (closes) opened.db.close()
  }
})

test('the state survives opens that merge nothing', () => {
  const { strategy } = counting('counting', () => 'merged')
  const { db, storage } = openTest({ strategy })
  for (let table = 0; table < 4; table++) addTable(db)
  db.close()
  for (let time = 0; time < 3; time++) openTest({ storage, strategy: everyNth(9) }).db.close()
  const again = counting('counting', () => 'again')
  const { db: last } = openTest({ storage, strategy: again.strategy })
  addTable(last)
  expect(again.seen[0]).toBe('merged')
  last.close()
})

test('another strategy starts with its initial state, and so does the first one afterwards', () => {
  const first = counting('first', () => 'of the first')
  const { db, storage } = openTest({ strategy: first.strategy })
  for (let table = 0; table < 4; table++) addTable(db)
  db.close()
  const second = counting('second', () => 'of the second')
  const { db: other } = openTest({ storage, strategy: second.strategy })
  for (let table = 0; table < 4; table++) addTable(other)
  expect([second.seen[0], second.seen.at(-1)]).toEqual([INITIAL, 'of the second'])
  other.close()
  const again = counting('first', () => 'of the first')
  const { db: back } = openTest({ storage, strategy: again.strategy })
  addTable(back)
  expect(again.seen[0]).toBe(INITIAL)
  back.close()
})
