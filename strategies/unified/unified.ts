/**
 * Owns unified compaction. A level is a range of density: a table's bytes divided by its share of
 * the key space. Each level is f times denser than the one above. Where t tables of a level
 * overlap, they merge, with all tables that they overlap directly or through others (a bucket). The
 * output is cut at borders of shards (`shards.ts`); the denser it is, the more of them. So tables
 * stay near their size, and a bucket is a small part of a dense level. t = f makes tiering (T4),
 * t = 2 leveling (L10), and f = t = 2 both (N). A list of parameters sets f and t level by level.
 *
 * The rules, in this order:
 *
 *   1. density   the oldest tables of a bucket have the density of a deeper level: they move
 *                there, without a rewrite, and lie on what they overlap
 *   2. overlap   the bucket with the most overlapping runs, at least t of its level, merges into
 *                one run of its level; of equally many the smallest level, and there in turn
 *   3. sink      a level has more runs than overlap anywhere: tables move into older runs
 *
 * Beside running jobs each rule takes the next best bucket that no job is in the way of. Cassandra
 * runs many compactions at once, of tables that are not compacting.
 *
 * Trigger      sorted runs within a bucket; density
 * Layout       hybrid: any t and f, level by level
 * Granularity  several tables: those of one bucket
 * Movement     most sorted runs; round-robin
 *
 * Source: Cassandra 5's UnifiedCompactionStrategy (CASSANDRA-18397: `unified/Controller.java`,
 * `UnifiedCompactionStrategy.md`), with its option names. These things differ:
 *
 * - Shards divide the keys of the data, not tokens. Densities follow from them, but none counts as
 *   more than the whole tree's bytes. There are at most 128 shards.
 * - Cassandra computes the level of every table whenever it picks. Here the level of the tree says
 *   it, and a merge's output is looked at once it is there. Its density may also have shrunk: then
 *   it stays in its level.
 * - A flush is one table here; Cassandra cuts it at the borders of the base shards.
 * - Overlap is counted by shards. Ties are broken by round-robin, not at random. If more runs
 *   overlap than may be merged, the oldest of them merge, however late the tree is.
 */

import { z } from 'zod'
import type {
  CompactionSpec,
  OutputPlace,
  PickReason,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { overlapping, type Run } from '../../engine/version/run.ts'
import { levelAt } from '../../engine/version/version.ts'
import { defineStrategy, stallsAbove } from '../define-strategy.ts'
import { pieceBytes } from '../primitives/aligned-cuts.ts'
import { ifFree } from '../primitives/busy.ts'
import { bitsPerKey, tableBytes, targetTableBytes } from '../primitives/shared-parameters.ts'
import { outputTo } from '../primitives/specs.ts'
import {
  type DensityShape,
  levelOfDensity,
  limitOfLevel,
  scalingAt,
  scalingOf,
  shardsOfDensity,
} from './density.ts'
import { bytesOf, rangeOf, sliceOf } from './layers.ts'
import {
  type Borders,
  type Bucket,
  bucketsOf,
  grownShards,
  type Layer,
  type Shards,
} from './shards.ts'

/** By level, the first shard after the bucket merged last. */
type State = { readonly borders: Borders; readonly cursors: readonly number[] }
type View = TreeView<State>
type Spec = CompactionSpec<State>

const params = z.object({
  scaling_parameters: z
    .array(z.string().regex(/^(N|[TL]([2-9]|[1-9]\d{1,2})|-?\d{1,3})$/))
    .min(1)
    .default(['T4'])
    .describe(
      'By level, the last for all deeper ones: Tf, tiered by f; Lf, leveled by f; N, as T2 and L2; ' +
        'or W itself, f − 2 or 2 − f. Cassandra: T4.',
    ),
  base_shard_count: z
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Shards of the least dense tables; others have doublings of it. Cassandra: 4.'),
  sstable_growth: z
    .number()
    .min(0)
    .max(1)
    .default(0.333)
    .describe(
      'The part of a growing density that goes into larger tables, not more: 0, all tables have ' +
        'the target size; 1, the base shards only. Cassandra: 0.333.',
    ),
  min_sstable_size: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'Raw bytes of a table below which there are fewer shards than the base count; 0: a tenth of ' +
        'the target. Cassandra: 100 MiB, of 1 GiB.',
    ),
  max_sstables_to_compact: z
    .int()
    .min(2)
    .default(32)
    .describe('The most overlapping runs in one merge, if more than f. Cassandra: 32.'),
  survival_factor: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe('Part of the merged bytes that usually remains; levels narrow by it. Cassandra: 1.'),
  bitsPerKey,
  targetTableBytes,
})

type Params = z.output<typeof params>

export const unified = defineStrategy({
  name: 'unified',
  description: 'Levels by density, merged shard by shard where tables overlap (Cassandra UCS)',
  params,
  primitives: {
    trigger: ['sorted runs', 'density'],
    layout: 'hybrid',
    granularity: ['several tables'],
    movement: ['most sorted runs', 'round-robin'],
  },
  initialState: { borders: [], cursors: [] } as State,

  pick(view, values) {
    if (view.version.levels.length === 0) return null
    const tree = bucketedTree(view, values)
    return pickDenser(tree) ?? pickOverlap(tree) ?? pickSink(tree)
  },

  stallLimits(view, values) {
    // At rest no bucket has t runs, and a level has as many runs as its deepest bucket.
    const { threshold } = scalingAt(shapeOf(view, values), 0)
    return stallsAbove(threshold, Math.max(threshold, 4))
  },
})

function shapeOf(view: View, values: Params): DensityShape {
  const target = tableBytes(view, values)
  return {
    scaling: values.scaling_parameters.map(scalingOf),
    survivalFactor: values.survival_factor,
    flushBytes: view.memtableBytes,
    baseShards: values.base_shard_count,
    minTableBytes: values.min_sstable_size === 0 ? target / 10 : values.min_sstable_size,
    targetTableBytes: target,
    growth: values.sstable_growth,
  }
}

/** A view with its shards, and the buckets of each level. */
interface BucketedTree {
  readonly view: View
  readonly values: Params
  readonly shape: DensityShape
  readonly shards: Shards
  readonly levels: readonly (readonly Bucket[])[]
}

function bucketedTree(view: View, values: Params): BucketedTree {
  const shape = shapeOf(view, values)
  const wanted = shardsOfDensity(shape, view.version.totals.rawBytes)
  const shards = grownShards(view, view.state.borders, shape.baseShards, wanted)
  const levels = view.version.levels.map((level) => bucketsOf(level, shards))
  return { view, values, shape, shards, levels }
}

/**
 * Rule 1: tables that overlap no older ones of their level move to the level of their density,
 * together with neighbours that go to the same place.
 */
function pickDenser(tree: BucketedTree): Spec | null {
  for (const [level, buckets] of tree.levels.entries()) {
    const denser = buckets.flatMap((bucket) => denserTables(tree, level, bucket))
    for (const first of denser) {
      const spec = ifFree(tree.view, moveOfDenser(tree, level, first, denser))
      if (spec !== null) return spec
    }
  }
  return null
}

/** Moves the first tables, and those after them that go along. */
function moveOfDenser(
  tree: BucketedTree,
  level: number,
  first: DenserTables,
  denser: readonly DenserTables[],
): Spec {
  const { run, from } = first.layer
  let { to } = first.layer
  for (const { layer, place } of denser) {
    if (layer.run === run && layer.from === to && isSame(place, first.place)) to = layer.to
  }
  const layer = { ...first.layer, to }
  return moveOf(tree, level, layer, first.place, {
    trigger: 'density',
    formula: 'density ≥ limit',
    values: {
      level,
      density: Math.round(first.density),
      limit: limitOfLevel(tree.shape, level),
      tables: to - from,
    },
  })
}

interface DenserTables {
  readonly layer: Layer
  readonly density: number
  readonly place: OutputPlace
}

/** The oldest tables of a bucket if they are denser than their level. */
function denserTables(tree: BucketedTree, from: number, bucket: Bucket): readonly DenserTables[] {
  const layer = bucket.layers.at(-1)!
  const density = densityOf(tree, { ...bucket, layers: [layer] })
  const level = levelOfDensity(tree.shape, density)
  if (level <= from) return []
  return [{ layer, density, place: placeBelow(tree, from, level, rangeOf(layer)) }]
}

function isSame(place: OutputPlace, other: OutputPlace): boolean {
  const runOf = (one: OutputPlace) => ('run' in one ? one.run : null)
  return place.level === other.level && runOf(place) === runOf(other)
}

/** Rule 2: the bucket with the most overlapping runs merges into one run. */
function pickOverlap(tree: BucketedTree): Spec | null {
  const blocked = new Set<Bucket>()
  for (;;) {
    const due = mostOverlappingOfAll(tree, blocked)
    if (due === null) return null
    const spec = ifFree(tree.view, mergeOf(tree, due.level, due.bucket))
    if (spec !== null) return spec
    blocked.add(due.bucket)
  }
}

function mostOverlappingOfAll(
  tree: BucketedTree,
  blocked: ReadonlySet<Bucket>,
): { readonly level: number; readonly bucket: Bucket } | null {
  let due: { readonly level: number; readonly bucket: Bucket } | null = null
  for (const [level, all] of tree.levels.entries()) {
    const buckets = blocked.size === 0 ? all : all.filter((bucket) => !blocked.has(bucket))
    const bucket = mostOverlapping(buckets, tree.view.state.cursors[level] ?? 0)
    const overlap = bucket?.layers.length ?? 0
    if (bucket === null || overlap < scalingAt(tree.shape, level).threshold) continue
    if (due === null || overlap > due.bucket.layers.length) due = { level, bucket }
  }
  return due
}

/** Of equal ones the first from shard `from` on, else the first of all. */
function mostOverlapping(buckets: readonly Bucket[], from: number): Bucket | null {
  const isNext = (bucket: Bucket) => bucket.from >= from
  let most: Bucket | null = null
  for (const bucket of buckets) {
    const more = bucket.layers.length - (most?.layers.length ?? 0)
    if (most === null || more > 0 || (more === 0 && isNext(bucket) && !isNext(most))) most = bucket
  }
  return most
}

function mergeOf(tree: BucketedTree, level: number, bucket: Bucket): Spec {
  const { view, values, shape } = tree
  const { fanout, threshold } = scalingAt(shape, level)
  const most = Math.max(fanout, values.max_sstables_to_compact)
  const layers = bucket.layers.slice(-most)
  const place = { level, run: levelAt(view.version, level).runs.at(-1)!.id }
  const output = outputTo(place, null, values.bitsPerKey)
  return {
    kind: 'merge',
    inputs: layers.map((layer) => sliceOf(level, layer)),
    outputs: [{ ...output, ...cutsOf(tree, { ...bucket, layers }) }],
    nextState: stateAfter(tree, level, bucket.to),
    reason: {
      trigger: 'sorted runs',
      formula: 'overlap ≥ t',
      values: {
        level,
        overlap: bucket.layers.length,
        t: threshold,
        shards: bucket.to - bucket.from,
      },
    },
  }
}

/** At every n-th border inside the bucket; by size as well where there are too few borders. */
function cutsOf(tree: BucketedTree, bucket: Bucket) {
  const { shape, shards } = tree
  const density = densityOf(tree, bucket)
  const count = shardsOfDensity(shape, density)
  const step = Math.max(1, Math.round(shards.count / count))
  const cutKeys = shards.keys.filter((_, border) => {
    const shard = border + 1
    return shard > bucket.from && shard < bucket.to && shard % step === 0
  })
  const targetTableBytes = pieceBytes(bytesOf(bucket), cutKeys.length + 1, density / count)
  return { cutKeys, targetTableBytes }
}

/** Rule 3: tables move into older runs of their level that have none in their bucket. */
function pickSink(tree: BucketedTree): Spec | null {
  for (const [level, buckets] of tree.levels.entries()) {
    const { runs } = levelAt(tree.view.version, level)
    const overlap = buckets.reduce((most, { layers }) => Math.max(most, layers.length), 0)
    if (runs.length <= overlap) continue
    for (const { layers } of buckets) {
      const above = layers.findLastIndex(({ at }, index) => {
        return at < runs.length - layers.length + index
      })
      if (above === -1) continue
      const run = runs[runs.length - layers.length + above]!.id
      const reason = {
        trigger: 'sorted runs',
        formula: 'runs > overlap',
        values: { level, runs: runs.length, overlap },
      }
      const spec = ifFree(tree.view, moveOf(tree, level, layers[above]!, { level, run }, reason))
      if (spec !== null) return spec
    }
  }
  return null
}

function moveOf(
  tree: BucketedTree,
  level: number,
  layer: Layer,
  place: OutputPlace,
  reason: PickReason,
): Spec {
  const inputs = [sliceOf(level, layer)]
  return { kind: 'move', inputs, place, nextState: stateAfter(tree), reason }
}

/** The oldest free run of the level, or of the first level on the way that overlaps the range. */
function placeBelow(tree: BucketedTree, from: number, to: number, range: KeyRange): OutputPlace {
  const { version } = tree.view
  const isFree = (run: Run) => {
    const met = overlapping(run, range)
    return met.from === met.to
  }
  let level = from + 1
  while (level < to && levelAt(version, level).runs.every(isFree)) level++
  const { runs } = levelAt(version, level)
  const taken = runs.findIndex((run) => !isFree(run))
  const oldest = runs[(taken === -1 ? runs.length : taken) - 1]
  return oldest === undefined ? { level, after: null } : { level, run: oldest.id }
}

/** Raw bytes per whole key space, at most those of the tree. */
function densityOf({ view, shards }: BucketedTree, bucket: Bucket): number {
  const share = (bucket.to - bucket.from) / shards.count
  return Math.min(bytesOf(bucket) / share, view.version.totals.rawBytes)
}

/** The borders of this pick, and the cursor of the level if one was merged. */
function stateAfter({ view, shards }: BucketedTree, level = -1, cursor = 0): State {
  const { cursors } = view.state
  const length = Math.max(cursors.length, level + 1)
  return {
    borders: shards.borders,
    cursors: Array.from({ length }, (_, at) => (at === level ? cursor : (cursors[at] ?? 0))),
  }
}
