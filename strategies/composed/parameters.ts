/** Owns the parameters of `composed`, and which of them do not go together. */

import { z } from 'zod'
import { MOVEMENT_NAMES } from '../primitives/movement.ts'
import {
  bitsPerKey,
  deleteTtlMs,
  densityThreshold,
  l0Trigger,
  sizeRatio,
  sizing,
  softCuts,
  targetTableBytes,
} from '../primitives/shared-parameters.ts'
import {
  GRANULARITY_NAMES,
  LAYOUT_NAMES,
  type LayoutName,
  PRESET_NAMES,
  TRIGGER_NAMES,
  type TriggerName,
} from './presets.ts'

/** The trigger that a layout cannot do without: its levels would grow without end. */
const OWN_TRIGGER: Readonly<Record<LayoutName, TriggerName>> = {
  leveling: 'saturation',
  tiering: 'runs',
  '1-leveling': 'saturation',
  'L-leveling': 'runs',
  hybrid: 'runs',
}

const runsOf = (where: string, elsewhere: string, preset: number) =>
  z
    .int()
    .min(1)
    .max(999)
    .default(preset)
    .describe(`Layout hybrid: runs in ${where}, below T. Dostoevsky, T = 10: ${elsewhere}.`)

export const params = z
  .object({
    T: sizeRatio('Sarkar et al. measure with 10'),
    preset: z
      .enum(['none', ...PRESET_NAMES])
      .default('none')
      .describe(
        'One of the ten strategies of Sarkar et al., which then stands for trigger, layout, ' +
          'granularity and movement; none: what those four say.',
      ),
    trigger: z
      .array(z.enum(TRIGGER_NAMES))
      .min(1)
      .default(['saturation', 'runs'])
      .describe('What makes a compaction due, in order of priority. RocksDB: saturation, runs.'),
    layout: z
      .enum(LAYOUT_NAMES)
      .default('leveling')
      .describe('Runs a level may hold. RocksDB: leveling, which Sarkar et al. call 1-leveling.'),
    granularity: z
      .array(z.enum(GRANULARITY_NAMES))
      .min(1)
      .default(['table'])
      .describe(
        'How much moves at once. By table, what older runs of the level hold of its keys goes ' +
          'along, because it must not be passed. LevelDB, RocksDB: table.',
      ),
    movement: z
      .array(z.enum(MOVEMENT_NAMES))
      .default(['lo1'])
      .describe(
        'Which table moves, in order of priority; without meaning where levels move whole. ' +
          'RocksDB: lo1.',
      ),
    K: runsOf('every level but the deepest', '9 and 4', 2),
    Z: runsOf('the deepest level', '4 and 1', 1),
    tablesPerJob: z
      .int()
      .min(1)
      .max(1000)
      .default(4)
      .describe('Granularity tables: neighbours that go together. 4 is a choice of this project.'),
    l0Trigger: l0Trigger.describe(
      'Runs in level 0 that go to level 1 together, in every layout and preset. LevelDB, RocksDB: ' +
        '4; the code of Sarkar et al.: 1.',
    ),
    sizing,
    spaceAmpPercent: z
      .number()
      .positive()
      .default(200)
      .describe(
        'Trigger space-amp: bytes above the oldest run, in % of it, from which all runs merge. ' +
          'RocksDB: max_size_amplification_percent, 200.',
      ),
    deleteTtlMs,
    densityThreshold,
    staleMs: z
      .number()
      .positive()
      .default(30_000)
      .describe(
        'Trigger staleness: age in ms from which a table is rewritten. RocksDB: 30 days ' +
          '(periodic_compaction_seconds); half a minute suits a run of minutes.',
      ),
    bitsPerKey,
    targetTableBytes,
    softCuts,
  })
  .check(({ value, issues }) => {
    const fault = (path: string, message: string) =>
      issues.push({ code: 'custom', path: [path], input: value, message })
    if (value.preset !== 'none') return
    const own = OWN_TRIGGER[value.layout]
    if (!value.trigger.includes(own)) fault('trigger', `must hold ${own} for ${value.layout}`)
    for (const name of ['K', 'Z'] as const) {
      if (value.layout !== 'hybrid' || value[name] < value.T) continue
      fault(name, `must be from 1 to T − 1 = ${value.T - 1}, not ${value[name]}`)
    }
  })

export type Values = z.output<typeof params>
