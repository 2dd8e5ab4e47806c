/**
 * Owns the tree of Dostoevsky's Fluid LSM-tree, of which leveling, tiering and lazy leveling are
 * points: size ratio T, at most K runs in every level but the deepest, at most Z in that one; whole
 * levels are merged, and all full smaller levels go at once (preemptive, Dostoevsky App. D). T and
 * K may differ from level to level (K-LSM).
 *
 * First level. The papers merge the buffer into their level 1; here a flush is always written as a
 * run of level 0. Where their level 1 may hold several runs (K > 1) level 0 is that level; where it
 * is one run (K = 1) a flush passes through level 0 into level 1, by a free move when that is empty.
 *
 * An arrival in a level of unit u (u = one buffer in the first level, T times the one above in any
 * other) is decided in this order:
 *
 *   1. full      resident + arriving bytes ≥ (T − ½)·u, or the run beyond K arrives in a level that
 *                is not the deepest: all of the level joins the arrival and goes one level deeper
 *   2. joins     the newest run is open: K = 1, or it has had fewer than c = ⌈(T − 1)/K⌉ arrivals,
 *                that is, holds less than (c − ½)·u bytes: they merge into it
 *   3. new run   there are fewer than K runs
 *   4. in place  the run beyond K arrives in the deepest level, which is not full: the level merges
 *                into one run and stays, so the tree grows with its data, not with its updates
 *
 * Arrivals are thus counted by raw bytes, half a unit of slack either way. A level is asked only
 * when the one above is full, so it holds whole units, and T − 1 and T arrivals stay apart while
 * buffers are within 1/(2T) of the memtable size. With unique keys rules 1 and 4 count arrivals
 * exactly and rule 4 never applies. Under overwrites merged runs shrink: a level of one run then
 * takes more arrivals before it is full (saturation, as in every leveled engine), while levels of
 * several runs still hand on every K + 1 runs whatever their size (tiering counts runs).
 *
 * That is static sizing. Dynamic sizing takes the unit of a level above the deepest from what the
 * deepest holds: 1/T of the next level's capacity a level is full beyond its T − 1 units. Arrivals
 * are then no whole units, one may pass through levels too small for it, and the levels above a
 * deepest of one run never hold more than 1/(T − 1) of it, so space stays within T/(T − 1). The
 * deepest itself is full by the static rule, so the tree has the depth it would have had.
 *
 * No state is kept: everything follows from the version, so a folder may change strategy. Runs
 * beyond the limit that another strategy left are merged within their level (`pickRepair`).
 *
 * One compaction at a time: every arrival starts in level 0, and nothing may be placed in a level
 * that an older arrival is still crossing.
 */

import type { Json } from '../../engine/base/json.ts'
import type {
  CompactionSpec,
  InputSlice,
  LevelScore,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import type { Run } from '../../engine/version/run.ts'
import { levelAt, type Version } from '../../engine/version/version.ts'
import { scoresAround, whenIdle } from '../define-strategy.ts'
import { tableBytes } from '../primitives/shared-parameters.ts'
import { outputTo, wholeRuns } from '../primitives/specs.ts'

/** A point of the Fluid LSM-tree, 1 ≤ K, Z ≤ T − 1 in every level. */
export interface WholeShape {
  /** By level, the first at index 0; the last entry stands for all deeper ones. */
  readonly T: readonly number[]
  readonly K: readonly number[]
  /** Most runs in the deepest level; 0: as K says. */
  readonly Z: number
  readonly sizing: 'static' | 'dynamic'
  readonly bitsPerKey: number
  readonly targetTableBytes: number
}

/** What a level may hold. */
interface LevelLimits {
  readonly runs: number
  /** One arrival, in raw bytes. */
  readonly unitBytes: number
  /** At this many bytes the T-th arrival is there. */
  readonly fullBytes: number
  /** Why a level of that many is full, as a formula. */
  readonly fullFormula: string
  /** A run below this takes the next arrival. */
  readonly openBytes: number
  readonly deepest: boolean
}

/** What crosses levels on its way down: the arrival and every full level so far, newest first. */
interface Arrival {
  readonly inputs: readonly InputSlice[]
  readonly rawBytes: number
  readonly reason: PickReason
}

export function pickWholeLevels<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
): CompactionSpec<State> | null {
  if (view.inProgress.length > 0) return null
  return pickArrival(view, shape) ?? pickRepair(view, shape)
}

/** How full each level is, in bytes or in runs, whichever is nearer the limit. */
export function scoreWholeLevels(view: TreeView, shape: WholeShape): readonly LevelScore[] {
  const due = pickWholeLevels(whenIdle(view), shape)
  return scoresAround(view, due, (index) => {
    const level = levelAt(view.version, index)
    if (index < firstLevel(shape)) return level.runs.length
    const limits = limitsOf(view, shape, index)
    const bytes = level.totals.rawBytes / limits.fullBytes
    return limits.runs === 1 ? bytes : Math.max(bytes, level.runs.length / (limits.runs + 1))
  })
}

function pickArrival<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
): CompactionSpec<State> | null {
  const first = firstLevel(shape)
  const flushed = levelAt(view.version, 0).runs
  if (flushed.length === 0) return null
  const arriving = first === 0 ? flushed.slice(0, 1) : flushed
  const flush: Arrival = {
    inputs: wholeRuns(0, arriving),
    rawBytes: rawBytesOf(arriving),
    reason: { trigger: 'flush', formula: 'runs(0) ≥ 1', values: { runs: flushed.length } },
  }
  return arrive(view, shape, flush, first)
}

/**
 * Sends all of a level one deeper, or merges it where it is when it is the deepest: what a reason
 * of its own makes due (`triggers.ts`). Null while something runs.
 */
export function pushLevel<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
  level: number,
  reason: PickReason,
): CompactionSpec<State> | null {
  if (view.inProgress.length > 0) return null
  const { runs } = levelAt(view.version, level)
  if (isRewritten(view, shape, level)) {
    return merge(view, shape, level, runs, { inputs: [], rawBytes: 0, reason })
  }
  const arrival = { inputs: wholeRuns(level, runs), rawBytes: rawBytesOf(runs), reason }
  return arrive(view, shape, arrival, level + 1)
}

/** Whether `pushLevel` leaves the level where it is. */
export function isRewritten(view: TreeView, shape: WholeShape, level: number): boolean {
  return level >= Math.max(deepestLevel(view.version), firstLevel(shape))
}

/** Takes an arrival into `start`, or as far below as levels are full. */
function arrive<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
  taken: Arrival,
  start: number,
): CompactionSpec<State> | null {
  let arrival = taken
  for (let level = start; ; level++) {
    const { runs } = levelAt(view.version, level)
    const resident = level === 0 ? runs.slice(1) : runs
    const limits = limitsOf(view, shape, level)
    const full = whyFull(level, resident, arrival, limits)
    if (full === null) return settle(view, shape, level, resident, arrival, limits)
    arrival = {
      inputs: [...arrival.inputs, ...wholeRuns(level, resident)],
      rawBytes: arrival.rawBytes + rawBytesOf(resident),
      reason: full,
    }
  }
}

/** Rule 1: why the level hands everything on, or null when it keeps the arrival. */
function whyFull(
  level: number,
  resident: readonly Run[],
  arrival: Arrival,
  limits: LevelLimits,
): PickReason | null {
  const bytes = rawBytesOf(resident) + arrival.rawBytes
  if (bytes >= limits.fullBytes) {
    return {
      trigger: 'level saturation',
      formula: limits.fullFormula,
      values: { level, bytes, limit: limits.fullBytes, unit: limits.unitBytes },
    }
  }
  if (limits.deepest || resident.length < limits.runs || isOpen(resident[0]!, limits)) return null
  return {
    trigger: 'sorted runs',
    formula: 'runs > K',
    values: { level, runs: resident.length + 1, K: limits.runs },
  }
}

/** Rules 2 to 4: the arrival stays in this level. */
function settle<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
  level: number,
  resident: readonly Run[],
  arrival: Arrival,
  limits: LevelLimits,
): CompactionSpec<State> | null {
  const closedAt = resident.findIndex((run) => !isOpen(run, limits))
  const open = closedAt === -1 ? resident : resident.slice(0, closedAt)
  if (open.length > 0) return merge(view, shape, level, open, arrival)
  if (resident.length >= limits.runs) {
    const values = { level, runs: resident.length + 1, Z: limits.runs }
    const reason = { trigger: 'sorted runs', formula: 'runs > Z', values }
    return merge(view, shape, level, resident, { ...arrival, reason })
  }
  // A new run: an arrival of level 0 is one already, and a single run need not be rewritten.
  if (level === 0) return null
  if (arrival.inputs.length > 1) return merge(view, shape, level, [], arrival)
  const place = { level, after: null }
  const { inputs, reason } = arrival
  return { kind: 'move', inputs, place, nextState: view.state, reason }
}

/** Runs beyond the limit in a level nothing arrives in: another strategy or deletes left them. */
function pickRepair<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
): CompactionSpec<State> | null {
  for (const [level, { runs }] of view.version.levels.entries()) {
    const limits = limitsOf(view, shape, level)
    if (level < firstLevel(shape) || runs.length <= limits.runs) continue
    const values = { level, runs: runs.length, limit: limits.runs }
    const reason = { trigger: 'sorted runs', formula: 'runs > limit', values }
    return merge(view, shape, level, runs, { inputs: [], rawBytes: 0, reason })
  }
  return null
}

/**
 * Merges the arrival with the newest `joined` runs of the level, into the oldest of them: naming a
 * run rather than 'the newest place' keeps the order right when a flush lands meanwhile.
 */
function merge<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
  level: number,
  joined: readonly Run[],
  { inputs, reason }: Arrival,
): CompactionSpec<State> {
  const oldest = joined.at(-1)
  const place = oldest === undefined ? { level, after: null } : { level, run: oldest.id }
  return {
    kind: 'merge',
    inputs: [...inputs, ...wholeRuns(level, joined)],
    outputs: [outputTo(place, tableBytes(view, shape), shape.bitsPerKey)],
    nextState: view.state,
    reason,
  }
}

function firstLevel({ K }: WholeShape): 0 | 1 {
  return K[0] === 1 ? 1 : 0
}

function limitsOf(view: TreeView, shape: WholeShape, level: number): LevelLimits {
  const depth = level - firstLevel(shape)
  const deepest = level >= deepestLevel(view.version)
  const T = entryAt(shape.T, depth)
  const runs = deepest && shape.Z > 0 ? shape.Z : entryAt(shape.K, depth)
  const unitBytes = unitOf(view, shape, depth, deepest)
  const arrivalsPerRun = Math.ceil((T - 1) / runs)
  // A run of one arrival is closed at once, however small it is; a level of one run is never.
  const openArrivals = runs === 1 ? Infinity : arrivalsPerRun === 1 ? 0 : arrivalsPerRun - 0.5
  const exact = shape.sizing === 'dynamic' && !deepest
  return {
    runs,
    unitBytes,
    // The least number beyond T − 1 units: dynamic capacities are held to the byte.
    fullBytes: exact ? Math.floor((T - 1) * unitBytes) + 1 : (T - 0.5) * unitBytes,
    fullFormula: exact ? 'bytes > (T − 1)·unit' : 'bytes ≥ (T − ½)·unit',
    openBytes: openArrivals * unitBytes,
    deepest,
  }
}

/** One arrival of the papers' level `depth`, 0 the first, in raw bytes. */
function unitOf(view: TreeView, shape: WholeShape, depth: number, deepest: boolean): number {
  if (shape.sizing === 'static' || deepest) {
    let unit = view.memtableBytes
    for (let above = 0; above < depth; above++) unit *= entryAt(shape.T, above)
    return unit
  }
  const last = deepestLevel(view.version)
  let capacity = levelAt(view.version, last).totals.rawBytes
  for (let at = depth; at < last - firstLevel(shape); at++) capacity /= entryAt(shape.T, at)
  return capacity / (entryAt(shape.T, depth) - 1)
}

function entryAt(list: readonly number[], depth: number): number {
  return list[Math.min(Math.max(depth, 0), list.length - 1)]!
}

function deepestLevel(version: Version): number {
  return version.levels.length - 1
}

function isOpen(run: Run, limits: LevelLimits): boolean {
  return run.totals.rawBytes < limits.openBytes
}

function rawBytesOf(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.totals.rawBytes, 0)
}
