/**
 * Owns what makes two results comparable: the design they measure and the sample they measure it on.
 * Every reader that groups, counts or averages results asks here, so that no two of them disagree.
 *
 * A *design* is what was asked for: the contender (strategy, parameters, engine options, target,
 * start, arrival) and the workload with its size. Nothing measured and no seed is part of it. A
 * *sample* is the stream of operations that a run saw, by its hash: repeats of one stream are one
 * sample however often they ran.
 */
import { createHash } from 'node:crypto'
import type { Json } from '../engine/base/json.ts'
import { canonicalJson } from './canonical-json.ts'
import { isPeerResult, type PeerResult } from './peer-schema.ts'
import type { RunResult } from './schema.ts'

export type AnyResult = RunResult | PeerResult
type Config = RunResult['config']

/** What was put to a workload; two contenders on one workload are compared. */
export interface Contender {
  readonly strategy: Pick<Config['strategy'], 'name' | 'params' | 'moduleDigest'>
  readonly engine: Config['engine']
  readonly target: string
  /** A run from a loaded tree has no load in its sums. Which tree follows from the seed. */
  readonly start: 'fresh' | 'aged'
  readonly arrival: Config['arrival']
}

/** A workload and its size as asked for; what its values came to in compression is measured. */
export interface WorkloadAsked {
  readonly name: string
  readonly params: Config['workload']['params']
  readonly loadOrder: string
  readonly targetRatio: number | null
  readonly records: number
  readonly operations: number
  readonly valueBytes: number | null
  readonly until: Config['until']
}

export interface Design {
  readonly contender: Contender
  readonly workload: WorkloadAsked
}

type Configured = { readonly config: Config }

export function contenderOf({ config }: Configured): Contender {
  const { name, params, moduleDigest } = config.strategy
  return {
    strategy: { name, params, moduleDigest },
    engine: config.engine,
    target: config.target,
    start: config.aged === null ? 'fresh' : 'aged',
    arrival: config.arrival,
  }
}

export function workloadAskedOf({ config }: Configured): WorkloadAsked {
  const { workload, records, operations, valueBytes, until } = config
  const { name, params, loadOrder, valueCompression } = workload
  const targetRatio = valueCompression?.targetRatio ?? null
  return { name, params, loadOrder, targetRatio, records, operations, valueBytes, until }
}

export function designOf(result: Configured): Design {
  return { contender: contenderOf(result), workload: workloadAskedOf(result) }
}

/** Equal for equal contenders, and for those alone. */
export function contenderKey(result: Configured): string {
  return canonicalJson(contenderOf(result) as unknown as Json)
}

/** Equal for equal workloads as asked for, and for those alone. */
export function workloadKey(result: Configured): string {
  return canonicalJson(workloadAskedOf(result) as unknown as Json)
}

/** Equal for results of one design, and for those alone. */
export function designKey(result: Configured): string {
  return canonicalJson(designOf(result) as unknown as Json)
}

const ID_DIGITS = 12

/** A short name for the design: the first digits of the SHA-256 of its key. */
export function designId(result: Configured): string {
  return createHash('sha256').update(designKey(result)).digest('hex').slice(0, ID_DIGITS)
}

/**
 * Equal for runs that saw the same operations. A run that went on until it was steady is known by the
 * operations that were asked for, which every contender saw.
 */
export function sampleKey(result: AnyResult): string {
  if (isPeerResult(result)) return result.deterministic.traceHash
  const { askedTraceHash, traceHash } = result.deterministic
  return askedTraceHash ?? traceHash
}

/** The results of one design. */
export interface DesignGroup<Result extends AnyResult = AnyResult> {
  readonly id: string
  /** In the order given, at least one. */
  readonly results: readonly Result[]
  /** By sample key; several results under one are repeats of that sample. */
  readonly samples: ReadonlyMap<string, readonly Result[]>
}

/** One group a design, in the order in which designs first appear. */
export function groupByDesign<Result extends AnyResult>(
  results: readonly Result[],
): readonly DesignGroup<Result>[] {
  return [...Map.groupBy(results, designKey).values()].map((group) => ({
    id: designId(group[0]!),
    results: group,
    samples: Map.groupBy(group, sampleKey),
  }))
}

/**
 * A figure of a design, one value a sample: the mean over the sample's repeats. A sample of which no
 * repeat has the figure is left out.
 */
export function sampleValues<Result extends AnyResult>(
  { samples }: Pick<DesignGroup<Result>, 'samples'>,
  figure: (result: Result) => number | null,
): readonly number[] {
  return [...samples.values()].flatMap((repeats) => sampleValue(repeats, figure) ?? [])
}

/** The mean over the repeats of one sample; null where none of them has the figure. */
export function sampleValue<Result extends AnyResult>(
  repeats: readonly Result[],
  figure: (result: Result) => number | null,
): number | null {
  const values = repeats.map(figure).filter((value) => value !== null)
  if (values.length === 0) return null
  // Deterministic figures of repeats are equal; summing and dividing them would round.
  if (values.every((value) => value === values[0])) return values[0]!
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
