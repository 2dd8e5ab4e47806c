/**
 * Owns the triggers beside capacity: tables that must go on because of their age or their
 * tombstones, and trees that hold too much that is obsolete. A rule marks tables by a rank that
 * depends on nothing but the table, so that the least of a run is remembered and a pick looks for
 * tables only where some are marked.
 *
 * What is done with a marked table is the tree's business: it goes one level deeper with what it
 * overlaps, and in the deepest level it is rewritten where that takes the mark away. Every step
 * brings it nearer to that, so a mark never keeps a tree from rest.
 *
 * Time to live follows FADE: D_th is split over the levels so that level i has T times the time of
 * the level above it, d_0 = D_th·(T − 1)/(T^(L − 1) − 1), d_i = T·d_(i − 1), and a tombstone that
 * reaches level i has until d_0 + … + d_i, counted from its write. All but the deepest of the L
 * levels have a share, so at D_th it stands before the deepest, where it ends.
 *
 * Sources: Sarkar et al., *Lethe*, SIGMOD '20 §4.1 and PVLDB 14; RocksDB universal compaction (space
 * amplification).
 */

import type { CompactionSpec, PickReason, TreeView } from '../../engine/compaction/strategy.ts'
import type { Run } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt, runsOldestFirst } from '../../engine/version/version.ts'
import { byDensity, byTombstoneAge } from './movement.ts'
import { tableBytes } from './shared-parameters.ts'
import { outputTo, wholeRuns } from './specs.ts'
import { leastRankOf, type RanksOfRun, rankedBy } from './table-ranks.ts'

/** Which tables must go on. */
export interface MarkRule {
  readonly trigger: string
  readonly formula: string
  readonly ranksOfRun: RanksOfRun
  /** Whether a run may hold marked tables at all, by its totals. */
  concerns(run: Run): boolean
  /**
   * When a table of the level with this rank is marked, in ms of the clock: ±∞ where time does not
   * matter. Lesser ranks are marked earlier.
   */
  markedAtMs(view: TreeView, level: number, rank: number): number
  /** Of the marked tables of a run the heaviest goes first. */
  weight(table: TableMeta): number
  /** Whether a table of the deepest level, once rewritten, is marked no more. */
  endsWhenRewritten(view: TreeView, table: TableMeta): boolean
}

export interface Mark {
  readonly level: number
  /** Index in the level's only run, or in one of several. */
  readonly index: number
  readonly table: TableMeta
  readonly reason: PickReason
}

/** A tombstone ends in the deepest level once no snapshot is older than it. */
const tombstonesEnd = (view: TreeView, { seqMax }: TableMeta) => seqMax <= view.oldestSnapshotSeq

const holdsTombstones = ({ totals }: Run) => totals.tombstones > 0

const byCreation = rankedBy(({ createdAtMs }) => createdAtMs)

/** FADE: tombstones whose time in their level is over; the smallest level, most tombstones first. */
export function tombstoneTtl(T: number, deleteTtlMs: number): MarkRule {
  return {
    trigger: 'tombstone-TTL',
    formula: 'tombstone age ≥ d(0) + … + d(level)',
    ranksOfRun: byTombstoneAge,
    concerns: holdsTombstones,
    markedAtMs: (view, level, rank) => rank + deadlineMs(view, level, T, deleteTtlMs),
    weight: ({ tombstones }) => tombstones,
    endsWhenRewritten: tombstonesEnd,
  }
}

/** Tables whose share of tombstones is `threshold` or more. */
export function tombstoneDensity(threshold: number): MarkRule {
  return {
    trigger: 'tombstone density',
    formula: 'tombstones / entries ≥ densityThreshold',
    ranksOfRun: byDensity,
    concerns: (run) => threshold <= 0 || holdsTombstones(run),
    markedAtMs: (_view, _level, rank) => (-rank >= threshold ? -Infinity : Infinity),
    weight: ({ tombstones, entries }) => tombstones / entries,
    endsWhenRewritten: tombstonesEnd,
  }
}

/** Tables written longer ago than `staleMs`, above 0 (RocksDB: periodic compaction). */
export function staleness(staleMs: number): MarkRule {
  return {
    trigger: 'file staleness',
    formula: 'table age ≥ staleMs',
    ranksOfRun: byCreation,
    concerns: () => true,
    markedAtMs: (_view, _level, rank) => rank + staleMs,
    weight: ({ createdAtMs }) => -createdAtMs,
    endsWhenRewritten: () => true,
  }
}

/** What a tree says of its levels to those who look for marks. */
export interface MarkSearch {
  /** Whether a compaction of the level may start now. */
  isFree(level: number): boolean
  /** Whether tables of the level can go no deeper, and are rewritten there. */
  rewrites(level: number): boolean
  /** The round-robin index that decides between tables alike. */
  startIn(level: number, run: Run): number
}

/** The table the rule sends on, smallest level first. */
export function findMark(view: TreeView, rule: MarkRule, search: MarkSearch): Mark | null {
  for (const [level, { runs }] of view.version.levels.entries()) {
    if (!search.isFree(level)) continue
    const rewrites = search.rewrites(level)
    const mayGo = (table: TableMeta) => !rewrites || rule.endsWhenRewritten(view, table)
    const isMarked = (rank: number) => rule.markedAtMs(view, level, rank) <= view.nowMs
    for (const run of runs) {
      if (!rule.concerns(run) || !isMarked(leastRank(run, rule.ranksOfRun))) continue
      const heaviest = heaviestMarked(run, search.startIn(level, run), rule, isMarked, mayGo)
      if (heaviest === null) continue
      const { trigger, formula } = rule
      const { tombstones, entries } = heaviest.table
      const reason = { trigger, formula, values: { level, tombstones, entries } }
      return { level, index: heaviest.index, table: heaviest.table, reason }
    }
  }
  return null
}

/** When time alone makes the rule mark its next table, or null. */
export function nextMarkAt(
  view: TreeView,
  rule: MarkRule,
  rewrites: (level: number) => boolean,
): number | null {
  let next = Number.POSITIVE_INFINITY
  for (const [level, { runs }] of view.version.levels.entries()) {
    for (const run of runs) {
      if (!rule.concerns(run)) continue
      let markedMs = rule.markedAtMs(view, level, leastRank(run, rule.ranksOfRun))
      // What is overdue and cannot end, for a snapshot holds it, waits for something else than time.
      if (rewrites(level) && markedMs <= view.nowMs) {
        markedMs = rule.markedAtMs(view, level, leastThatEnds(view, run, rule))
      }
      next = Math.min(next, markedMs)
    }
  }
  return Number.isFinite(next) ? next : null
}

/**
 * Everything into one run, in the place of the oldest, when what lies above that is `percent` % of
 * it or more: obsolete versions can be no more than that.
 */
export function pickSpaceAmplification<State extends TreeView['state']>(
  view: TreeView<State>,
  percent: number,
  output: { readonly bitsPerKey: number; readonly targetTableBytes: number },
): CompactionSpec<State> | null {
  if (view.inProgress.length > 0) return null
  const oldest = runsOldestFirst(view.version).next().value
  if (oldest === undefined) return null
  const oldestBytes = oldest.run.totals.rawBytes
  const newerBytes = view.version.totals.rawBytes - oldestBytes
  if (newerBytes === 0 || newerBytes * 100 < percent * oldestBytes) return null
  const place = { level: oldest.level, run: oldest.run.id }
  return {
    kind: 'merge',
    inputs: view.version.levels.flatMap((_, level) =>
      wholeRuns(level, levelAt(view.version, level).runs),
    ),
    outputs: [outputTo(place, tableBytes(view, output), output.bitsPerKey)],
    nextState: view.state,
    reason: {
      trigger: 'space amplification',
      formula: 'newer bytes ≥ percent of the oldest run',
      values: { newerBytes, oldestBytes, percent },
    },
  }
}

/** d_0 + … + d_i of FADE, where i counts the levels that hold something, level 0 always. */
function deadlineMs(view: TreeView, level: number, T: number, deleteTtlMs: number): number {
  let depth = 0
  let count = 1
  for (let at = 1; at < view.version.levels.length; at++) {
    if (view.version.levels[at]!.runs.length === 0) continue
    count++
    if (at <= level) depth++
  }
  if (depth >= count - 2) return deleteTtlMs
  return (deleteTtlMs * (T ** (depth + 1) - 1)) / (T ** (count - 1) - 1)
}

const leastByRun = new WeakMap<MarkRule['ranksOfRun'], WeakMap<Run, number>>()

/** The least rank of a run, remembered for as long as the run is as it is. */
function leastRank(run: Run, ranksOfRun: MarkRule['ranksOfRun']): number {
  let known = leastByRun.get(ranksOfRun)
  if (known === undefined) {
    known = new WeakMap()
    leastByRun.set(ranksOfRun, known)
  }
  let least = known.get(run)
  if (least === undefined) {
    least = leastRankOf(ranksOfRun(run))
    known.set(run, least)
  }
  return least
}

/** Of tables alike the first at or after index `start`, around the end. */
function heaviestMarked(
  run: Run,
  start: number,
  rule: MarkRule,
  isMarked: (rank: number) => boolean,
  mayGo: (table: TableMeta) => boolean,
): { readonly index: number; readonly table: TableMeta } | null {
  const { tables } = run.totals
  let heaviest: { index: number; table: TableMeta } | null = null
  let most = Number.NEGATIVE_INFINITY
  let firstTurn = tables
  const { chunks, leasts } = rule.ranksOfRun(run)
  for (const [chunk, ranks] of chunks.entries()) {
    if (!isMarked(leasts[chunk]!)) continue
    for (const [at, table] of run.chunks[chunk]!.tables.entries()) {
      if (!isMarked(ranks[at]!) || !mayGo(table)) continue
      const index = run.firstIndexes[chunk]! + at
      const weight = rule.weight(table)
      const turn = (index - start + tables) % tables
      if (weight < most || (weight === most && turn > firstTurn)) continue
      heaviest = { index, table }
      most = weight
      firstTurn = turn
    }
  }
  return heaviest
}

function leastThatEnds(view: TreeView, run: Run, rule: MarkRule): number {
  let least = Number.POSITIVE_INFINITY
  for (const [chunk, ranks] of rule.ranksOfRun(run).chunks.entries()) {
    for (const [at, table] of run.chunks[chunk]!.tables.entries()) {
      if (rule.endsWhenRewritten(view, table)) least = Math.min(least, ranks[at]!)
    }
  }
  return least
}
