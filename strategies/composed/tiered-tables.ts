/**
 * Owns compaction by tables where levels may hold several runs: tiering, L-leveling and hybrid at
 * the granularity of one table or a few. Level 0 collects `l0Trigger` flushes, which go to level 1
 * together. Every deeper level may hold K runs, and Z if it is the deepest. A level with too many
 * runs is drained, job by job:
 *
 *   source   The newest run of the level that had begun to be drained. The movement chooses a table
 *            of it, and its neighbours go along, up to `tablesPerJob`.
 *   older    Of each older run of the level, newest first, the job takes the tables that overlap
 *            what it has taken so far.
 *   place    All jobs of a draining write into one run of the next level: the first opens it, the
 *            others merge the tables of it that they overlap. In the deepest level, while that is
 *            not full by bytes, the place is the level's oldest run.
 *   end      The draining ends when all runs that it began with are gone.
 *
 *   R3   [ a ][ b ][ c ]           [ b ][ c ]
 *   R2   [ d ][ e ][ f ]     →     [ e ][ f ]           a job of one table of R3
 *   R1   [ g ][ h ][ i ]           [ h ][ i ]
 *   next level                     [ 1 ][ 2 ][ 3 ]
 *
 * Recency. A table that goes deeper passes the older runs of its level, so the job takes what they
 * hold of its key range. Each table that it takes does the same, so the range may grow from run to
 * run. What newer runs hold can stay, because nothing passes it. One table alone can move only if
 * no older run overlaps it; moving such tables alone would never merge runs into one. Outputs are
 * cut where tables of the tree's oldest run begin (`primitives/aligned-cuts.ts`), so the tables of
 * all runs end at common keys and the range hardly grows.
 *
 * Beside running jobs a level is drained if no job works in it or in the next; the state names what
 * is drained, so two jobs of one draining follow each other.
 *
 * A level waits while the level above is drained, because its newest run still grows. Level 0 is
 * always taken whole: each of its tables spans all keys (RocksDB does so too). Compared with whole
 * levels, jobs and their transient space are small. The price: all runs that arrive in a level are
 * written there, the last one too, which whole levels send on at once.
 *
 * A level that may hold one run (Z = 1 or K = 1) is also due by bytes, as in leveling: level i may
 * hold base · T^i, where the base is a memtable, or `l0Trigger` of them if K > 1.
 *
 * Invariant: a spec is safe whatever the state says. The state only names runs to go on with.
 *
 * Sources: Sarkar et al., PVLDB 14 §3, for the layouts; ScyllaDB's IncrementalCompactionStrategy
 * and RocksDB's `CompactionOptionsUniversal::incremental` merge sorted runs range by range as well.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type {
  CompactionSpec,
  InputSlice,
  MergeOutput,
  OutputPlace,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { hull, type KeyRange, overlaps } from '../../engine/version/key-range.ts'
import {
  indexOfTable,
  overlapping,
  type Run,
  type RunId,
  rangeOf,
  sliceTables,
} from '../../engine/version/run.ts'
import { rawBytesOfTables, type TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt, runsOldestFirst } from '../../engine/version/version.ts'
import { cutsAlong } from '../primitives/aligned-cuts.ts'
import { chooseTable, type MovementLimits, type MovementName } from '../primitives/movement.ts'
import { advance, type Cursors, indexAfter } from '../primitives/round-robin.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'
import { levelsTouched, outputTo, wholeRuns } from '../primitives/specs.ts'
import { NONE_TAKEN } from '../primitives/table-ranks.ts'
import { findMark, type MarkRule } from '../primitives/triggers.ts'

export interface TieredShape extends MovementLimits {
  readonly T: number
  readonly l0Trigger: number
  /** Most runs in a level below 0 that is not the deepest, and in the deepest; from 1 to T − 1. */
  readonly K: number
  readonly Z: number
  readonly sizing: 'static' | 'dynamic'
  /** In order of priority: the first movement that does not pass chooses the table. */
  readonly movement: readonly MovementName[]
  /** Number of neighbouring tables of the source that are compacted together. */
  readonly tablesPerJob: number
  readonly bitsPerKey: number
  readonly targetTableBytes: number
}

export type TieredState = {
  readonly cursors: Cursors
  /** By level: the runs of the draining that began last, newest first; missing: none has begun. */
  readonly draining?: readonly (readonly RunId[])[]
}

type View = TreeView<TieredState>
type Spec = CompactionSpec<TieredState>

/** Tables of neighbouring runs of one level, from the source on. Not empty. */
interface Taken {
  readonly level: number
  readonly inputs: readonly InputSlice[]
  /** Those of the inputs: first the source's, in key order. */
  readonly tables: readonly TableMeta[]
  /** Number of tables of the source. */
  readonly count: number
  /** From the smallest to the largest key of all. */
  readonly range: KeyRange
}

/** Drains the fullest level. */
export function pickTieredLevel(view: View, shape: TieredShape): Spec | null {
  const busy = busyLevels(view)
  const due = view.version.levels
    .map((_, level) => ({ level, fullness: fullnessOf(view, shape, level) }))
    .filter(({ level, fullness }) => fullness >= 1 && isFree(busy, level))
    .filter(({ level }) => level === 0 || sourceOf(view, shape, level - 1) === null)
    .sort((a, b) => b.fullness - a.fullness)[0]?.level
  if (due === undefined) return null
  if (due > 0) return drain(view, shape, due)
  const values = { runs: levelAt(view.version, 0).runs.length, l0Trigger: shape.l0Trigger }
  const reason = { trigger: 'sorted runs', formula: 'runs(0) ≥ l0Trigger', values }
  return compactLevel0(view, shape, reason)
}

/** Compacts a marked table. It is rewritten if its level is the deepest. */
export function pickTieredMark(view: View, shape: TieredShape, rule: MarkRule): Spec | null {
  const busy = busyLevels(view)
  const mark = findMark(view, rule, {
    isFree: (_table, level) => isFree(busy, level),
    rewrites: (level) => isDeepest(view, level),
    startIn: (level, run) => indexAfter(run, view.state.cursors[level] ?? null),
  })
  if (mark === null) return null
  if (mark.level === 0) return compactLevel0(view, shape, mark.reason)
  const { level, index, table } = mark
  const { runs } = levelAt(view.version, level)
  const from = runs.findIndex((run) => indexOfTable(run, table) >= 0)
  const taken = takeWithOlder(level, runs.slice(from), index, 1)
  const reason = { ...mark.reason, values: { ...mark.reason.values, table: table.id } }
  if (isDeepest(view, level)) return mergeTo(view, shape, taken, level, runs.at(-1)!, reason)
  return settle(view, shape, taken, level + 1, newestOf(view, level + 1), reason)
}

/** Fullness by runs, or by bytes where a level may hold one run; a drained level is full. */
export function fullnessOf(view: View, shape: TieredShape, level: number): number {
  const { runs, totals } = levelAt(view.version, level)
  if (level === 0) return runs.length / shape.l0Trigger
  const limit = runLimit(view, shape, level)
  const byRuns = runs.length / (limit + 1)
  const byBytes = limit === 1 ? totals.rawBytes / capacityOf(view, shape, level) : 0
  const drained = sourceOf(view, shape, level) === null ? 0 : 1
  return Math.max(byRuns, byBytes, drained)
}

/** Never true of level 0, whose runs can always go deeper. */
function isDeepest(view: TreeView, level: number): boolean {
  return level > 0 && level === view.version.levels.length - 1
}

function runLimit(view: View, { K, Z }: TieredShape, level: number): number {
  return level >= view.version.levels.length - 1 ? Z : K
}

/** Raw bytes from which a level below 0 is full. */
function capacityOf(view: View, shape: TieredShape, level: number): number {
  const { T, K, l0Trigger, sizing } = shape
  const last = view.version.levels.length - 1
  if (sizing === 'dynamic' && level < last) {
    return levelAt(view.version, last).totals.rawBytes / T ** (last - level)
  }
  return view.memtableBytes * (K > 1 ? l0Trigger : 1) * T ** level
}

/** Whether the runs of the level are merged into its oldest, because it can still grow. */
function staysInPlace(view: View, shape: TieredShape, level: number): boolean {
  const { totals } = levelAt(view.version, level)
  return isDeepest(view, level) && totals.rawBytes < capacityOf(view, shape, level)
}

/** Index of the newest run that the level is being drained of; null if it is not drained. */
function sourceOf(view: View, shape: TieredShape, level: number): number | null {
  const ids = view.state.draining?.[level] ?? []
  if (ids.length === 0) return null
  const { runs } = levelAt(view.version, level)
  const drained = staysInPlace(view, shape, level) ? runs.slice(0, -1) : runs
  const index = drained.findIndex((run) => ids.includes(run.id))
  return index === -1 ? null : index
}

function drain(view: View, shape: TieredShape, level: number): Spec {
  const { runs } = levelAt(view.version, level)
  const source = sourceOf(view, shape, level)
  const from = source ?? 0
  const run = runs[from]!
  const cursor = view.state.cursors[level] ?? null
  const start = indexAfter(run, cursor)
  const { densityThreshold, ttlMs } = shape
  const limits = { densityThreshold, ttlMs, bytesPerTombstone: 0, taken: NONE_TAKEN }
  const candidates = { view, level, run, start, cursor, ...limits }
  const index = chooseTable(shape.movement, candidates)!
  const taken = takeWithOlder(level, runs.slice(from), index, shape.tablesPerJob)
  const reason = whyDrained(view, shape, level, source, taken.tables[0]!)
  const nextState = stateAfter(view, shape, taken, source)
  if (staysInPlace(view, shape, level)) {
    return settle(view, shape, taken, level, runs.at(-1)!, reason, nextState)
  }
  const joined = runJoined(view, shape, level + 1, source === null ? 'begins' : 'goes on')
  return settle(view, shape, taken, level + 1, joined, reason, nextState)
}

function whyDrained(
  view: View,
  shape: TieredShape,
  level: number,
  source: number | null,
  { id: table }: TableMeta,
): PickReason {
  const { runs, totals } = levelAt(view.version, level)
  const limit = runLimit(view, shape, level)
  if (source !== null) {
    const values = { level, run: runs[source]!.id, tables: runs[source]!.totals.tables, table }
    return { trigger: 'sorted runs', formula: 'level not drained to its end', values }
  }
  if (runs.length > limit) {
    const formula = isDeepest(view, level) ? 'runs > Z' : 'runs > K'
    const values = { level, runs: runs.length, limit, table }
    return { trigger: 'sorted runs', formula, values }
  }
  const values = { level, bytes: totals.rawBytes, target: capacityOf(view, shape, level), table }
  return { trigger: 'level saturation', formula: 'bytes ≥ base·T^level', values }
}

/** All of level 0 goes to level 1. */
function compactLevel0(view: View, shape: TieredShape, reason: PickReason): Spec {
  const { runs } = levelAt(view.version, 0)
  const taken: Taken = {
    level: 0,
    inputs: wholeRuns(0, runs),
    tables: runs.flatMap((run) => sliceTables(run, 0, run.totals.tables)),
    count: runs[0]!.totals.tables,
    range: hull(runs.flatMap((run) => rangeOf(run) ?? []))!,
  }
  const isSource = sourceOf(view, shape, 1) === 0
  const joined = isSource ? undefined : runJoined(view, shape, 1, 'begins')
  return settle(view, shape, taken, 1, joined, reason)
}

/**
 * The run of a level below 0 that takes what arrives; undefined: a new one. A level that may hold
 * one run has no other. If it may hold several, the run that a draining began takes all of it, and
 * a run takes c = ⌈(T − 1) ÷ limit⌉ arrivals, which are counted by bytes with half a unit of slack.
 */
function runJoined(
  view: View,
  shape: TieredShape,
  level: number,
  draining: 'begins' | 'goes on',
): Run | undefined {
  const newest = newestOf(view, level)
  const limit = runLimit(view, shape, level)
  if (limit === 1 || draining === 'goes on' || newest === undefined) return newest
  const unitBytes = capacityOf(view, shape, level) / shape.T
  const arrivals = Math.ceil((shape.T - 1) / limit)
  // Levels of one run (K = 1) send single tables, so the bytes of an arrival come in many parts.
  const openUnits = shape.K === 1 ? arrivals : arrivals === 1 ? 0 : arrivals - 0.5
  return newest.totals.rawBytes < openUnits * unitBytes ? newest : undefined
}

/**
 * Takes `count` tables of the newest of the runs from index `index` on, and what the older runs
 * hold of their keys and of each other's.
 */
function takeWithOlder(level: number, runs: readonly Run[], index: number, count: number): Taken {
  const first = sliceTables(runs[0]!, index, index + count)
  const inputs: InputSlice[] = [{ level, run: runs[0]!.id, tables: first }]
  const tables = [...first]
  let range = hull(first)!
  for (const run of runs.slice(1)) {
    const older = tablesOver(run, range)
    if (older.length === 0) continue
    inputs.push({ level, run: run.id, tables: older })
    tables.push(...older)
    range = hull([range, ...older])!
  }
  return { level, inputs, tables, count: first.length, range }
}

/**
 * Sends what was taken to `level`, into the run `joined` or a new newest one: by a merge, or a move
 * if nothing overlaps.
 */
function settle(
  view: View,
  shape: TieredShape,
  taken: Taken,
  level: number,
  joined: Run | undefined,
  reason: PickReason,
  nextState: TieredState = view.state,
): Spec {
  const met = joined === undefined ? [] : tablesOver(joined, taken.range)
  if (met.length > 0 || !areDisjoint(taken.tables))
    return mergeTo(view, shape, taken, level, joined, reason, nextState)
  const place = placeIn(level, joined)
  return { kind: 'move', inputs: taken.inputs, place, nextState, reason }
}

function mergeTo(
  view: View,
  shape: TieredShape,
  taken: Taken,
  level: number,
  joined: Run | undefined,
  reason: PickReason,
  nextState: TieredState = view.state,
): Spec {
  const isTaken = taken.inputs.some(({ run }) => run === joined?.id)
  const met = joined === undefined || isTaken ? [] : tablesOver(joined, taken.range)
  const metSlices = met.length === 0 ? [] : [{ level, run: joined!.id, tables: met }]
  return {
    kind: 'merge',
    inputs: [...taken.inputs, ...metSlices],
    outputs: [outputOf(view, shape, placeIn(level, joined), [...taken.tables, ...met])],
    nextState,
    reason,
  }
}

/**
 * Tables end where those of the oldest run of the tree begin, so that jobs draw in few tables of
 * other runs.
 */
function outputOf(
  view: View,
  shape: TieredShape,
  place: OutputPlace,
  tables: readonly TableMeta[],
): MergeOutput {
  const anchor = runsOldestFirst(view.version).next().value!.run
  const bytes = rawBytesOfTables(tables)
  return {
    ...outputTo(place, null, shape.bitsPerKey),
    ...cutsAlong(anchor, hull(tables)!, bytes, tableBytes(view, shape)),
  }
}

function placeIn(level: number, run: Run | undefined): OutputPlace {
  return run === undefined ? { level, after: null } : { level, run: run.id }
}

/** Draining begins with all runs of the level. Levels of one run (K = 1) have none to end. */
function stateAfter(
  view: View,
  { K }: TieredShape,
  { level, tables, count }: Taken,
  source: number | null,
): TieredState {
  const { cursors, draining = [] } = view.state
  const advanced = advance(cursors, level, tables[count - 1]!)
  if (source !== null || K === 1) return { ...view.state, cursors: advanced }
  const ids = levelAt(view.version, level).runs.map(({ id }) => id)
  const length = Math.max(draining.length, level + 1)
  return {
    cursors: advanced,
    draining: Array.from({ length }, (_, at) => (at === level ? ids : (draining[at] ?? []))),
  }
}

function newestOf(view: View, level: number): Run | undefined {
  return levelAt(view.version, level).runs[0]
}

function tablesOver(run: Run, range: KeyRange): readonly TableMeta[] {
  const { from, to } = overlapping(run, range)
  return sliceTables(run, from, to)
}

function areDisjoint(tables: readonly TableMeta[]): boolean {
  const sorted = [...tables].sort((a, b) => compareBytes(a.smallest, b.smallest))
  return sorted.every((table, at) => at === 0 || !overlaps(sorted[at - 1]!, table))
}

function busyLevels(view: View): ReadonlySet<number> {
  return new Set(view.inProgress.flatMap((spec) => levelsTouched(spec)))
}

/** Whether a job from the level, into it or the next one, may start. */
function isFree(busy: ReadonlySet<number>, level: number): boolean {
  return !busy.has(level) && !busy.has(level + 1)
}
