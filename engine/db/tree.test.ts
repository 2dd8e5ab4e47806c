import { expect, test } from 'vitest'
import type { Json } from '../base/json.ts'
import type { CompactionStrategy } from '../compaction/strategy.ts'
import type { MemoryStorage } from '../storage/memory-storage.ts'
import { everyNth, openTest } from '../testing/fixtures.ts'
import { killed, put } from '../testing/log-fixtures.ts'

/** Merges every two runs, counts its merges in its state, and notes the states it was shown. */
function counting(name = 'counting') {
  const shown: Json[] = []
  const merging = everyNth(2)
  const strategy: CompactionStrategy<Json> = {
    ...(merging as CompactionStrategy<Json>),
    name,
    initialState: 0,
    pick(view) {
      shown.push(view.state)
      const spec = merging.pick(view as never)
      return spec === null ? null : { ...spec, nextState: (view.state as number) + 1 }
    },
  }
  return { strategy: strategy as CompactionStrategy, shown }
}

/** Opens, makes `runs` runs, and returns what the strategy was shown. */
function run(storage: MemoryStorage | undefined, runs: number, name?: string) {
  const { strategy, shown } = counting(name)
  const opened = openTest({ strategy, ...(storage === undefined ? {} : { storage }) })
  for (let index = 0; index < runs; index++) {
    put(opened.db, `key${index}`, `${index}`)
    opened.db.flush()
  }
  return { ...opened, shown }
}

test('a strategy sees the state of its last pick, also after closes and kills', () => {
  // Runs 2 and 4 are merged, and then what they made: three merges.
  const first = run(undefined, 4)
  expect(first.shown).toEqual([0, 0, 1, 1, 1, 2, 3])
  first.db.close()
  const second = run(first.storage, 2)
  expect(second.shown[0]).toBe(3)
  const merges = second.db.metrics().merges
  const third = run(killed(second.storage), 1)
  expect(third.shown[0]).toBe(3 + merges)
  third.db.close()
})

test('another strategy begins with its initial state', () => {
  const first = run(undefined, 4)
  first.db.close()
  const other = run(first.storage, 1, 'other')
  expect(other.shown[0]).toBe(0)
  other.db.close()
})
