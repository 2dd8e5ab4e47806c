/**
 * Owns how much each level of a partial-levels tree may hold, and which level is due first.
 *
 *   static    level i may hold base · T^i raw bytes; the base level, which takes level 0 in, is
 *             level 1
 *   dynamic   targets follow the largest level: each level above the last may hold 1/T of the next,
 *             but never less than base · T. The base level is the deepest whose share of the data
 *             is at most base · T; levels between level 0 and the base level stay empty
 *
 * Both name base · T what RocksDB names `max_bytes_for_level_base`. Without the lower limit the
 * base level would be due at 1/T of it, and would pass level 0 on in many small merges.
 *
 * Sources: RocksDB `VersionStorageInfo::CalculateBaseBytes` (the lower limit: PR 2123) and
 * `ComputeCompactionScore` (priorities: PR 10057, since 7.5). Up to 7.4 a level 0 larger than the
 * base level raised the multiplier instead; that is left out.
 */

import type { TreeView } from '../../engine/compaction/strategy.ts'
import { levelAt } from '../../engine/version/version.ts'
import { busyOf, freeRuns } from '../primitives/busy.ts'
import {
  compensatedRunBytes,
  compensatedTableBytes,
  tombstoneBytes,
} from '../primitives/compensated-sizes.ts'
import type { PartialShape } from './shape.ts'

export interface Targets {
  /** The level that level 0 merges into. */
  readonly base: number
  /** Raw bytes from which a level below 0 is due; Infinity for the last one of dynamic sizing. */
  readonly bytes: (level: number) => number
  /** The deepest level that the data does not need, and which is emptied; 0 if there is none. */
  readonly lastSurplus: number
}

/** What a level holds, measured by its target. */
export interface Fullness {
  readonly level: number
  /** 1 or more: due. */
  readonly score: number
  /** The due level with the greatest priority is compacted first. */
  readonly priority: number
}

/** `max_bytes_for_level_base`: what the first level below 0 may hold. */
export function firstTargetBytes(view: TreeView, { baseBytes, T }: PartialShape): number {
  return (baseBytes === 0 ? view.memtableBytes : baseBytes) * T
}

export function targetsOf(view: TreeView, shape: PartialShape): Targets {
  const { T } = shape
  const most = firstTargetBytes(view, shape)
  if (shape.sizing === 'static') {
    return { base: 1, bytes: (level) => most * T ** (level - 1), lastSurplus: 0 }
  }
  const { levels } = view.version
  const last = Math.max(shape.levels - 1, levels.length - 1)
  const below0 = levels.slice(1)
  const occupied = below0.findIndex(({ runs }) => runs.length > 0)
  const firstOccupied = occupied === -1 ? last : occupied + 1
  let base = last
  let bytes = Math.max(0, ...below0.map(({ totals }) => totals.rawBytes))
  let lastSurplus = 0
  while (base > firstOccupied) {
    base--
    bytes /= T
    if (lastSurplus === 0 && bytes <= most / T && shape.rules.drainsSurplusLevels) {
      lastSurplus = base
    }
  }
  while (base > 1 && bytes > most) {
    base--
    bytes /= T
  }
  const atBase = Math.min(Math.max(bytes, most / T), most)
  return {
    base,
    bytes: (level) => (level >= last ? Infinity : Math.max(atBase * T ** (level - base), most)),
    lastSurplus,
  }
}

/** What a tombstone adds to the size of its table, where the rules say so. */
export function bytesPerTombstone(view: TreeView, { rules }: PartialShape): number {
  return rules.compensatesTombstones ? tombstoneBytes(view.version) : 0
}

/** RocksDB raises the priority of levels that are due by this factor, before it lowers some. */
const DUE_FACTOR = 10

/**
 * The fullness of every level. With static targets the fullest goes first. With dynamic targets a
 * level that is due waits the longer, the more bytes are about to arrive from the levels above it.
 * What running jobs read is left out, but still counts as about to arrive.
 */
export function fullnessOfLevels(
  view: TreeView,
  shape: PartialShape,
  targets: Targets,
): readonly Fullness[] {
  const perTombstone = bytesPerTombstone(view, shape)
  const bytesOf = (level: number) =>
    compensatedRunBytes(levelAt(view.version, level).runs, perTombstone)
  const busy = busyOf(view)
  const freeBytesOf = (level: number) =>
    bytesOf(level) - compensatedTableBytes(busy.tablesIn(level), perTombstone)
  let arriving = levelAt(view.version, 0).totals.rawBytes
  return view.version.levels.map(({ runs, totals }, level) => {
    if (level === 0) {
      const free = { runs: freeRuns(view, runs).length, bytes: freeBytesOf(0) }
      return level0Fullness(view, shape, targets, free, bytesOf(targets.base))
    }
    const target = targets.bytes(level)
    const bytes = freeBytesOf(level)
    let score = bytes / target
    let priority = score
    if (shape.sizing === 'dynamic' && score >= 1) {
      priority = (bytes / (target + arriving)) * DUE_FACTOR
    }
    const isSurplus = level <= targets.lastSurplus && bytes > 0
    if (isSurplus) {
      const drained = 1.001 + 0.001 * (targets.lastSurplus - level)
      score = Math.max(score, drained)
      priority = Math.max(priority, drained * DUE_FACTOR)
    }
    arriving += isSurplus ? totals.rawBytes : Math.max(0, totals.rawBytes - target)
    return { level, score, priority }
  })
}

/** Level 0 is due by its runs, and by its bytes where the rules say so. */
function level0Fullness(
  view: TreeView,
  shape: PartialShape,
  targets: Targets,
  { runs, bytes }: { readonly runs: number; readonly bytes: number },
  baseBytes: number,
): Fullness {
  const byRuns = runs / shape.l0Trigger
  if (!shape.rules.level0ByBytes) return { level: 0, score: byRuns, priority: byRuns }
  const byBytes = bytes / firstTargetBytes(view, shape)
  const score = Math.max(byRuns, byBytes)
  if (shape.sizing === 'static') return { level: 0, score, priority: score }
  let priority = byBytes >= 1 ? Math.max(byRuns, 1.01) : byRuns
  const target = targets.bytes(targets.base)
  if (bytes > target) priority = Math.max(priority, bytes / Math.max(baseBytes, target))
  return { level: 0, score, priority: priority > 1 ? priority * DUE_FACTOR : priority }
}
