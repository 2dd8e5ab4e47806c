/**
 * Owns the public face of the strategies: what `varve/strategies` exports. A user's own strategy
 * needs only this and zod: `defineStrategy`, the seam's types, and the helpers that read a tree.
 *
 * @module varve/strategies
 */

export { compareBytes } from '../engine/base/compare.ts'
export type { Json } from '../engine/base/json.ts'
export type * from '../engine/compaction/strategy.ts'
export { contains, hull, type KeyRange, overlaps } from '../engine/version/key-range.ts'
export type { Level } from '../engine/version/level.ts'
export {
  lowerBound,
  overlapping,
  type Run,
  type RunId,
  rangeOf,
  sliceTables,
  tableAt,
  tableFor,
  tablesOf,
} from '../engine/version/run.ts'
export { rawBytes, type TableId, type TableMeta } from '../engine/version/table-meta.ts'
export type { Totals } from '../engine/version/totals.ts'
export { levelAt, runCount, runsNewestFirst, type Version } from '../engine/version/version.ts'
export { listStrategies, STRATEGIES, type StrategyListing } from './catalog.ts'
export {
  debtBeside,
  defineStrategy,
  type Primitives,
  type StrategyDefinition,
  type StrategyModule,
  scoresAround,
  stallsAbove,
  whenIdle,
} from './define-strategy.ts'
export { loadStrategy } from './load-strategy.ts'
export { describeParams, type ParameterInfo } from './parameters.ts'
export { type Busy, busyOf, freeRuns, freeStretches, ifFree } from './primitives/busy.ts'
export { advance, type Cursors, indexAfter } from './primitives/round-robin.ts'
export { alignedOutput, grandparentsOf, softCutsAt } from './primitives/soft-cuts.ts'
export {
  inputBytes,
  levelsTouched,
  outputTo,
  placesOf,
  tablesIn,
  wholeRuns,
} from './primitives/specs.ts'
export { SCHEDULING_POLICIES, schedulingPolicyOf } from './scheduling/index.ts'
export { VALUE_LOG_POLICIES, valueLogPolicyOf } from './vlog-gc/index.ts'
