/**
 * Owns the triggers other than capacity: tables that must be compacted because of their age or
 * their tombstones, and trees with too much obsolete data. A rule marks tables by a rank that
 * depends only on the table. So the least rank of a run can be remembered, and a pick looks at
 * tables only in runs with a marked one.
 *
 * The family decides what happens to a marked table: it goes one level deeper with the tables it
 * overlaps; in the deepest level it is rewritten if that removes the mark. Every step brings it
 * nearer to that, so marks never keep a tree from rest.
 *
 * Time to live follows FADE: D_th is split over the levels so that level i has T times the time of
 * the level above it, d_0 = D_th·(T − 1)/(T^(L − 1) − 1), d_i = T·d_(i − 1). A tombstone that
 * reaches level i has until d_0 + … + d_i, counted from its write. All of the L levels but the
 * deepest have a share, so at D_th a tombstone is due for the deepest level, where it ends.
 *
 * Sources: Sarkar et al., *Lethe*, SIGMOD '20 §4.1 and PVLDB 14; RocksDB universal compaction
 * (space amplification).
 */

import type { CompactionSpec, PickReason, TreeView } from '../../engine/compaction/strategy.ts'
import type { Run } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt, runsOldestFirst } from '../../engine/version/version.ts'
import { byDensity, byTombstoneAge } from './movement.ts'
import { tableBytes } from './shared-parameters.ts'
import { outputTo, wholeRuns } from './specs.ts'
import { leastRankOf, type RanksOfRun, rankedBy } from './table-ranks.ts'

/** Says which tables must be compacted. */
export interface MarkRule {
  readonly trigger: string
  readonly formula: string
  readonly ranksOfRun: RanksOfRun
  /** Whether a run may hold marked tables at all, by its totals. */
  concerns(run: Run): boolean
  /**
   * When a table of the level with this rank becomes marked, in ms of the clock; ±Infinity if time
   * does not matter. Lesser ranks are marked earlier.
   */
  markedAtMs(view: TreeView, level: number, rank: number): number
  /** The heaviest of a run's marked tables goes first. */
  weight(table: TableMeta): number
  /** Whether rewriting a table of the deepest level removes its mark. */
  endsWhenRewritten(view: TreeView, table: TableMeta): boolean
}

export interface Mark {
  readonly level: number
  /** Index of the table in its run. */
  readonly index: number
  readonly table: TableMeta
  readonly reason: PickReason
}

/** A rewrite in the deepest level drops tombstones that no snapshot needs. */
const tombstonesEnd = (view: TreeView, { seqMax }: TableMeta) => seqMax <= view.oldestSnapshotSeq

const holdsTombstones = ({ totals }: Run) => totals.tombstones > 0

const byCreation = rankedBy(({ createdAtMs }) => createdAtMs)

/** FADE: tables with a tombstone whose time in the level is over, most tombstones first. */
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

/** What a search for marked tables asks about the tree. */
export interface MarkSearch {
  /** Whether a compaction of the table may start now. */
  isFree(table: TableMeta, level: number): boolean
  /** Whether tables of the level cannot go deeper, and are rewritten in place. */
  rewrites(level: number): boolean
  /** The round-robin index that breaks ties. */
  startIn(level: number, run: Run): number
}

/** The marked table that is due: smallest level first, then by weight. Null if there is none. */
export function findMark(view: TreeView, rule: MarkRule, search: MarkSearch): Mark | null {
  for (const [level, { runs }] of view.version.levels.entries()) {
    const rewrites = search.rewrites(level)
    const mayGo = (table: TableMeta) =>
      (!rewrites || rule.endsWhenRewritten(view, table)) && search.isFree(table, level)
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

/** When the passing of time marks the next table; null if it marks none. */
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
      // A table that is overdue but held by a snapshot does not wait for time.
      if (rewrites(level) && markedMs <= view.nowMs) {
        markedMs = rule.markedAtMs(view, level, leastThatEnds(view, run, rule))
      }
      next = Math.min(next, markedMs)
    }
  }
  return Number.isFinite(next) ? next : null
}

/**
 * Merges the whole tree into its oldest run when the newer runs have `percent` % of its bytes or
 * more. Obsolete versions cannot take more space than the newer runs.
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

/** d_0 + … + d_i of FADE; i counts the levels that hold data, and level 0 in any case. */
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

/** The least rank of a run, remembered with the run object. */
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

/** The heaviest marked table; of equal ones the first in turn from index `start` on. */
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
