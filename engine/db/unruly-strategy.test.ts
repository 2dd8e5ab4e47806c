import { expect, test } from 'vitest'
import type { CompactionSpec, TreeView } from '../compaction/strategy.ts'
import { everyNth, never, openTest, strategyOf } from '../testing/fixtures.ts'
import type { Run } from '../version/run.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { Database } from './database.ts'
import { verifyDatabase } from './offline/verify.ts'

const KEYS = 400
const key = (number: number) => new TextEncoder().encode(`key ${String(number).padStart(8, '0')}`)
const value = (number: number) => new Uint8Array(100).fill(number)

/** Writes every key twice, in an order that spreads; stops at the first error, which it returns. */
function load(db: Database): { readonly error: unknown; readonly written: number } {
  const batch = new WriteBatch()
  for (let at = 0; at < 2 * KEYS; at++) {
    batch.clear()
    batch.put(key((at * 37) % KEYS), value(at % 251))
    try {
      db.writeSync(batch)
    } catch (error) {
      return { error, written: at }
    }
  }
  return { error: null, written: 2 * KEYS }
}

function expectIntact(db: Database, written: number): void {
  const newest = new Map<number, number>()
  for (let at = 0; at < written; at++) newest.set((at * 37) % KEYS, at % 251)
  for (const [number, fill] of newest) expect(db.get(key(number))).toEqual(value(fill))
  expect([...db.scan()]).toHaveLength(newest.size)
}

// biome-ignore lint/suspicious/noExplicitAny: what a plugin without types may do.
type Anything = any
type Loose = { -readonly [Field in keyof TreeView]: Anything }

/** A sound strategy that does `harm` to its view once the tree has a second level. */
function harming(harm: (view: Loose, spec: CompactionSpec | null) => void) {
  const sound = everyNth(3)
  const isGrown = ({ version }: TreeView) => version.levels.length > 1
  return strategyOf('unruly', (view) => {
    const spec = sound.pick(view)
    if (isGrown(view)) harm(view as Loose, spec)
    return spec
  })
}

const deepest = (view: Loose): Run => view.version.levels.at(-1).runs[0]
const tablesIn = (view: Loose): Anything => deepest(view).chunks[0]!.tables

const HARMS: Record<string, [harm: (view: Loose) => void, told: RegExp]> = {
  'shrinks a largest key': [
    (view) => tablesIn(view)[0].largest.fill(0, 8),
    /changed the largest key of table \d+ in its view/,
  ],
  'writes into a smallest key': [
    (view) => tablesIn(view).at(-1).smallest.fill(255),
    /changed the smallest key of table \d+ in its view/,
  ],
  'writes into the key of a chunk': [
    (view) => (deepest(view) as Anything).chunks[0].largest.fill(0),
    /changed the largest key of table \d+ in its view/,
  ],
  'drops a level': [(view) => view.version.levels.pop(), /pick threw TypeError: .*read/],
  'empties a run': [(view) => view.version.levels[0].runs.splice(0), /threw TypeError/],
  'reorders tables': [(view) => tablesIn(view).reverse(), /threw TypeError: .*read only/],
  'drops a chunk': [(view) => (deepest(view) as Anything).chunks.pop(), /threw TypeError: .*read/],
  'moves where chunks begin': [
    (view) => {
      ;(deepest(view) as Anything).firstIndexes[0] = 7
    },
    /threw TypeError: .*read only/,
  ],
  'gives a table another number': [
    (view) => {
      tablesIn(view)[0].id = 1
    },
    /threw TypeError: .*'id'.*a view is only to be read/,
  ],
  'gives a table another key': [
    (view) => {
      tablesIn(view)[0].largest = tablesIn(view)[0].smallest
    },
    /threw TypeError: .*'largest'/,
  ],
  'changes totals of the tree': [
    (view) => {
      view.version.totals.tables = 0
    },
    /threw TypeError: .*'tables'/,
  ],
  'changes totals of a run': [
    (view) => delete (deepest(view) as Anything).totals.bytes,
    /TypeError/,
  ],
  'changes a filter': [
    (view) => {
      tablesIn(view)[0].filter.bitsPerKey = 0
    },
    /threw TypeError: .*'bitsPerKey'/,
  ],
  'adds value-log bytes': [(view) => tablesIn(view)[0].vlogBytes.push([1, 1]), /threw TypeError/],
  'adds a job': [(view) => view.inProgress.push({}), /threw TypeError/],
  'turns the clock': [
    (view) => {
      view.nowMs = 0
    },
    /threw TypeError: .*'nowMs'/,
  ],
  'hides the version': [(view) => Object.assign(view, { version: null }), /threw TypeError/],
}

test.each(Object.entries(HARMS))('a strategy that %s is stopped by name', (_, [harm, told]) => {
  const { db, storage } = openTest({ strategy: harming(harm) })
  const { error, written } = load(db)
  expect(error).toMatchObject({ code: 'LSM_UNSAFE_COMPACTION' })
  expect((error as Error).message).toMatch(/^strategy unruly: [^\n]+$/)
  expect((error as Error).message).toMatch(told)
  expectIntact(db, written)
  db.close()
  expect(verifyDatabase(storage, '/db').faults).toEqual([])
  const { db: again } = openTest({ storage, strategy: never })
  expectIntact(again, written)
  again.close()
})

test('a key changed later through an old view changes nothing and is reported', () => {
  let kept: Loose | null = null
  const { db } = openTest({ strategy: harming((view) => (kept ??= view)) })
  const before = load(db)
  expect(before.error).toBeNull()
  for (const level of kept!.version.levels) {
    for (const { chunks } of level.runs) for (const { tables } of chunks) tables[0].largest.fill(0)
  }
  expectIntact(db, before.written)
  db.close()
})

test('a changed key among thousands of tables is found within a bounded number of picks', () => {
  let picks = 0
  const strategy = strategyOf('unruly', (view) => {
    picks++
    const { tables } = (view.version.levels[0]?.runs[0] ?? { chunks: [] }).chunks[0] ?? {}
    if (picks === 60) (tables as Anything)[0].largest.fill(0)
    for (const { runs } of view.version.levels) for (const run of runs) void run.chunks
    return null
  })
  const { db } = openTest({ strategy })
  const batch = new WriteBatch()
  const told = () => {
    for (let at = 0; at < 1_000_000; at++) {
      batch.clear()
      batch.put(key(at), value(1))
      db.writeSync(batch)
    }
  }
  expect(told).toThrow(/strategy unruly: by the end of pick it has changed the largest key/)
  expect(picks).toBeLessThan(60 + 20)
  db.close()
})

test('a change of a spec after the answer has no effect', () => {
  const sound = everyNth(3)
  let answered: Anything = null
  const strategy = strategyOf('unruly', (view) => {
    if (answered !== null) {
      answered.inputs.length = 0
      answered.outputs[0].place.level = 61
      answered.reason.values.runs = Number.NaN
    }
    answered = structuredClone(sound.pick(view))
    return answered
  })
  const reasons: unknown[] = []
  const { db } = openTest({
    strategy,
    onEvent: (event) => 'reason' in event && event.kind === 'merge' && reasons.push(event.reason),
  })
  const { error, written } = load(db)
  expect(error).toBeNull()
  expect(reasons.length).toBeGreaterThan(3)
  for (const reason of reasons) expect(reason).toMatchObject({ values: { runs: 3 } })
  expectIntact(db, written)
  db.close()
})

test('a strategy that changes the state it was given is stopped, and the old state is kept', () => {
  const sound = everyNth(3)
  const strategy = {
    ...strategyOf('unruly', (view) => {
      const spec = sound.pick(view)
      if (spec === null) return null
      const state = view.state as { picks: number }
      state.picks++
      return { ...spec, nextState: state }
    }),
    initialState: { picks: 0 },
  }
  const { db } = openTest({ strategy })
  const { error, written } = load(db)
  expect((error as Error).message).toMatch(/^strategy unruly: pick threw TypeError: .*'picks'/)
  expect(strategy.initialState).toEqual({ picks: 0 })
  expectIntact(db, written)
  db.close()
})

test('a state from the folder is frozen too', () => {
  const sound = everyNth(3)
  const counting = strategyOf('unruly', (view) => {
    const spec = sound.pick(view)
    return spec === null ? null : { ...spec, nextState: { picks: 1 } }
  })
  const { db, storage } = openTest({ strategy: counting })
  expect(load(db).error).toBeNull()
  db.close()
  const changing = strategyOf('unruly', (view) => {
    ;(view.state as Anything).picks = 7
    return null
  })
  const { db: again } = openTest({ storage, strategy: changing })
  expect((load(again).error as Error).message).toMatch(/^strategy unruly: .*'picks'/)
  again.close()
})

test('a strategy may change the state object after its answer; it gets the answered state back', () => {
  const sound = everyNth(3)
  const mine = { picks: 0, log: [] as number[] }
  const seen: unknown[] = []
  const strategy = strategyOf('unruly', (view) => {
    const spec = sound.pick(view)
    if (spec === null) return null
    seen.push(structuredClone(view.state))
    mine.log.push(mine.picks++)
    return { ...spec, nextState: mine }
  })
  const { db } = openTest({ strategy })
  expect(load(db).error).toBeNull()
  expect(seen.slice(0, 3)).toEqual([null, { picks: 1, log: [0] }, { picks: 2, log: [0, 1] }])
  db.close()
})

test('a view may be cloned and printed', () => {
  const views: string[] = []
  const { db } = openTest({
    strategy: harming((view) => {
      const { tableStats: _, ...data } = view
      const cloned = structuredClone(data)
      expect(cloned.version.levels.at(-1)!.runs[0]!.chunks[0].tables.length).toBeGreaterThan(0)
      views.push(JSON.stringify(data))
    }),
  })
  expect(load(db).error).toBeNull()
  expect(views[0]).toContain('"chunks":[{"tables":[{"id":')
  db.close()
})

test('a wrong debt is reported by metrics()', () => {
  const { db } = openTest({ strategy: { ...never, debtBytes: () => Number.NaN } })
  expect(() => db.metrics()).toThrow('strategy never: debtBytes answers NaN; it must be')
  db.close()
})
