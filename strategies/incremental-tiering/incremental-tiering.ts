/**
 * Owns incremental tiering: neighbouring runs of similar size form a bucket, and a full bucket
 * merges into one run, as in size-tiered compaction. But the merge goes in steps. A run is a
 * sequence of tables of about equal size. Each step takes the tables of all runs of the bucket in
 * one key range, from the smallest key on, and its output goes into the oldest of these runs. So
 * while a step runs, the disk holds these few tables twice, and not the whole bucket.
 *
 *   newest   [ 7 ][ 8 ][ 9 ]               [ 8 ][ 9 ]               [ 9 ]
 *   …        [ 4 ][ 5 ][ 6 ]      →        [ 5 ][ 6 ]      →        [ 6 ]      →
 *   oldest   [ 1 ][ 2 ][ 3 ]      [ a ][ b ][ 2 ][ 3 ]   [ a ][ b ][ c ][ d ][ 3 ]
 *
 * A range ends where no table of the bucket crosses. To have many such keys, all outputs are cut
 * where tables of the oldest run of the tree begin (`primitives/aligned-cuts.ts`). If another
 * strategy cut the runs, steps are larger. Tables of the bucket's oldest run that no newer one
 * overlaps stay as they are.
 *
 * Trigger      sorted runs (`min_threshold` similar ones); space amplification, if a goal is set
 * Layout       tiering: one list of runs, all in level 0 unless another strategy left deeper ones
 * Granularity  several tables: those of one key range, of all runs of the bucket
 * Movement     key order, until the bucket is one run
 *
 * Beside running jobs, a bucket of other runs may begin its merge; Scylla as well merges several
 * buckets at the same time. If there is none, further steps of the merges that have begun take the
 * next key ranges.
 *
 * Source: ScyllaDB's IncrementalCompactionStrategy (`incremental_compaction_strategy.cc`, August
 * 2026), with its option names. These things differ:
 *
 * - Scylla runs one job and deletes each input as soon as the job has passed it. Here a merge is
 *   installed at its end, so it goes in steps. The state names the runs.
 * - Scylla sorts runs by size, since it reconciles by timestamps. Here only neighbours merge: a run
 *   among larger ones counts as large as the largest newer one, and goes with them.
 * - By default Scylla also merges two similar runs when nothing better is due. Under inline
 *   scheduling that is always so; `compaction_enforce_min_threshold` is therefore true here.
 * - Left out: tombstone garbage collection across tiers, and `min_sstable_age`.
 */

import { z } from 'zod'
import { compareBytes } from '../../engine/base/compare.ts'
import type { CompactionSpec, InputSlice, TreeView } from '../../engine/compaction/strategy.ts'
import { hull, type KeyRange } from '../../engine/version/key-range.ts'
import { overlapping, type RunId, rangeOf, sliceTables, tableAt } from '../../engine/version/run.ts'
import { rawBytesOfTables } from '../../engine/version/table-meta.ts'
import { runsNewestFirst } from '../../engine/version/version.ts'
import { debtBeside, defineStrategy, stallsAbove, whenIdle } from '../define-strategy.ts'
import { cutsAlong } from '../primitives/aligned-cuts.ts'
import { busyOf, ifFree } from '../primitives/busy.ts'
import { indexBeyond } from '../primitives/round-robin.ts'
import { bitsPerKey, tableBytes, targetTableBytes } from '../primitives/shared-parameters.ts'
import { inputBytes, outputTo } from '../primitives/specs.ts'
import {
  type Bucket,
  bucketsOf,
  crossTierMerge,
  fullestBucket,
  type Merge,
  type PlacedRun,
} from './buckets.ts'

/** The runs being merged, newest first; the others go into the last. */
type Merging = readonly RunId[]

/** Null: no merge has begun. `others` are there only if several have. */
type State = { readonly merging: Merging | null; readonly others?: readonly Merging[] }
type View = TreeView<State>
type Spec = CompactionSpec<State>

const params = z
  .object({
    min_threshold: z.int().min(2).default(4).describe('Similar runs that are merged. Scylla: 4.'),
    max_threshold: z.int().min(2).default(32).describe('The most runs in one merge. Scylla: 32.'),
    bucket_low: z
      .number()
      .positive()
      .lt(1)
      // biome-ignore lint/suspicious/noApproximativeNumericConstant: Scylla gives four digits.
      .default(0.7071)
      .describe('Similar runs are larger than this share of the others’ mean. Scylla: 0.7071.'),
    bucket_high: z
      .number()
      .gt(1)
      // biome-ignore lint/suspicious/noApproximativeNumericConstant: Scylla gives four digits.
      .default(1.4142)
      .describe('Similar runs are smaller than this many times their mean. Scylla: 1.4142.'),
    min_sstable_size: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Runs of fewer raw bytes are all similar; 0: a twentieth of a table. Scylla: 50 MB, a ' +
          'twentieth of its tables.',
      ),
    space_amplification_goal: z
      .number()
      .min(0)
      .max(2)
      .default(0)
      .describe(
        'The two largest buckets merge if their bytes are more than this many times those of the ' +
          'larger; above 1, at most 2; 0: never. Scylla: not set.',
      ),
    compaction_enforce_min_threshold: z
      .boolean()
      .default(true)
      .describe(
        'Whether fewer than min_threshold similar runs stay unmerged. Scylla: false, two merge ' +
          'when it is idle.',
      ),
    bitsPerKey,
    targetTableBytes,
  })
  .check(({ value, issues }) => {
    if (value.max_threshold < value.min_threshold) {
      const message = `must be at least min_threshold = ${value.min_threshold}`
      const input = value.max_threshold
      issues.push({ code: 'custom', path: ['max_threshold'], input, message })
    }
    const goal = value.space_amplification_goal
    if (goal > 0 && goal <= 1) {
      const message = 'must be 0, or above 1 and at most 2'
      issues.push({ code: 'custom', path: ['space_amplification_goal'], input: goal, message })
    }
  })

type Params = z.output<typeof params>

export const incrementalTiering = defineStrategy({
  name: 'incremental-tiering',
  description: 'Runs of similar size, merged a key range at a time (ScyllaDB ICS)',
  params,
  primitives: {
    trigger: ['sorted runs', 'space amplification'],
    layout: 'tiering',
    granularity: ['several tables'],
    movement: ['key order'],
  },
  initialState: { merging: null } as State,

  pick(view, values) {
    const busy = busyOf(view)
    const begun = begunMerges(view)
    const hasStep = ({ runs }: Merge) => runs.some(({ run }) => busy.readsRun(run.id))
    return (
      firstStep(
        view,
        values,
        begun.filter((merge) => !hasStep(merge)),
      ) ??
      firstStep(view, values, newMerge(view, values, begun)) ??
      firstStep(view, values, begun.filter(hasStep))
    )
  },

  debtBytes(view, values) {
    const begun = begunMerges(view)
    const merges = begun.length > 0 ? begun : newMerge(view, values, begun)
    const left = merges.reduce((sum, { runs }) => sum + bytesLeft(view, runs), 0)
    return debtBeside(view, null) + left
  },

  stallLimits(view, values) {
    // At rest no bucket has as many runs as a merge takes.
    const buckets = bucketsOf(whenIdle(view), values, []).length
    return stallsAbove(buckets * values.min_threshold, values.min_threshold)
  },
})

function firstStep(view: View, values: Params, merges: readonly Merge[]): Spec | null {
  for (const merge of merges) {
    const spec = stepOf(view, values, merge)
    if (spec !== null) return spec
  }
  return null
}

/** The merge of the bucket that is due, of runs that are in no other merge; none if none is due. */
function newMerge(view: View, values: Params, begun: readonly Merge[]): readonly Merge[] {
  const merge = dueBucket(bucketsOf(view, values, begun), values)
  return merge === null ? [] : [merge]
}

function dueBucket(buckets: readonly Bucket[], values: Params): Merge | null {
  const { min_threshold, compaction_enforce_min_threshold } = values
  return (
    fullestBucket(buckets, min_threshold, values) ??
    (compaction_enforce_min_threshold ? null : fullestBucket(buckets, 2, values)) ??
    crossTierMerge(buckets, values)
  )
}

function begunMerges(view: View): readonly Merge[] {
  const { merging, others = [] } = view.state
  return merging === null ? [] : [merging, ...others].flatMap((ids) => begunMerge(view, ids) ?? [])
}

/** Null if nothing is left to start, or another strategy has changed the runs since. */
function begunMerge(view: View, merging: Merging): Merge | null {
  const busy = busyOf(view)
  const placed = runsNewestFirst(view.version).filter(({ run }) => {
    return busy.countIn(run.id) < run.totals.tables || run.id === merging.at(-1)
  })
  const isMerging = ({ run }: PlacedRun) => merging.includes(run.id)
  const runs = placed.slice(placed.findIndex(isMerging), placed.findLastIndex(isMerging) + 1)
  const isWhole = runs.length > 1 && runs.every(isMerging)
  if (!isWhole || runs.at(-1)!.run.id !== merging.at(-1)) return null
  const tables = runs.slice(0, -1).reduce((sum, { run }) => sum + run.totals.tables, 0)
  return {
    runs,
    reason: {
      trigger: 'sorted runs',
      formula: 'bucket not merged to its end',
      values: { runs: runs.length, tables },
    },
  }
}

/** Merges the first key range that no table of the runs crosses, and no job is in the way of. */
function stepOf(view: View, values: Params, merge: Merge): Spec | null {
  let range = firstRange(merge.runs, null)
  while (range !== null) {
    const spec = ifFree(view, mergeOfRange(view, values, merge, range))
    if (spec !== null) return spec
    range = firstRange(merge.runs, range.largest)
  }
  return null
}

function mergeOfRange(view: View, values: Params, { runs, reason }: Merge, range: KeyRange): Spec {
  const busy = busyOf(view)
  const oldest = runs.at(-1)!
  const parts = runs.map(({ level, run }) => ({ level, run, ...overlapping(run, range) }))
  const taken = parts.filter(({ from, to }) => from < to)
  const inputs: readonly InputSlice[] = taken.map(({ level, run, from, to }) => {
    const isWhole = to - from === run.totals.tables
    return { level, run: run.id, tables: isWhole ? 'all' : sliceTables(run, from, to) }
  })
  const tables = taken.flatMap(({ run, from, to }) => sliceTables(run, from, to))
  const left = parts.slice(0, -1).filter(({ run, from, to }) => {
    return to - from + busy.countIn(run.id) < run.totals.tables
  })
  const anchor = runsNewestFirst(view.version).at(-1)!.run
  const output = {
    ...outputTo({ level: oldest.level, run: oldest.run.id }, null, values.bitsPerKey),
    ...cutsAlong(anchor, range, rawBytesOfTables(tables), tableBytes(view, values)),
  }
  const rest = left.length > 0 ? [[...left.map(({ run }) => run.id), oldest.run.id]] : []
  return {
    kind: 'merge',
    inputs,
    outputs: [output],
    nextState: stateOf([...rest, ...othersThan(view, oldest.run.id)]),
    reason,
  }
}

/** The begun merges into other runs than this one. */
function othersThan(view: View, oldest: RunId): readonly Merging[] {
  const merges = begunMerges(view).map(({ runs }) => runs.map(({ run }) => run.id))
  return merges.filter((merging) => merging.at(-1) !== oldest)
}

function stateOf(merges: readonly Merging[]): State {
  const [merging = null, ...others]: readonly (Merging | null)[] = merges
  return others.length === 0 ? { merging } : { merging, others: merges.slice(1) }
}

/**
 * From the smallest key of the runs but the oldest, of their tables that reach beyond the key
 * `after`, up to a key that no table crosses; null if no table reaches beyond.
 */
function firstRange(runs: readonly PlacedRun[], after: Uint8Array | null): KeyRange | null {
  const firsts = runs.slice(0, -1).flatMap(({ run }) => {
    const index = after === null ? 0 : indexBeyond(run, after)
    return index < run.totals.tables ? [tableAt(run, index)] : []
  })
  if (firsts.length === 0) return null
  let range: KeyRange = firsts.reduce((first, table) =>
    compareBytes(table.smallest, first.smallest) < 0 ? table : first,
  )
  for (;;) {
    const met = runs.flatMap(({ run }) => {
      const { from, to } = overlapping(run, range)
      return from === to ? [] : [tableAt(run, from), tableAt(run, to - 1)]
    })
    const wider = hull(met)!
    if (
      compareBytes(wider.smallest, range.smallest) === 0 &&
      compareBytes(wider.largest, range.largest) === 0
    ) {
      return range
    }
    range = wider
  }
}

/** About the bytes that the steps to the end of the merge, but for the running ones, will read. */
function bytesLeft(view: View, runs: readonly PlacedRun[]): number {
  const newer = runs.slice(0, -1)
  const oldest = runs.at(-1)!.run
  const { from, to } = overlapping(oldest, hull(newer.flatMap(({ run }) => rangeOf(run) ?? []))!)
  const share = (to - from) / oldest.totals.tables
  const bytes = newer.reduce((sum, { run }) => sum + run.totals.bytes, 0)
  const ids = new Set(runs.map(({ run }) => run.id))
  const running = view.inProgress.flatMap(({ inputs }) => inputs.filter(({ run }) => ids.has(run)))
  const left = bytes + share * oldest.totals.bytes - inputBytes(view.version, running)
  return Math.max(Math.round(left), 0)
}
