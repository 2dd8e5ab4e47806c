/**
 * Owns the micro-benchmarks of picks. The tree has three levels, each ten times as large as the one
 * above. One middle level has reached its target, so that the movement must find one table among
 * thousands. Every iteration first edits the tree as a compaction would, one table of the level and
 * eleven of the next, so that no pick sees a tree that it has seen before. The edit alone is a
 * separate case, to be subtracted.
 *
 * Then every strategy is asked on the same trees with four flushed runs above them, whether it
 * picks something there or not.
 *
 * A guarded pick is asked as the engine does it: the strategy gets a copy of the tree, and its
 * answer is checked.
 *
 * An operation is the edit and the pick after it. A pick should take at most 100 µs at 16,000
 * tables and 150 µs at 160,000.
 */

import { createRandom } from '../../engine/base/random.ts'
import { guardStrategy } from '../../engine/compaction/guarded-strategy.ts'
import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { levelOf } from '../../engine/version/level.ts'
import { editRun, type Run, runOf, sliceTables } from '../../engine/version/run.ts'
import { NO_FILTER, type TableMeta } from '../../engine/version/table-meta.ts'
import { versionOf } from '../../engine/version/version.ts'
import { STRATEGIES } from '../../strategies/catalog.ts'
import { deleteAware } from '../../strategies/partial-levels/delete-aware.ts'
import { levelingPartial } from '../../strategies/partial-levels/leveling-partial.ts'
import { MOVEMENT_NAMES, type MovementName } from '../../strategies/primitives/movement.ts'
import type { BenchCase } from './bench-case.ts'

const SEED = 42
const TABLE_BYTES = 1000
/** Number of tables of the next level that a compaction rewrites at T = 10. */
const MET = 11

/** A run of `count` tables with gaps between them, over the whole key space. */
function runOfTables(id: number, count: number): Run {
  const random = createRandom(SEED + id)
  const step = Math.floor(1e12 / count)
  return runOf(
    id,
    Array.from({ length: count }, (_, at): TableMeta => {
      const from = at * step + random.nextBelow(step / 4)
      return tableOf(id * 1e6 + at, from, from + Math.floor(step / 2), random.nextBelow(1e9))
    }),
  )
}

function tableOf(id: number, from: number, to: number, seq: number): TableMeta {
  const key = (number: number) =>
    new TextEncoder().encode(`user${String(number).padStart(12, '0')}`)
  return {
    id,
    smallest: key(from),
    largest: key(to),
    bytes: TABLE_BYTES,
    entries: 10,
    tombstones: seq % 3,
    rangeDeletions: 0,
    rawKeyBytes: 0,
    rawValueBytes: TABLE_BYTES,
    seqMin: seq,
    seqMax: seq + 10,
    createdAtMs: 0,
    oldestWriteAtMs: 0,
    oldestTombstoneAtMs: seq % 3 === 0 ? null : seq,
    filter: NO_FILTER,
    vlogBytes: [],
  }
}

/**
 * Levels 1 to 3 with about `tables` tables in total; the level at index `full` is fuller than the
 * others.
 */
function treeOf(tables: number, full: number): Run[] {
  return [1, 10, 100].map((part, at) =>
    runOfTables(at + 1, Math.round(((at === full ? 1 : 0.9) * tables * part) / 111)),
  )
}

/** The view of `runs` in which only the level at index `full` exceeds its target. */
function viewOf(runs: readonly Run[], full: number): TreeView<never> {
  const reads = new Map(
    runs.flatMap((run) => sliceTables(run, 0, run.totals.tables)).map(({ id }) => [id, id % 97]),
  )
  return {
    version: versionOf([levelOf([]), ...runs.map((run) => levelOf([run]))]),
    // Level i may hold memtable · 10^i. This level may hold a little less than it does, and the
    // deeper levels may hold more than they do.
    memtableBytes: (runs[full]!.totals.rawBytes * 0.99) / 10 ** (full + 1),
    state: { cursors: [] } as never,
    inProgress: [],
    oldestSnapshotSeq: Number.MAX_SAFE_INTEGER,
    nowMs: 0,
    tableStats: (id) => ({ reads: reads.get(id) ?? 0 }),
  }
}

/** Replaces `count` tables of the run, from index `at`, by new ones with the same ranges. */
function rewritten(run: Run, count: number, at: number, idFrom: number): Run {
  const from = at % (run.totals.tables - count)
  const old = sliceTables(run, from, from + count)
  return editRun(
    run,
    old,
    old.map((table, index) => ({ ...table, id: idFrom + index })),
  )
}

function pickCase(
  name: string,
  tables: number,
  full: number,
  pick: ((view: TreeView<never>) => CompactionSpec | null) | null,
): BenchCase {
  return {
    name: `pick ${name}, ${tables} tables`,
    unit: pick === null ? 'an edit' : 'an edit and a pick',
    timed: true,
    opsPerIteration: 1,
    referenceOpsPerSecond: null,
    setup() {
      let runs: readonly Run[] = treeOf(tables, full)
      const view = viewOf(runs, full)
      const random = createRandom(SEED)
      let nextId = 1e9
      return () => {
        const at = random.nextBelow(2 ** 31)
        runs = runs.map((run, index) => {
          const count = index === full ? 1 : index === full + 1 ? MET : 0
          nextId += count
          return count === 0 ? run : rewritten(run, count, at, nextId)
        })
        const version = versionOf([levelOf([]), ...runs.map((run) => levelOf([run]))])
        if (pick === null) return
        const spec = pick({ ...view, version })
        if (spec?.inputs[0]?.level !== full + 1) throw new Error(`${name} picks no such table`)
      }
    },
  }
}

/** Four flushed runs with one table each. */
const FLUSHED = levelOf([5, 6, 7, 8].map((id) => runOfTables(id, 1)))

function strategyCase(name: string, tables: number): BenchCase {
  return {
    name: `pick by ${name}, ${tables} tables`,
    unit: 'an edit and a pick',
    timed: true,
    opsPerIteration: 1,
    referenceOpsPerSecond: null,
    setup() {
      const strategy = STRATEGIES.get(name)!.create()
      let runs: readonly Run[] = treeOf(tables, 1)
      const view = { ...viewOf(runs, 1), state: strategy.initialState }
      const random = createRandom(SEED)
      let nextId = 1e9
      return () => {
        nextId += MET
        const at = random.nextBelow(2 ** 31)
        runs = runs.map((run, index) => (index === 2 ? rewritten(run, MET, at, nextId) : run))
        const version = versionOf([FLUSHED, ...runs.map((run) => levelOf([run]))])
        strategy.pick({ ...view, version })
      }
    },
  }
}

const movementCase = (pick: MovementName, tables: number, guarded = false) => {
  const bare = levelingPartial.create({ T: 10, pick })
  const strategy = guarded ? guardStrategy(bare) : bare
  // lo2 also needs the level after the next.
  const name = guarded ? `${pick}, guarded` : pick
  return pickCase(name, tables, pick === 'lo2' ? 0 : 1, (view) => strategy.pick(view))
}

const expiring = deleteAware.create({ T: 10, deleteTtlMs: 1e12 })

export const cases: readonly BenchCase[] = [16_000, 160_000].flatMap((tables) => [
  pickCase('nothing, the edit alone', tables, 1, null),
  ...MOVEMENT_NAMES.map((name) => movementCase(name, tables)),
  movementCase('rr', tables, true),
  movementCase('lo1', tables, true),
  pickCase('delete-aware', tables, 1, (view) => expiring.pick(view)),
  ...[...STRATEGIES.keys()].map((name) => strategyCase(name, tables)),
])
