/**
 * Owns strategies that are put together from the four primitives by configuration: a list of
 * triggers, one layout, the granularity, a list of movements. Any go together. It uses the code of
 * the other strategies: `preset=lo+1` picks what `leveling-partial` picks.
 *
 * Trigger      any of six, asked in order. `saturation` and `runs` belong to the layout: levels of
 *              one run saturate, levels of several count their runs, and each layout needs its own,
 *              or its levels would grow without end. The other four are independent
 * Layout       leveling, tiering, 1-leveling, L-leveling (lazy leveling), hybrid (K, Z)
 * Granularity  level or runs: whole levels with their runs (`whole-levels/shared-rules.ts`); table
 *              or tables: one or several tables and what they overlap, in levels of one run
 *              (`partial-levels/shared-rules.ts`) or of several (`tiered-tables.ts`)
 * Movement     any of `primitives/movement.ts`, each asked when those before it pass; levels that
 *              move whole have none
 *
 * Level 0 is the same for all: it collects `l0Trigger` flushes, which go to level 1 together. It is
 * a buffer in leveling. In the other layouts it is the first tiered level, and its full size is the
 * unit of the levels below.
 *
 * Source: Sarkar et al., *Constructing and Analyzing the LSM Compaction Design Space* (PVLDB 14).
 */

import type { CompactionSpec, LevelScore, TreeView } from '../../engine/compaction/strategy.ts'
import { debtBeside, defineStrategy, scoresAround, stallsAbove } from '../define-strategy.ts'
import {
  debtOfPartialLevels,
  isDeepest,
  markTrigger,
  NO_CURSORS,
  type PartialShape,
  type PartialTrigger,
  pickFullest,
  pickPartialLevels,
  scorePartialLevels,
  stallsOfPartialLevels,
} from '../partial-levels/shared-rules.ts'
import { SOURCE_RULES } from '../partial-levels/source-rules.ts'
import { busyOf } from '../primitives/busy.ts'
import { MOVEMENT_NAMES } from '../primitives/movement.ts'
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
import { params, type Values } from './parameters.ts'
import {
  type Composition,
  GRANULARITY_NAMES,
  type LayoutName,
  PRESETS,
  TRIGGER_NAMES,
  type TriggerName,
} from './presets.ts'
import {
  fullnessOf,
  pickTieredLevel,
  pickTieredMark,
  type TieredShape,
  type TieredState,
} from './tiered-tables.ts'

type View = TreeView<TieredState>
type Spec = CompactionSpec<TieredState>

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
  pick: (view, values) => pickComposed(view, values),

  score(view, values): readonly LevelScore[] {
    const composition = compositionOf(values)
    if (formOf(composition) === 'leveled tables') {
      const triggers = partialTriggers(values, composition)
      return scorePartialLevels(view, partialShape(view, values, composition), triggers)
    }
    const due = pickComposed(view, values)
    return scoresAround(view, due, fullnessIn(view, values, composition))
  },

  debtBytes(view, values) {
    const composition = compositionOf(values)
    if (formOf(composition) === 'leveled tables') {
      const triggers = partialTriggers(values, composition)
      return debtOfPartialLevels(view, partialShape(view, values, composition), triggers)
    }
    return debtBeside(view, pickComposed(view, values))
  },

  stallLimits(view, values) {
    const composition = compositionOf(values)
    if (formOf(composition) === 'leveled tables') {
      return stallsOfPartialLevels(partialShape(view, values, composition))
    }
    // At rest level 0 has fewer runs than its trigger.
    return stallsAbove(0, Math.max(values.l0Trigger, 4))
  },

  nextDueAt(view, values) {
    const composition = compositionOf(values)
    const shape = wholeShape(values, composition)
    const rewrites = (level: number) =>
      formOf(composition) === 'whole levels'
        ? isRewritten(view, shape, level)
        : isDeepest(view, level)
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

/** Which code compacts: of levels moved whole, or by tables where each is one run or several. */
type Form = 'whole levels' | 'leveled tables' | 'tiered tables'

function formOf({ layout, granularity }: Pick<Composition, 'layout' | 'granularity'>): Form {
  if (!granularity.includes('table') && !granularity.includes('tables')) return 'whole levels'
  return layout === 'leveling' || layout === '1-leveling' ? 'leveled tables' : 'tiered tables'
}

function pickComposed(view: View, values: Values): Spec | null {
  const composition = compositionOf(values)
  if (formOf(composition) === 'leveled tables') {
    const shape = partialShape(view, values, composition)
    return pickPartialLevels(view, shape, partialTriggers(values, composition))
  }
  for (const trigger of composition.trigger) {
    const spec = pickTriggered(view, values, composition, trigger)
    if (spec !== null) return spec
  }
  return null
}

function pickTriggered(
  view: View,
  values: Values,
  composition: Composition,
  trigger: TriggerName,
): Spec | null {
  if (trigger === 'space-amp') return pickSpaceAmplification(view, values.spaceAmpPercent, values)
  const rule = markRule(trigger, values)
  if (formOf(composition) === 'tiered tables') {
    const shape = tieredShape(values, composition)
    return rule === null ? pickTieredLevel(view, shape) : pickTieredMark(view, shape, rule)
  }
  const shape = wholeShape(values, composition)
  if (rule === null) return pickWholeLevels(view, shape)
  const mark = findMark(view, rule, {
    isFree: ({ id }) => !busyOf(view).reads(id),
    rewrites: (level) => isRewritten(view, shape, level),
    startIn: () => 0,
  })
  return mark === null ? null : pushLevel(view, shape, mark.level, mark.reason)
}

function fullnessIn(view: View, values: Values, composition: Composition) {
  if (formOf(composition) === 'tiered tables') {
    const shape = tieredShape(values, composition)
    return (level: number) => fullnessOf(view, shape, level)
  }
  const scores = scoreWholeLevels(view, wholeShape(values, composition))
  return (level: number) => scores[level]!.score
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

/** Memtables in the unit of the levels: all that level 0 collects, where the layout tiers it. */
function unitMemtables(layout: LayoutName, values: Values): number {
  return layout === '1-leveling' || runLimits(layout, values).K > 1 ? values.l0Trigger : 1
}

function partialShape(view: View, values: Values, composition: Composition): PartialShape {
  const { layout, granularity, movement } = composition
  return {
    ...values,
    movement,
    baseBytes: layout === '1-leveling' ? unitMemtables(layout, values) * view.memtableBytes : 0,
    levels: 7,
    rules: SOURCE_RULES.rocksdb,
    tablesPerJob: granularity.includes('tables') ? values.tablesPerJob : 1,
    ttlMs: values.deleteTtlMs,
  }
}

function tieredShape(values: Values, { layout, granularity, movement }: Composition): TieredShape {
  return {
    ...values,
    ...runLimits(layout, values),
    movement,
    tablesPerJob: granularity.includes('tables') ? values.tablesPerJob : 1,
    ttlMs: values.deleteTtlMs,
  }
}

function wholeShape(values: Values, { layout }: Composition): WholeShape {
  const { K, Z } = runLimits(layout, values)
  const level0 = { trigger: values.l0Trigger, unitMemtables: unitMemtables(layout, values) }
  return { ...values, T: [values.T], K: [K], Z, level0 }
}

/** Most runs in a level below 0, and in the deepest. */
function runLimits(layout: LayoutName, { T, K, Z }: Values): { K: number; Z: number } {
  switch (layout) {
    case 'leveling':
    case '1-leveling':
      return { K: 1, Z: 1 }
    case 'tiering':
      return { K: T - 1, Z: T - 1 }
    case 'L-leveling':
      return { K: T - 1, Z: 1 }
    case 'hybrid':
      return { K, Z }
  }
}
