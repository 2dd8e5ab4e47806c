/**
 * Owns one run as decided: which strategy, workload and options with every default filled in, the
 * identity that follows from them, and the arguments that ask for it again.
 *
 * Invariant: equal identities mean equal deterministic figures under equal code.
 */
import type { CompactionStrategy, EngineOptions, Json } from '../../engine/index.ts'
import type { RunResult } from '../../results/schema.ts'
import type { Workload } from '../../workloads/index.ts'
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
  /** What the user should hear before the run: of the request, not of its outcome. */
  readonly notes?: readonly string[]
  /** Where trees lie that runs start from in place of a load; left out: the load is run. */
  readonly agedFolder?: string
  readonly aged?: AgedStart
  createStrategy(): CompactionStrategy
  createWorkload(): Workload
}

/** How a plan wants to be simulated. */
export type Simulation =
  | { readonly mode: 'exact' }
  /** Loads so many user bytes. */
  | { readonly mode: 'statistical'; readonly userBytes: number }

/** Replaces the load phase by a prebuilt tree. */
export interface AgedStart {
  /** Fills the fresh folder before it is opened. */
  clone(folder: string): void
  /** The target as the run sees it: it ignores the load's writes. */
  afterLoad(target: CountedTarget): CountedTarget
}

/** Of a run's files: short enough to type, long enough that no sweep meets a collision. */
const HASH_DIGITS = 8

export interface RunIdentity {
  readonly config: RunResult['config']
  readonly storage: string
}

export function runId({ config, storage }: RunIdentity): string {
  const { repeat, arrival, aged: _, until, strategy, ...rest } = config
  const { moduleDigest, ...described } = strategy
  // Left out where nothing was asked: identities outlive the fields that were added later.
  const asked = { ...(arrival !== null && { arrival }), ...(until !== null && { until }) }
  const identity = { ...rest, ...asked, strategy: described, storage, moduleDigest }
  const hash = hashOfJson(identity as unknown as Json)
  const stem = `${config.workload.name}-${config.strategy.name}`.replaceAll(/[^A-Za-z0-9._-]/g, '_')
  return `${stem}-${hash.slice(0, HASH_DIGITS)}-r${repeat}`
}
