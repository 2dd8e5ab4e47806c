/**
 * Owns the ten strategies that Sarkar et al. compare (PVLDB 14, Table 2), as configurations of the
 * four primitives. `composed --param preset=NAME` selects one. Data only.
 *
 * They are: full compaction of levels (full); partial leveling with different movements (lo+1,
 * cold, old, rr, lo+2); partial leveling that first compacts by tombstones (tsd, tsa); tiering with
 * a bound on space amplification (tier); and 1-leveling (1-lvl).
 *
 * The paper's code (https://github.com/BU-DiSC/LSM-Compaction-Analysis) differs in two of them. Its
 * rr counts an index up whenever any level changes; rr here is kRoundRobin, which RocksDB has since
 * 7.5. It has no rule by reads, but both of RocksDB's ages: kOldestLargestSeqFirst (old here) and
 * kOldestSmallestSeqFirst. cold here counts reads, as the paper's text says.
 */

import type { MovementName } from '../primitives/movement.ts'

export const TRIGGER_NAMES = [
  'saturation',
  'runs',
  'space-amp',
  'tombstone-ttl',
  'tombstone-density',
  'staleness',
] as const

export const LAYOUT_NAMES = ['leveling', 'tiering', '1-leveling', 'L-leveling', 'hybrid'] as const

export const GRANULARITY_NAMES = ['level', 'runs', 'table', 'tables'] as const

export type TriggerName = (typeof TRIGGER_NAMES)[number]
export type LayoutName = (typeof LAYOUT_NAMES)[number]
export type GranularityName = (typeof GRANULARITY_NAMES)[number]

/** A point of the design space. Lists are in order of priority. */
export interface Composition {
  readonly trigger: readonly TriggerName[]
  readonly layout: LayoutName
  readonly granularity: readonly GranularityName[]
  /** Empty if whole levels move. */
  readonly movement: readonly MovementName[]
}

const partialLeveling = {
  trigger: ['saturation'],
  layout: 'leveling',
  granularity: ['table'],
} as const

export const PRESETS = {
  full: { trigger: ['saturation'], layout: 'leveling', granularity: ['level'], movement: [] },
  'lo+1': { ...partialLeveling, movement: ['lo1'] },
  cold: { ...partialLeveling, movement: ['coldest'] },
  old: { ...partialLeveling, movement: ['oldest-max-seq'] },
  tsd: {
    ...partialLeveling,
    trigger: ['tombstone-density', 'saturation'],
    movement: ['density', 'lo1'],
  },
  rr: { ...partialLeveling, movement: ['rr-to-target'] },
  'lo+2': { ...partialLeveling, movement: ['lo2', 'lo1'] },
  tsa: { ...partialLeveling, trigger: ['tombstone-ttl', 'saturation'], movement: ['ttl', 'lo1'] },
  tier: { trigger: ['runs', 'space-amp'], layout: 'tiering', granularity: ['runs'], movement: [] },
  '1-lvl': {
    trigger: ['runs', 'saturation'],
    layout: '1-leveling',
    granularity: ['runs', 'table'],
    movement: ['lo1'],
  },
} as const satisfies Readonly<Record<string, Composition>>

export const PRESET_NAMES = Object.keys(PRESETS) as readonly (keyof typeof PRESETS)[]
