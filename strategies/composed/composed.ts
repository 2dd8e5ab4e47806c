/**
 * Owns strategies that are put together from the four primitives by configuration: a list of
 * triggers, one layout, the granularity, a list of movements. It uses the same code as the other
 * strategies: `preset=lo+1` picks what `leveling-partial` picks, `preset=full` what `leveling`
 * picks.
 *
 * Trigger      any of six, asked in order. `saturation` and `runs` belong to the layout: levels of
 *              one run saturate, levels of several count their runs. The other four are independent
 * Layout       leveling, tiering, 1-leveling, L-leveling (lazy leveling), hybrid (K, Z)
 * Granularity  level or runs: whole levels with their runs (`whole-levels/shared-rules.ts`); table
 *              or tables: one or several tables and what they overlap
 *              (`partial-levels/shared-rules.ts`)
 * Movement     any of `primitives/movement.ts`, each asked when those before it pass; levels that
 *              move whole have none
 *
 * Source: Sarkar et al., *Constructing and Analyzing the LSM Compaction Design Space* (PVLDB 14).
 */

import { z } from 'zod'
import type { CompactionSpec, LevelScore, TreeView } from '../../engine/compaction/strategy.ts'
import { defineStrategy, scoresAround, whenIdle } from '../define-strategy.ts'
import {
  debtOfPartialLevels,
  isDeepest,
  markTrigger,
  NO_CURSORS,
  type PartialShape,
  type PartialState,
  type PartialTrigger,
  pickFullest,
  pickPartialLevels,
  scorePartialLevels,
} from '../partial-levels/shared-rules.ts'
import { SOURCE_RULES } from '../partial-levels/source-rules.ts'
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
import { inputBytes } from '../primitives/specs.ts'
import {
  findMark,
  type MarkRule,
  nextMarkAt,
  pickSpaceAmplification,
  staleness,
  tombstoneDensity,
  tombstoneTtl,
} from '../primitives/triggers.ts'
import {
  isRewritten,
  pickWholeLevels,
  pushLevel,
  scoreWholeLevels,
  type WholeShape,
} from '../whole-levels/shared-rules.ts'
import {
  type Composition,
  GRANULARITY_NAMES,
  LAYOUT_NAMES,
  type LayoutName,
  PRESET_NAMES,
  PRESETS,
  TRIGGER_NAMES,
  type TriggerName,
} from './presets.ts'

type View = TreeView<PartialState>
type Spec = CompactionSpec<PartialState>

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

const params = z
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
      .describe('How much moves at once. LevelDB, RocksDB: table.'),
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
    l0Trigger,
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
    const byTable = isByTable(value)
    if (byTable && !['leveling', '1-leveling'].includes(value.layout)) {
      fault('granularity', `must be level or runs for ${value.layout}`)
    }
    if (!byTable && value.layout === '1-leveling') {
      fault('granularity', 'must hold table or tables for 1-leveling')
    }
    for (const name of ['K', 'Z'] as const) {
      if (value.layout !== 'hybrid' || value[name] < value.T) continue
      fault(name, `must be from 1 to T − 1 = ${value.T - 1}, not ${value[name]}`)
    }
  })

type Values = z.output<typeof params>

export const composed = defineStrategy({
  name: 'composed',
  description: 'Any trigger, layout, granularity and movement (Sarkar et al.)',
  params,
  primitives: {
    trigger: TRIGGER_NAMES,
    layout: 'any',
    granularity: GRANULARITY_NAMES,
    movement: [...MOVEMENT_NAMES, 'not applicable (entire level)'],
  },
  initialState: NO_CURSORS,
  pick: (view, values) => pickComposed(view, values, compositionOf(values)),

  score(view, values): readonly LevelScore[] {
    const composition = compositionOf(values)
    if (isByTable(composition)) {
      const triggers = partialTriggers(values, composition)
      return scorePartialLevels(view, partialShape(view, values, composition), triggers)
    }
    const scores = scoreWholeLevels(view, wholeShape(values, composition))
    const due = pickComposed(whenIdle(view), values, composition)
    return scoresAround(view, due, (level) => scores[level]!.score)
  },

  debtBytes(view, values) {
    const composition = compositionOf(values)
    if (isByTable(composition)) {
      const triggers = partialTriggers(values, composition)
      return debtOfPartialLevels(view, partialShape(view, values, composition), triggers)
    }
    const due = pickComposed(whenIdle(view), values, composition)
    return due?.kind === 'merge' ? inputBytes(view.version, due.inputs) : 0
  },

  nextDueAt(view, values) {
    const composition = compositionOf(values)
    const shape = wholeShape(values, composition)
    const rewrites = (level: number) =>
      isByTable(composition) ? isDeepest(view, level) : isRewritten(view, shape, level)
    const times = composition.trigger.flatMap((trigger) => {
      const rule = markRule(trigger, values)
      return (rule && nextMarkAt(view, rule, rewrites)) ?? []
    })
    return times.length === 0 ? null : Math.min(...times)
  },
})

function compositionOf(values: Values): Composition {
  return values.preset === 'none' ? values : PRESETS[values.preset]
}

function isByTable({ granularity }: Pick<Composition, 'granularity'>): boolean {
  return granularity.includes('table') || granularity.includes('tables')
}

function pickComposed(view: View, values: Values, composition: Composition): Spec | null {
  if (isByTable(composition)) {
    const shape = partialShape(view, values, composition)
    return pickPartialLevels(view, shape, partialTriggers(values, composition))
  }
  for (const trigger of composition.trigger) {
    const spec = pickWhole(view, values, wholeShape(values, composition), trigger)
    if (spec !== null) return spec
  }
  return null
}

function pickWhole(
  view: View,
  values: Values,
  shape: WholeShape,
  trigger: TriggerName,
): Spec | null {
  if (trigger === 'space-amp') return pickSpaceAmplification(view, values.spaceAmpPercent, values)
  const rule = markRule(trigger, values)
  if (rule === null) return pickWholeLevels(view, shape)
  const mark = findMark(view, rule, {
    isFree: () => true,
    rewrites: (level) => isRewritten(view, shape, level),
    startIn: () => 0,
  })
  return mark === null ? null : pushLevel(view, shape, mark.level, mark.reason)
}

function partialTriggers(values: Values, { trigger }: Composition): readonly PartialTrigger[] {
  return trigger.map((name): PartialTrigger => {
    if (name === 'space-amp') {
      return (view) => pickSpaceAmplification(view, values.spaceAmpPercent, values)
    }
    const rule = markRule(name, values)
    return rule === null ? pickFullest : markTrigger(rule)
  })
}

/** The rule of a trigger that marks tables; null for the others. */
function markRule(trigger: TriggerName, values: Values): MarkRule | null {
  switch (trigger) {
    case 'tombstone-ttl':
      return tombstoneTtl(values.T, values.deleteTtlMs)
    case 'tombstone-density':
      return tombstoneDensity(values.densityThreshold)
    case 'staleness':
      return staleness(values.staleMs)
    case 'saturation':
    case 'runs':
    case 'space-amp':
      return null
  }
}

/** In 1-leveling the full first level is the unit of those below (`one-leveling.ts`). */
function partialShape(view: View, values: Values, composition: Composition): PartialShape {
  const { layout, granularity, movement } = composition
  return {
    ...values,
    movement,
    baseBytes: layout === '1-leveling' ? values.l0Trigger * view.memtableBytes : 0,
    levels: 7,
    rules: SOURCE_RULES.rocksdb,
    tablesPerJob: granularity.includes('tables') ? values.tablesPerJob : 1,
    ttlMs: values.deleteTtlMs,
  }
}

function wholeShape(values: Values, { layout }: Composition): WholeShape {
  const { T, K, Z } = values
  const [most, mostInDeepest] = {
    leveling: [1, 1],
    '1-leveling': [1, 1],
    tiering: [T - 1, T - 1],
    'L-leveling': [T - 1, 1],
    hybrid: [K, Z],
  }[layout] as [number, number]
  return { ...values, T: [T], K: [most], Z: mostInDeepest }
}
