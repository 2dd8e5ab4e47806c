/**
 * Owns the rules that leveling, tiering, lazy leveling, fluid and k-lsm share. Their tree is
 * Dostoevsky's Fluid LSM-tree: size ratio T, at most K runs in every level but the deepest, at most
 * Z in the deepest. Whole levels are merged, and all full smaller levels merge at once (preemptive,
 * Dostoevsky App. D). T and K may differ from level to level (K-LSM).
 *
 * First level. The papers merge the buffer into their level 1; here a flush is always written as a
 * run of level 0. Where their level 1 may hold several runs (K > 1), level 0 is that level. Where
 * it is one run (K = 1), a flush passes through level 0 into level 1, by a free move if that is
 * empty. A shape with `level0` has RocksDB's level 0 instead: it collects some flushes, which then
 * arrive in level 1 together. That is the papers' first level, whatever K is.
 *
 * A level's unit u is the size of one arrival: one buffer in the first level, T times the unit of
 * the level above in any other. The first of these rules that applies decides about an arrival:
 *
 *   1. full      resident + arriving bytes ≥ (T − ½)·u, or the level is not the deepest and would
 *                get one run too many: all of it joins the arrival and goes one level deeper
 *   2. joins     the newest run is open, so the arrival merges into it; a run is open if K = 1, or
 *                if it has had fewer than c = ⌈(T − 1)/K⌉ arrivals (it holds less than (c − ½)·u
 *                bytes)
 *   3. new run   there are fewer than K runs
 *   4. in place  the deepest level would get one run too many, but is not full: it merges into one
 *                run and stays, so the tree grows with its data, not with its updates
 *
 * So arrivals are counted by raw bytes, with half a unit of slack either way. A level gets arrivals
 * only when the level above is full, so it holds whole units. T − 1 and T arrivals can be told
 * apart while buffers are within 1/(2T) of the memtable size. With unique keys rules 1 and 2 count
 * arrivals exactly, and rule 4 never applies. Overwrites make merged runs smaller. A level of one
 * run then takes more arrivals before it is full (saturation, as in every leveled engine). Levels
 * of several runs still pass on every K + 1 runs, whatever their size (tiering counts runs).
 *
 * That is static sizing. With dynamic sizing the capacities of the levels above the deepest follow
 * from what the deepest holds: each is 1/T of the next. A level is full when it holds more than its
 * capacity, T − 1 units. Arrivals are then not whole units, and one may pass through levels that
 * are too small for it. The levels above a deepest level of one run never hold more than 1/(T − 1)
 * of it, so space stays within T/(T − 1). The deepest level itself is full by the static rule, so
 * the tree is as deep as with static sizing.
 *
 * No state is kept: everything follows from the version, so a folder may change its strategy. Runs
 * beyond the limit that another strategy left are merged within their level (`pickRepair`).
 *
 * Beside running jobs. An arrival takes only runs that no job reads, and the other runs of a level
 * do not count. It waits while a job works between level 0 and the level it goes to; so two
 * arrivals never run at once, because the second would pass the first. What runs beside an arrival
 * are repairs and pushes of other levels. The paper has one buffer and merges when it is full; it
 * names no jobs that run at the same time.
 */

import type { Json } from '../../engine/base/json.ts'
import type {
  CompactionSpec,
  InputSlice,
  LevelScore,
  PickReason,
  StallLimits,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import type { Run } from '../../engine/version/run.ts'
import { levelAt, type Version } from '../../engine/version/version.ts'
import { scoresAround, stallsAbove } from '../define-strategy.ts'
import { busyOf, freeRuns, ifFree } from '../primitives/busy.ts'
import { mergeIntoOldest, wholeRuns } from '../primitives/specs.ts'

/** A point of the Fluid LSM-tree, 1 ≤ K, Z ≤ T − 1 in every level. */
export interface WholeShape {
  /** By level, the first at index 0; the last entry stands for all deeper ones. */
  readonly T: readonly number[]
  readonly K: readonly number[]
  /** Most runs in the deepest level; 0: the same as K. */
  readonly Z: number
  readonly sizing: 'static' | 'dynamic'
  /** Level 0 as a buffer above the papers' first level; missing: as the papers count. */
  readonly level0?: Level0Buffer
  readonly bitsPerKey: number
  readonly targetTableBytes: number
}

export interface Level0Buffer {
  /** Runs of level 0 that arrive in level 1 together. */
  readonly trigger: number
  /** Memtables that level 1 counts as one arrival. */
  readonly unitMemtables: number
}

/** What a level may hold. */
interface LevelLimits {
  readonly runs: number
  /** Raw bytes of one arrival. */
  readonly unitBytes: number
  /** From this many raw bytes on the T-th arrival has come. */
  readonly fullBytes: number
  /** The formula behind `fullBytes`, for reasons. */
  readonly fullFormula: string
  /** A run of fewer raw bytes takes the next arrival. */
  readonly openBytes: number
  readonly deepest: boolean
}

/** Runs on their way down: the arrival and every full level it has met, newest first. */
interface Arrival {
  readonly inputs: readonly InputSlice[]
  readonly rawBytes: number
  readonly reason: PickReason
}

export function pickWholeLevels<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
): CompactionSpec<State> | null {
  return ifFree(view, pickArrival(view, shape)) ?? pickRepair(view, shape)
}

/** How full each level is, by bytes or by runs, whichever is nearer the limit. */
export function scoreWholeLevels(view: TreeView, shape: WholeShape): readonly LevelScore[] {
  const due = pickWholeLevels(view, shape)
  return scoresAround(view, due, (index) => {
    const level = levelAt(view.version, index)
    if (index < firstLevel(shape)) return level.runs.length / flushesOfArrival(shape)
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
  const flushed = freeRuns(view, levelAt(view.version, 0).runs)
  if (flushed.length < flushesOfArrival(shape)) return null
  const arriving = first === 0 ? flushed.slice(0, 1) : flushed
  const flush: Arrival = {
    inputs: wholeRuns(0, arriving),
    rawBytes: rawBytesOf(arriving),
    reason: whyFlushesArrive(flushed.length, shape),
  }
  return arrive(view, shape, flush, first)
}

function flushesOfArrival({ level0 }: WholeShape): number {
  return level0?.trigger ?? 1
}

function whyFlushesArrive(runs: number, { level0 }: WholeShape): PickReason {
  if (level0 === undefined) return { trigger: 'flush', formula: 'runs(0) ≥ 1', values: { runs } }
  const { trigger: l0Trigger } = level0
  const values = { runs, l0Trigger }
  return { trigger: 'sorted runs', formula: 'runs(0) ≥ l0Trigger', values }
}

/**
 * Sends a whole level one level deeper, or merges it in place if it is the deepest, for a reason
 * other than its size (`primitives/triggers.ts`). Null if a running job is in the way.
 */
export function pushLevel<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
  level: number,
  reason: PickReason,
): CompactionSpec<State> | null {
  const runs = freeRuns(view, levelAt(view.version, level).runs)
  if (runs.length === 0) return null
  if (isRewritten(view, shape, level)) {
    return ifFree(view, mergeIntoOldest(view, level, [], runs, shape, reason))
  }
  const arrival = { inputs: wholeRuns(level, runs), rawBytes: rawBytesOf(runs), reason }
  return ifFree(view, arrive(view, shape, arrival, level + 1))
}

/** Whether `pushLevel` merges the level in place. */
export function isRewritten(view: TreeView, shape: WholeShape, level: number): boolean {
  return level >= Math.max(deepestLevel(view.version), firstLevel(shape))
}

/** Takes an arrival into level `start`, or into the first level below it that is not full. */
function arrive<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
  taken: Arrival,
  start: number,
): CompactionSpec<State> | null {
  let arrival = taken
  for (let level = start; ; level++) {
    const runs = freeRuns(view, levelAt(view.version, level).runs)
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

/** Rule 1: the reason why the level passes everything on; null if it keeps the arrival. */
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
  { inputs, reason }: Arrival,
  limits: LevelLimits,
): CompactionSpec<State> | null {
  const closedAt = resident.findIndex((run) => !isOpen(run, limits))
  const open = closedAt === -1 ? resident : resident.slice(0, closedAt)
  if (open.length > 0) return mergeIntoOldest(view, level, inputs, open, shape, reason)
  if (resident.length >= limits.runs) {
    const values = { level, runs: resident.length + 1, Z: limits.runs }
    const tooMany = { trigger: 'sorted runs', formula: 'runs > Z', values }
    return mergeIntoOldest(view, level, inputs, resident, shape, tooMany)
  }
  // What a job writes into the level is not seen yet, so that there would be one run too many.
  if (busyOf(view).writesTo(level)) return null
  // A run of level 0 is already where it belongs, and a single run need not be rewritten.
  if (level === 0) return null
  if (inputs.length > 1) return mergeIntoOldest(view, level, inputs, [], shape, reason)
  const place = { level, after: null }
  return { kind: 'move', inputs, place, nextState: view.state, reason }
}

/** Merges levels with too many runs, which another strategy or deletes left. */
function pickRepair<State extends Json>(
  view: TreeView<State>,
  shape: WholeShape,
): CompactionSpec<State> | null {
  for (const [level, { runs }] of view.version.levels.entries()) {
    const limits = limitsOf(view, shape, level)
    if (level < firstLevel(shape) || runs.length <= limits.runs) continue
    const values = { level, runs: runs.length, limit: limits.runs }
    const reason = { trigger: 'sorted runs', formula: 'runs > limit', values }
    const spec = ifFree(view, mergeIntoOldest(view, level, [], runs, shape, reason))
    if (spec !== null) return spec
  }
  return null
}

/** At rest level 0 has fewer than T runs, or fewer than the trigger of its buffer. */
export function stallsOfWholeLevels({ T, level0 }: WholeShape): StallLimits {
  return stallsAbove(0, Math.max(level0?.trigger ?? T[0]!, 4))
}

function firstLevel({ K, level0 }: WholeShape): 0 | 1 {
  return K[0] === 1 || level0 !== undefined ? 1 : 0
}

function limitsOf(view: TreeView, shape: WholeShape, level: number): LevelLimits {
  const depth = level - firstLevel(shape)
  const deepest = level >= deepestLevel(view.version)
  const T = entryAt(shape.T, depth)
  const runs = deepest && shape.Z > 0 ? shape.Z : entryAt(shape.K, depth)
  const unitBytes = unitOf(view, shape, depth, deepest)
  const arrivalsPerRun = Math.ceil((T - 1) / runs)
  // A run that takes one arrival closes at once, however small; the only run of a level never does.
  const openArrivals = runs === 1 ? Infinity : arrivalsPerRun === 1 ? 0 : arrivalsPerRun - 0.5
  const exact = shape.sizing === 'dynamic' && !deepest
  return {
    runs,
    unitBytes,
    // Dynamic capacities are exact: a level is full one byte above T − 1 units.
    fullBytes: exact ? Math.floor((T - 1) * unitBytes) + 1 : (T - 0.5) * unitBytes,
    fullFormula: exact ? 'bytes > (T − 1)·unit' : 'bytes ≥ (T − ½)·unit',
    openBytes: openArrivals * unitBytes,
    deepest,
  }
}

/** Raw bytes of one arrival in the papers' level `depth`, counted from 0. */
function unitOf(view: TreeView, shape: WholeShape, depth: number, deepest: boolean): number {
  if (shape.sizing === 'static' || deepest) {
    let unit = view.memtableBytes * (shape.level0?.unitMemtables ?? 1)
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
