/**
 * Owns the plan of one run: its strategy, workload and options with every default filled in, the
 * identity that follows from them, and the command that repeats the run.
 *
 * Invariant: equal identities mean equal deterministic figures under equal code.
 */
import type { CompactionStrategy, EngineOptions, Json, Version } from '../../engine/index.ts'
import type { RunResult } from '../../results/schema.ts'
import type { Workload, WriteShape } from '../../workloads/index.ts'
import { hashOfJson } from './digest.ts'
import type { CountedTarget } from './target.ts'

export interface RunPlan {
  /** `<workload>-<strategy>-<hash>-r<repeat>`: the result's id and the stem of its files. */
  readonly id: string
  readonly config: RunResult['config']
  readonly engineOptions: EngineOptions
  readonly storage: 'node' | 'memory'
  /** Null: the engine itself runs. */
  readonly simulation: Simulation | null
  readonly command: readonly string[]
  /** Lines to print before the run. They concern the request, not its outcome. */
  readonly notes?: readonly string[]
  /** The folder of prebuilt trees that replace the load phase; left out: the load phase runs. */
  readonly agedFolder?: string
  readonly aged?: AgedStart
  createStrategy(): CompactionStrategy
  createWorkload(): Workload
}

/** How the simulator runs a plan. */
export type Simulation = { readonly mode: 'exact' } | StatisticalSimulation

/** Without keys: loads, or starts from a tree, then makes the writes of the run phases. */
export interface StatisticalSimulation {
  readonly mode: 'statistical'
  readonly writes: WriteShape
  /** Null: the load makes the tree. */
  readonly found: FoundSource | null
}

/** A tree that stands for the load. */
export interface FoundSource {
  readonly version: Version
  /** Mean size of its entries, and of those that are written later. */
  readonly record: { readonly keyBytes: number; readonly valueBytes: number }
}

/** Replaces the load phase by a prebuilt tree. */
export interface AgedStart {
  /** Fills the fresh folder before it is opened. */
  clone(folder: string): void
  /** Wraps the target, so that it ignores the writes of the load phase. */
  afterLoad(target: CountedTarget): CountedTarget
}

/**
 * In the names of a run's files: short enough to type, long enough for a sweep's runs to differ.
 */
const HASH_DIGITS = 8

export interface RunIdentity {
  readonly config: RunResult['config']
  readonly storage: string
}

export function runId({ config, storage }: RunIdentity): string {
  const { repeat, arrival, aged: _, until, strategy, ...rest } = config
  const { moduleDigest, ...described } = strategy
  // Unset fields are left out, so that a field added later does not change older identities.
  const asked = { ...(arrival !== null && { arrival }), ...(until !== null && { until }) }
  const identity = { ...rest, ...asked, strategy: described, storage, moduleDigest }
  const hash = hashOfJson(identity as unknown as Json)
  const stem = `${config.workload.name}-${config.strategy.name}`.replaceAll(/[^A-Za-z0-9._-]/g, '_')
  return `${stem}-${hash.slice(0, HASH_DIGITS)}-r${repeat}`
}
