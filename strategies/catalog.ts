/** Owns the registered strategies by name, and what a list of them shows. */

import { composed } from './composed.ts'
import type { Primitives, StrategyModule } from './define-strategy.ts'
import { deleteAware } from './delete-aware.ts'
import { dynamicLeveled } from './dynamic-leveled.ts'
import { fluid } from './fluid.ts'
import { kLsm } from './k-lsm.ts'
import { lazyLeveling } from './lazy-leveling.ts'
import { leveling } from './leveling.ts'
import { levelingPartial } from './leveling-partial.ts'
import { oneLeveling } from './one-leveling.ts'
import { describeParams, type ParameterInfo } from './parameters.ts'
import { tiering } from './tiering.ts'

/** Every name `--strategy=` knows without a path, in the order lists show them. */
export const STRATEGIES: ReadonlyMap<string, StrategyModule> = new Map(
  [
    leveling,
    levelingPartial,
    tiering,
    lazyLeveling,
    fluid,
    oneLeveling,
    kLsm,
    dynamicLeveled,
    deleteAware,
    composed,
  ].map((module) => [module.name, module]),
)

export interface StrategyListing {
  readonly name: string
  readonly description: string
  readonly primitives: Primitives
  readonly params: readonly ParameterInfo[]
}

export function listStrategies(): readonly StrategyListing[] {
  return [...STRATEGIES.values()].map((module) => ({
    name: module.name,
    description: module.description,
    primitives: module.primitives,
    params: describeParams(module),
  }))
}
