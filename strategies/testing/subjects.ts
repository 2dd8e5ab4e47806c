/**
 * Owns the subjects of the contract tests: every strategy with random parameters, and the most runs
 * that its tree may rest with. Trees are small: a memtable of `MEMTABLE_ENTRIES` entries of one
 * byte, 80 keys, and up to 40 ms between flushes.
 */

import fc from 'fast-check'
import type { Json } from '../../engine/base/json.ts'
import type { Retention } from '../../engine/compaction/validate-spec.ts'
import type { Version } from '../../engine/version/version.ts'
import { composed } from '../composed/composed.ts'
import {
  GRANULARITY_NAMES,
  LAYOUT_NAMES,
  PRESET_NAMES,
  TRIGGER_NAMES,
} from '../composed/presets.ts'
import type { StrategyModule } from '../define-strategy.ts'
import sizeTiered from '../examples/size-tiered.ts'
import { fifo } from '../fifo.ts'
import { fragmented } from '../fragmented/fragmented.ts'
import { incrementalTiering } from '../incremental-tiering/incremental-tiering.ts'
import { lsmBush } from '../lsm-bush.ts'
import { deleteAware } from '../partial-levels/delete-aware.ts'
import { dynamicLeveled } from '../partial-levels/dynamic-leveled.ts'
import { levelingPartial } from '../partial-levels/leveling-partial.ts'
import { oneLeveling } from '../partial-levels/one-leveling.ts'
import { MOVEMENT_NAMES } from '../primitives/movement.ts'
import { spooky } from '../spooky.ts'
import { timeWindow } from '../time-window.ts'
import { unified } from '../unified/unified.ts'
import { universal } from '../universal/universal.ts'
import { fluid } from '../whole-levels/fluid.ts'
import { kLsm } from '../whole-levels/k-lsm.ts'
import { lazyLeveling } from '../whole-levels/lazy-leveling.ts'
import { leveling } from '../whole-levels/leveling.ts'
import { tiering } from '../whole-levels/tiering.ts'

export const MEMTABLE_ENTRIES = 8

export type Params = Readonly<Record<string, Json>>

export interface Subject {
  readonly module: StrategyModule
  readonly params: fc.Arbitrary<Params>
  bound(params: Params, version: Version): number
  /** What the database's owner agrees to lose; nothing when left out. */
  retention?(params: Params): Retention
}

const T = fc.integer({ min: 2, max: 6 })
const targetTableBytes = fc.constantFrom(0, 3, 50)
const softCuts = fc.constantFrom('rocksdb', 'leveldb', 'none')
const sizing = fc.constantFrom('static', 'dynamic')

const levelsBelow0 = (version: Version) => Math.max(version.levels.length - 1, 0)

/** Parameters that every form of partial leveling takes. */
const partial = {
  T,
  pick: fc.constantFrom(...MOVEMENT_NAMES),
  densityThreshold: fc.constantFrom(0.2, 0.5),
  ttlMs: fc.constantFrom(0, 100),
  targetTableBytes,
  softCuts,
}
/** Of the two that bear RocksDB's name. */
const ofSources = {
  rules: fc.constantFrom('rocksdb', 'rocksdb-7.8'),
  intraL0: fc.constantFrom('by-rules', 'never', 'blocked', 'small'),
}
/** Merges of three levels. */
const multilevel = {
  multilevel: fc.constantFrom('never', 'write-amp'),
  addPropensity: fc.constantFrom(-0.5, 0, 2),
  multilevelL0: fc.boolean(),
}
const l0Trigger = fc.integer({ min: 1, max: 5 })
const baseBytes = fc.constantFrom(0, 3, 20)

/** Limits of the triggers other than capacity; fifty flushes often reach them. */
const limits = {
  deleteTtlMs: fc.constantFrom(1, 60, 500),
  densityThreshold: fc.constantFrom(0.1, 0.5),
  staleMs: fc.constantFrom(1, 60, 500),
  spaceAmpPercent: fc.constantFrom(20, 200),
}

/** Any layout with any granularity. */
const composition = fc.record({
  layout: fc.constantFrom(...LAYOUT_NAMES),
  granularity: fc.subarray([...GRANULARITY_NAMES], { minLength: 1 }),
  tablesPerJob: fc.integer({ min: 1, max: 4 }),
  K: fc.constantFrom(1, 2),
  Z: fc.constantFrom(1, 2),
})

const triggers = fc
  .tuple(fc.subarray([...TRIGGER_NAMES]), fc.nat(6))
  .map(([some, from]) => [...some.slice(from), 'saturation', ...some.slice(0, from), 'runs'])

export const subjects: readonly Subject[] = [
  {
    module: leveling,
    params: fc.record({ T, sizing, targetTableBytes }),
    bound: (_params, version) => levelsBelow0(version),
  },
  {
    module: tiering,
    params: fc.record({ T, targetTableBytes }),
    bound: (params, version) => (Number(params.T) - 1) * version.levels.length,
  },
  {
    module: lazyLeveling,
    params: fc.record({ T, sizing, targetTableBytes }),
    bound: (params, version) => (Number(params.T) - 1) * levelsBelow0(version) + 1,
  },
  {
    module: fluid,
    params: T.chain((ratio) => {
      const runs = fc.integer({ min: 1, max: ratio - 1 })
      return fc.record({ T: fc.constant(ratio), K: runs, Z: runs, sizing, targetTableBytes })
    }),
    bound: (params, version) => Number(params.K) * levelsBelow0(version) + Number(params.Z),
  },
  {
    module: kLsm,
    params: fc.array(T, { minLength: 1, maxLength: 4 }).chain((ratios) =>
      fc.record({
        T: fc.constant(ratios),
        K: fc.tuple(...ratios.map((ratio) => fc.integer({ min: 1, max: ratio - 1 }))),
        Z: fc.constantFrom(0, 1),
        sizing,
        targetTableBytes,
      }),
    ),
    bound: (params, version) =>
      Math.max(...(params.K as readonly number[])) * Math.max(version.levels.length, 1),
  },
  {
    module: levelingPartial,
    params: fc.record({
      ...partial,
      ...ofSources,
      ...multilevel,
      rules: fc.constantFrom('rocksdb', 'rocksdb-7.8', 'leveldb'),
      l0Trigger,
      baseBytes,
    }),
    bound: (params, version) => Number(params.l0Trigger) - 1 + levelsBelow0(version),
  },
  {
    module: oneLeveling,
    params: fc.record({ ...partial, runs: l0Trigger }),
    bound: (params, version) => Number(params.runs) - 1 + levelsBelow0(version),
  },
  {
    module: dynamicLeveled,
    params: fc.record({
      ...partial,
      ...ofSources,
      ...multilevel,
      l0Trigger,
      baseBytes,
      levels: fc.integer({ min: 2, max: 7 }),
    }),
    bound: (params, version) => Number(params.l0Trigger) - 1 + levelsBelow0(version),
  },
  {
    module: deleteAware,
    params: fc.record({
      T,
      l0Trigger,
      baseBytes,
      targetTableBytes,
      softCuts,
      deleteTtlMs: limits.deleteTtlMs,
      mode: fc.constantFrom('so', 'sd'),
    }),
    bound: (params, version) => Number(params.l0Trigger) - 1 + levelsBelow0(version),
  },
  {
    module: composed,
    params: fc.oneof(
      fc.record({ T, ...limits, l0Trigger, preset: fc.constantFrom(...PRESET_NAMES) }),
      fc
        .tuple(
          composition,
          fc.record({
            T: fc.integer({ min: 3, max: 6 }),
            ...limits,
            l0Trigger,
            sizing,
            targetTableBytes,
            softCuts,
            trigger: triggers,
            movement: fc.subarray([...MOVEMENT_NAMES]),
          }),
        )
        .map(([form, values]) => ({ ...values, ...form })),
    ),
    // The most runs: tiering, or level 0 of partial leveling before its trigger.
    bound: (params, version) =>
      Math.max(Number(params.T), Number(params.l0Trigger)) * Math.max(version.levels.length, 1),
  },
  {
    module: universal,
    params: fc.record({
      level0_file_num_compaction_trigger: l0Trigger,
      size_ratio: fc.constantFrom(0, 1, 50),
      min_merge_width: fc.constantFrom(2, 3),
      max_merge_width: fc.constantFrom(3, 100),
      max_size_amplification_percent: fc.constantFrom(25, 200, 10_000),
      max_read_amp: fc.constantFrom(-1, 0, 8),
      stop_style: fc.constantFrom('total', 'similar'),
      periodic_compaction_seconds: fc.constantFrom(0, 0.2),
      deletion_ratio: fc.constantFrom(0, 0.5),
      num_levels: fc.integer({ min: 1, max: 7 }),
      size_amp_version: fc.constantFrom('8.7', '7.8'),
      level0_stop_writes_trigger: fc.constantFrom(4, 36),
      incremental: fc.boolean(),
      max_compaction_bytes: fc.constantFrom(0, 10, 40),
      targetTableBytes,
    }),
    // Up to eight runs, or 1 + log2(80 bytes) by size, and those that are too few to merge.
    bound: () => 8 + 3,
  },
  {
    module: fifo,
    params: fc.record({
      max_table_files_size: fc.constantFrom(10, 80, 1000),
      ttl: fc.constantFrom(0, 0.1, 1),
    }),
    bound: () => Infinity,
    retention: ({ max_table_files_size, ttl }) => ({
      maxBytes: Number(max_table_files_size),
      maxAgeMs: Number(ttl) * 1000 || null,
    }),
  },
  {
    module: timeWindow,
    params: fc.record({
      compaction_window_unit: fc.constantFrom('MINUTES', 'DAYS'),
      compaction_window_size: fc.constantFrom(0.0005, 0.005, 1),
      min_threshold: fc.integer({ min: 2, max: 5 }),
      max_threshold: fc.constantFrom(5, 32),
      bucket_low: fc.constantFrom(0.5, 1),
      bucket_high: fc.constantFrom(1.5, 3),
      min_sstable_size: fc.constantFrom(0, 1, 20),
      default_time_to_live: fc.constantFrom(0, 0.1, 1),
      gc_grace_seconds: fc.constantFrom(-1, 0, 0.1),
      expired_sstable_check_frequency_seconds: fc.constantFrom(-1, 0, 0.05),
      unsafe_aggressive_sstable_expiration: fc.boolean(),
      targetTableBytes,
    }),
    bound: () => Infinity,
    retention: ({ default_time_to_live }) => ({
      maxBytes: null,
      maxAgeMs: Number(default_time_to_live) * 1000 || null,
    }),
  },
  {
    module: lsmBush,
    params: fc.record({
      X: fc.constantFrom(1, 1.5, 2, 3),
      T,
      C: fc.constantFrom(0.5, 1, 3),
      targetTableBytes,
    }),
    // The smaller levels' bytes in memtables, and one run per level.
    bound: (params, version) =>
      version.totals.rawBytes / MEMTABLE_ENTRIES / (Number(params.C) + 1) +
      2 * Math.max(version.levels.length, 2),
  },
  {
    module: spooky,
    params: fc.record({ T, partitions: fc.constantFrom(1, 3, 64), sizing, targetTableBytes }),
    bound: (_params, version) => levelsBelow0(version),
  },
  {
    module: fragmented,
    params: fc.record({
      T,
      levels: fc.constantFrom(0, 2, 4, 7),
      max_sstables_per_guard: fc.integer({ min: 1, max: 4 }),
      guardRatio: fc.constantFrom(0, 2, 4),
      guardsPerJob: fc.constantFrom('all', 'one'),
      seekReads: fc.constantFrom(0, 10),
      l0Trigger,
      baseBytes,
      targetTableBytes,
    }),
    bound: (params, version) =>
      Number(params.l0Trigger) - 1 + Number(params.max_sstables_per_guard) * levelsBelow0(version),
  },
  {
    module: incrementalTiering,
    params: fc.record({
      min_threshold: fc.integer({ min: 2, max: 5 }),
      max_threshold: fc.constantFrom(5, 32),
      bucket_low: fc.constantFrom(0.5, Math.SQRT1_2),
      bucket_high: fc.constantFrom(Math.SQRT2, 2),
      min_sstable_size: fc.constantFrom(0, 5),
      space_amplification_goal: fc.constantFrom(0, 1.2, 2),
      compaction_enforce_min_threshold: fc.boolean(),
      targetTableBytes,
    }),
    // Fewer than min_threshold of one size; there are 14 sizes, since 80 keys are about √2^13.
    bound: (params) => (Number(params.min_threshold) - 1) * 14,
  },
  {
    module: unified,
    params: fc.record({
      scaling_parameters: fc.array(fc.constantFrom('T4', 'T3', 'N', 'L3', 'L6', '1', '-2'), {
        minLength: 1,
        maxLength: 3,
      }),
      base_shard_count: fc.constantFrom(1, 2, 3, 4),
      sstable_growth: fc.constantFrom(0, 0.333, 1),
      min_sstable_size: fc.constantFrom(0, 5),
      max_sstables_to_compact: fc.constantFrom(2, 32),
      survival_factor: fc.constantFrom(0.7, 1),
      targetTableBytes,
    }),
    // Fewer than t = 4 of one level overlap.
    bound: (_params, version) => 3 * version.levels.length,
  },
  {
    module: sizeTiered,
    params: fc.record({ minRuns: fc.integer({ min: 2, max: 5 }) }),
    // Fewer than minRuns of one size; there are 11 sizes, since 80 keys are about 1.5^11.
    bound: (params) => (Number(params.minRuns) - 1) * 11,
  },
]
