/**
 * Owns the ten strategies Sarkar et al. compare (PVLDB 14, Table 2), as configurations of the four
 * primitives: what `composed --param preset=NAME` stands for. Data only.
 *
 * In their order: full compaction of levels; six of partial leveling that differ in the table they
 * move; two that go by tombstones first; tiering, held to a space amplification; 1-leveling.
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

/** A point of the design space; lists are in order of priority. */
export interface Composition {
  readonly trigger: readonly TriggerName[]
  readonly layout: LayoutName
  readonly granularity: readonly GranularityName[]
  /** Empty where whole levels move. */
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
  rr: { ...partialLeveling, movement: ['rr'] },
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
