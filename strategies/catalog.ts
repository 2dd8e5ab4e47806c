/** Owns the registered strategies by name, and what a list of them shows. */

import { composed } from './composed.ts'
import type { Primitives, StrategyModule } from './define-strategy.ts'
import { deleteAware } from './delete-aware.ts'
import { dynamicLeveled } from './dynamic-leveled.ts'
import { fifo } from './fifo.ts'
import { fluid } from './fluid.ts'
import { fragmented } from './fragmented.ts'
import { kLsm } from './k-lsm.ts'
import { lazyLeveling } from './lazy-leveling.ts'
import { leveling } from './leveling.ts'
import { levelingPartial } from './leveling-partial.ts'
import { lsmBush } from './lsm-bush.ts'
import { oneLeveling } from './one-leveling.ts'
import { describeParams, type ParameterInfo } from './parameters.ts'
import { spooky } from './spooky.ts'
import { tiering } from './tiering.ts'
import { timeWindow } from './time-window.ts'
import { universal } from './universal.ts'

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
    universal,
    fifo,
    timeWindow,
    lsmBush,
    spooky,
    fragmented,
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
