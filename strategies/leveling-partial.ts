/**
 * Owns leveling with partial compaction, as LevelDB and RocksDB do it: one run in every level below
 * 0, merged one table at a time. When level 0 has `l0Trigger` runs all of them merge with the tables
 * of level 1 they overlap; when level i ≥ 1 is larger than its target, base · T^i raw bytes, one of
 * its tables merges into the tables of level i + 1 it overlaps. The fullest level goes first.
 * Tables that overlap nothing are moved, not rewritten, so sequential loads cost one write.
 *
 * Trigger      level saturation (level 0: number of sorted runs)
 * Layout       leveling
 * Granularity  one table and what it overlaps
 * Movement     least overlap with the next level (`lo1`), or round-robin (`rr`); ties by round-robin
 *
 * A running compaction reserves the levels it reads and writes, so jobs on other levels may run
 * beside it. Sources: LevelDB `VersionSet::PickCompaction`, RocksDB `LevelCompactionBuilder`.
 */

import { z } from 'zod'
import { compareBytes } from '../engine/base/compare.ts'
import type {
  CompactionSpec,
  InputSlice,
  LevelScore,
  OutputPlace,
  PickReason,
  TreeView,
} from '../engine/compaction/strategy.ts'
import { hull, type KeyRange, overlaps } from '../engine/version/key-range.ts'
import { overlapping, rangeOf, sliceTables, tableAt } from '../engine/version/run.ts'
import type { TableMeta } from '../engine/version/table-meta.ts'
import { levelAt } from '../engine/version/version.ts'
import { defineStrategy } from './define-strategy.ts'
import { leastOverlapIndex } from './least-overlap.ts'
import { advance, type Cursors, indexAfter } from './round-robin.ts'
import { bitsPerKey, tableBytes, targetTableBytes } from './shared-parameters.ts'
import { levelsTouched, outputTo, tablesIn, wholeRuns } from './specs.ts'

type State = { readonly cursors: Cursors }
type View = TreeView<State>
type Spec = CompactionSpec<State>

const params = z.object({
  T: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(4)
    .describe('Size ratio between levels. 4 here for every strategy; LevelDB, RocksDB: 10.'),
  pick: z
    .enum(['lo1', 'rr'])
    .default('lo1')
    .describe(
      'Which table: lo1, least overlap with the next level (RocksDB: kMinOverlappingRatio), or ' +
        'rr, round-robin (LevelDB).',
    ),
  l0Trigger: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(4)
    .describe('Runs in level 0 that start a compaction. LevelDB, RocksDB: 4.'),
  baseBytes: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe(
      'Level i may hold baseBytes · T^i raw bytes; 0: the memtable size. RocksDB: 256 MB in level ' +
        '1, four memtables, as here with T = 4; LevelDB: 10 MB.',
    ),
  bitsPerKey,
  targetTableBytes,
})

type Params = z.output<typeof params>

export const levelingPartial = defineStrategy({
  name: 'leveling-partial',
  description: 'One run a level, merged table by table (LevelDB, RocksDB)',
  params,
  primitives: {
    trigger: ['level saturation', 'sorted runs'],
    layout: 'leveling',
    granularity: ['single table'],
    movement: ['least overlap parent (+1)', 'round-robin'],
  },
  initialState: { cursors: [] } as State,

  pick(view, values) {
    const busy = new Set(view.inProgress.flatMap((spec) => levelsTouched(spec)))
    const repair = pickRepair(view, values, busy)
    if (repair !== null) return repair
    const due = scoreLevels(view, values)
      .filter(({ level, score }) => score >= 1 && !busy.has(level) && !busy.has(level + 1))
      .sort((a, b) => b.score - a.score)[0]
    if (due === undefined) return null
    return due.level === 0 ? pickLevel0(view, values) : pickTable(view, values, due.level)
  },

  score: scoreLevels,

  /** RocksDB's estimate: what exceeds a target is rewritten with its share of the next level. */
  debtBytes(view, values) {
    const level0 = levelAt(view.version, 0)
    let debt = 0
    let arriving = 0
    if (level0.runs.length >= values.l0Trigger) {
      arriving = level0.totals.rawBytes
      debt = arriving + levelAt(view.version, 1).totals.rawBytes
    }
    for (let level = 1; level < view.version.levels.length || arriving > 0; level++) {
      const bytes = levelAt(view.version, level).totals.rawBytes + arriving
      const excess = bytes - targetBytes(view, values, level)
      // Whole tables leave, so the least excess costs one.
      arriving = excess < 0 ? 0 : Math.max(excess, Math.min(bytes, tableBytes(view, values)))
      debt += arriving * (1 + levelAt(view.version, level + 1).totals.rawBytes / Math.max(bytes, 1))
    }
    return Math.round(debt)
  },

  /** LevelDB's limits, 8 and 12 for a trigger of 4. */
  stallLimits: (_view, { l0Trigger }) => ({
    slowdownRuns: 2 * Math.max(l0Trigger, 4),
    stopRuns: 3 * Math.max(l0Trigger, 4),
  }),
})

function targetBytes(view: View, { T, baseBytes }: Params, level: number): number {
  return (baseBytes === 0 ? view.memtableBytes : baseBytes) * T ** level
}

function scoreLevels(view: View, values: Params): readonly LevelScore[] {
  return view.version.levels.map(({ runs, totals }, level) => ({
    level,
    score:
      level === 0
        ? runs.length / values.l0Trigger
        : totals.rawBytes / targetBytes(view, values, level),
  }))
}

/** All of level 0 with the tables of level 1 in its range. */
function pickLevel0(view: View, values: Params): Spec {
  const { runs } = levelAt(view.version, 0)
  const range = hull(runs.flatMap((run) => rangeOf(run) ?? []))!
  const met = overlapWith(view, 1, range)
  const inputs = wholeRuns(0, runs)
  const tables = inputs.flatMap((slice) => tablesIn(view.version, slice))
  return intoNextLevel(view, values, 0, inputs, tables, met, view.state, {
    trigger: 'sorted runs',
    formula: 'runs(0) ≥ l0Trigger',
    values: { runs: runs.length, l0Trigger: values.l0Trigger },
  })
}

/** One table of the level with the tables of the next in its range. */
function pickTable(view: View, values: Params, level: number): Spec {
  const run = levelAt(view.version, level).runs[0]!
  const start = indexAfter(run, view.state.cursors[level] ?? null)
  const next = levelAt(view.version, level + 1).runs[0]
  const table = tableAt(run, values.pick === 'rr' ? start : leastOverlapIndex(run, next, start))
  const input: InputSlice = { level, run: run.id, tables: [table] }
  const met = overlapWith(view, level + 1, table)
  const nextState = { cursors: advance(view.state.cursors, level, table) }
  return intoNextLevel(view, values, level, [input], [table], met, nextState, {
    trigger: 'level saturation',
    formula: 'bytes ≥ base·T^level',
    values: {
      level,
      bytes: levelAt(view.version, level).totals.rawBytes,
      target: targetBytes(view, values, level),
      table: table.id,
    },
  })
}

/** A merge into the run of the next level, or a move where nothing overlaps anything. */
function intoNextLevel(
  view: View,
  values: Params,
  level: number,
  inputs: readonly InputSlice[],
  tables: readonly TableMeta[],
  met: readonly TableMeta[],
  nextState: State,
  reason: PickReason,
): Spec {
  const next = levelAt(view.version, level + 1).runs[0]
  const place: OutputPlace =
    next === undefined ? { level: level + 1, after: null } : { level: level + 1, run: next.id }
  if (met.length === 0 && areDisjoint(tables)) {
    return { kind: 'move', inputs, place, nextState, reason }
  }
  const metSlices = met.length === 0 ? [] : [{ level: level + 1, run: next!.id, tables: met }]
  return {
    kind: 'merge',
    inputs: [...inputs, ...metSlices],
    outputs: [outputTo(place, tableBytes(view, values), values.bitsPerKey)],
    nextState,
    reason,
  }
}

/** Several runs in a level below 0, left by another strategy, become one before anything else. */
function pickRepair(view: View, values: Params, busy: ReadonlySet<number>): Spec | null {
  const level = view.version.levels.findIndex(
    ({ runs }, index) => index > 0 && runs.length > 1 && !busy.has(index),
  )
  if (level === -1) return null
  const { runs } = levelAt(view.version, level)
  return {
    kind: 'merge',
    inputs: wholeRuns(level, runs),
    outputs: [
      outputTo({ level, run: runs.at(-1)!.id }, tableBytes(view, values), values.bitsPerKey),
    ],
    nextState: view.state,
    reason: { trigger: 'sorted runs', formula: 'runs > 1', values: { level, runs: runs.length } },
  }
}

function overlapWith(view: View, level: number, range: KeyRange): TableMeta[] {
  const run = levelAt(view.version, level).runs[0]
  if (run === undefined) return []
  const { from, to } = overlapping(run, range)
  return sliceTables(run, from, to)
}

function areDisjoint(tables: readonly TableMeta[]): boolean {
  const sorted = [...tables].sort((a, b) => compareBytes(a.smallest, b.smallest))
  return sorted.every((table, at) => at === 0 || !overlaps(sorted[at - 1]!, table))
}
