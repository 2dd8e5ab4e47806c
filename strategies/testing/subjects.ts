/**
 * Owns what the contract is tested on: every strategy with any parameters of it, and the most runs
 * its tree may rest with. Trees are small: a memtable of `MEMTABLE_ENTRIES` entries of one byte, 80
 * keys, and up to 40 ms between flushes.
 */

import fc from 'fast-check'
import type { Json } from '../../engine/base/json.ts'
import type { Version } from '../../engine/version/version.ts'
import { composed } from '../composed.ts'
import type { StrategyModule } from '../define-strategy.ts'
import { deleteAware } from '../delete-aware.ts'
import { dynamicLeveled } from '../dynamic-leveled.ts'
import sizeTiered from '../examples/size-tiered.ts'
import { fluid } from '../fluid.ts'
import { kLsm } from '../k-lsm.ts'
import { lazyLeveling } from '../lazy-leveling.ts'
import { leveling } from '../leveling.ts'
import { levelingPartial } from '../leveling-partial.ts'
import { MOVEMENT_NAMES } from '../movement/movement.ts'
import { oneLeveling } from '../one-leveling.ts'
import { PRESET_NAMES, TRIGGER_NAMES } from '../presets.ts'
import { tiering } from '../tiering.ts'

export const MEMTABLE_ENTRIES = 8

export type Params = Readonly<Record<string, Json>>

export interface Subject {
  readonly module: StrategyModule
  readonly params: fc.Arbitrary<Params>
  bound(params: Params, version: Version): number
}

const T = fc.integer({ min: 2, max: 6 })
const targetTableBytes = fc.constantFrom(0, 3, 50)
const sizing = fc.constantFrom('static', 'dynamic')

const levelsBelow0 = (version: Version) => Math.max(version.levels.length - 1, 0)

/** What partial leveling takes in every form of it. */
const partial = {
  T,
  pick: fc.constantFrom(...MOVEMENT_NAMES),
  densityThreshold: fc.constantFrom(0.2, 0.5),
  ttlMs: fc.constantFrom(0, 100),
  targetTableBytes,
}
const l0Trigger = fc.integer({ min: 1, max: 5 })
const baseBytes = fc.constantFrom(0, 3, 20)

/** What the triggers beside capacity go by, often reached within fifty flushes. */
const limits = {
  deleteTtlMs: fc.constantFrom(1, 60, 500),
  densityThreshold: fc.constantFrom(0.1, 0.5),
  staleMs: fc.constantFrom(1, 60, 500),
  spaceAmpPercent: fc.constantFrom(20, 200),
}

/** Layouts and granularities that go together. */
const composition = fc.oneof(
  fc.record({
    layout: fc.constantFrom('leveling', '1-leveling'),
    granularity: fc.constantFrom(['table'], ['runs', 'tables']),
    tablesPerJob: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    layout: fc.constantFrom('leveling', 'tiering', 'L-leveling', 'hybrid'),
    granularity: fc.constantFrom(['level'], ['runs']),
  }),
)

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
    params: fc.record({ ...partial, l0Trigger, baseBytes }),
    bound: (params, version) => Number(params.l0Trigger) - 1 + levelsBelow0(version),
  },
  {
    module: oneLeveling,
    params: fc.record({ ...partial, runs: l0Trigger }),
    bound: (params, version) => Number(params.runs) - 1 + levelsBelow0(version),
  },
  {
    module: dynamicLeveled,
    params: fc.record({ ...partial, l0Trigger, baseBytes, levels: fc.integer({ min: 2, max: 7 }) }),
    bound: (params, version) => Number(params.l0Trigger) - 1 + levelsBelow0(version),
  },
  {
    module: deleteAware,
    params: fc.record({
      ...{ T, l0Trigger, baseBytes, targetTableBytes, deleteTtlMs: limits.deleteTtlMs },
      mode: fc.constantFrom('so', 'sd', 'dd'),
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
            ...{
              T: fc.integer({ min: 3, max: 6 }),
              ...limits,
              l0Trigger,
              sizing,
              targetTableBytes,
            },
            trigger: triggers,
            movement: fc.subarray([...MOVEMENT_NAMES]),
          }),
        )
        .map(([form, values]) => ({ ...values, ...form })),
    ),
    // Level 0 of partial leveling may wait for its trigger; the widest layout is tiering.
    bound: (params, version) =>
      Math.max(Number(params.T), Number(params.l0Trigger)) * Math.max(version.levels.length, 1),
  },
  {
    module: sizeTiered,
    params: fc.record({ minRuns: fc.integer({ min: 2, max: 5 }) }),
    // Fewer than minRuns of a size, and from one entry to all 80 keys there are 1.5^11.
    bound: (params) => (Number(params.minRuns) - 1) * 11,
  },
]
