/** Owns the registered strategies by name, and what a list of them shows. */

import { composed } from './composed/composed.ts'
import type { Primitives, StrategyModule } from './define-strategy.ts'
import { fifo } from './fifo.ts'
import { fragmented } from './fragmented/fragmented.ts'
import { incrementalTiering } from './incremental-tiering/incremental-tiering.ts'
import { lsmBush } from './lsm-bush.ts'
import { describeParams, type ParameterInfo } from './parameters.ts'
import { deleteAware } from './partial-levels/delete-aware.ts'
import { dynamicLeveled } from './partial-levels/dynamic-leveled.ts'
import { levelingPartial } from './partial-levels/leveling-partial.ts'
import { oneLeveling } from './partial-levels/one-leveling.ts'
import { spooky } from './spooky.ts'
import { timeWindow } from './time-window.ts'
import { unified } from './unified/unified.ts'
import { universal } from './universal/universal.ts'
import { fluid } from './whole-levels/fluid.ts'
import { kLsm } from './whole-levels/k-lsm.ts'
import { lazyLeveling } from './whole-levels/lazy-leveling.ts'
import { leveling } from './whole-levels/leveling.ts'
import { tiering } from './whole-levels/tiering.ts'

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
    incrementalTiering,
    unified,
  ].map((module) => [module.name, module]),
)

/** A registered strategy as a list of strategies shows it. */
export interface StrategyListing {
  readonly name: string
  readonly description: string
  readonly primitives: Primitives
  readonly params: readonly ParameterInfo[]
}

/** All registered strategies, in the order of the catalogue. */
export function listStrategies(): readonly StrategyListing[] {
  return [...STRATEGIES.values()].map((module) => ({
    name: module.name,
    description: module.description,
    primitives: module.primitives,
    params: describeParams(module),
  }))
}
