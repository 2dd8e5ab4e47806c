/**
 * Owns what makes two results comparable: the design that they measure, and the sample on which
 * they measure it. Every reader that groups, counts or averages results uses this file, so that all
 * of them agree.
 *
 * A *design* is the requested configuration: the contender (strategy, parameters, engine options,
 * target, start, arrival, scheduling) and the workload with its size. Measured values and seeds are
 * not part of it. A *sample* is the stream of operations that a run saw, identified by its hash:
 * repeats of a stream are one sample, however often they ran.
 */
import { createHash } from 'node:crypto'
import type { Json } from '../engine/base/json.ts'
import { canonicalJson } from './canonical-json.ts'
import { isPeerResult, type PeerResult } from './peer-schema.ts'
import type { RunResult } from './schema.ts'

export type AnyResult = RunResult | PeerResult
type Config = RunResult['config']

/** The configuration that runs a workload. Two contenders on the same workload are compared. */
export interface Contender {
  readonly strategy: Pick<Config['strategy'], 'name' | 'params' | 'moduleDigest'>
  readonly engine: Config['engine']
  readonly target: string
  /** A run from a loaded tree has no load in its sums. The seed determines which tree. */
  readonly start: 'fresh' | 'aged'
  readonly arrival: Config['arrival']
  /** Missing: inline. */
  readonly scheduling?: NonNullable<Config['scheduling']>
}

/** A workload and its requested size. The achieved compression is measured, so it is not part. */
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
    ...(config.scheduling !== undefined && { scheduling: config.scheduling }),
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

/** Equal exactly for equal contenders. */
export function contenderKey(result: Configured): string {
  return canonicalJson(contenderOf(result) as unknown as Json)
}

/** Equal exactly for equal requested workloads. */
export function workloadKey(result: Configured): string {
  return canonicalJson(workloadAskedOf(result) as unknown as Json)
}

/** Equal exactly for results of the same design. */
export function designKey(result: Configured): string {
  return canonicalJson(designOf(result) as unknown as Json)
}

const ID_DIGITS = 12

/** A short name for the design: the first digits of the SHA-256 of its key. */
export function designId(result: Configured): string {
  return createHash('sha256').update(designKey(result)).digest('hex').slice(0, ID_DIGITS)
}

/**
 * Equal for runs that saw the same operations. A run that continued until it was steady is
 * identified by the requested operations, which every contender saw.
 */
export function sampleKey(result: AnyResult): string {
  if (isPeerResult(result)) return result.deterministic.traceHash
  const { askedTraceHash, traceHash } = result.deterministic
  return askedTraceHash ?? traceHash
}

/** The results of one design. */
export interface DesignGroup<Result extends AnyResult = AnyResult> {
  readonly id: string
  /** In the given order; at least one. */
  readonly results: readonly Result[]
  /** By sample key. Several results under the same key are repeats of that sample. */
  readonly samples: ReadonlyMap<string, readonly Result[]>
}

/** One group per design, in the order in which the designs first appear. */
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
 * The values of a figure of a design, one per sample: the mean over the sample's repeats. A sample
 * without any repeat that has the figure is left out.
 */
export function sampleValues<Result extends AnyResult>(
  { samples }: Pick<DesignGroup<Result>, 'samples'>,
  figure: (result: Result) => number | null,
): readonly number[] {
  return [...samples.values()].flatMap((repeats) => sampleValue(repeats, figure) ?? [])
}

/** The mean over the repeats of one sample; null if none of them has the figure. */
export function sampleValue<Result extends AnyResult>(
  repeats: readonly Result[],
  figure: (result: Result) => number | null,
): number | null {
  const values = repeats.map(figure).filter((value) => value !== null)
  if (values.length === 0) return null
  // Deterministic figures of repeats are equal; a sum and a division would round them.
  if (values.every((value) => value === values[0])) return values[0]!
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
