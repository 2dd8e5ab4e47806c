/**
 * Owns the statistics of a trace that need one pass and bounded memory: mix, keys, sizes, skew,
 * reuse, arrivals, writes. It takes operations as any sink does, so a foreign file needs no import
 * first.
 */
import { build, type Histogram } from 'hdr-histogram-js'
import {
  hashKey,
  OPERATION_KIND,
  OPERATION_KIND_NAMES,
  type Operation,
  type OperationSink,
} from '../../workloads/index.ts'
import { fitZipf, KeyCounts } from './key-counts.ts'
import { ReuseDistances, type ReuseFigures } from './reuse-distances.ts'

export interface SizeFigures {
  readonly count: number
  readonly min: number
  readonly mean: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface TraceStatistics {
  readonly operations: number
  readonly operationsByKind: Readonly<Record<string, number>>
  readonly phases: readonly {
    readonly name: string
    readonly operations: number
    readonly operationsByKind: Readonly<Record<string, number>>
  }[]
  readonly keys: {
    readonly distinct: number
    /** False: estimated, with a standard error of 0.8 %. */
    readonly isExact: boolean
    readonly bytes: SizeFigures | null
  }
  /** Sizes in writes; an update of a field counts only that field. */
  readonly values: SizeFigures | null
  readonly scanLengths: SizeFigures | null
  readonly skew: {
    /**
     * Shares of all operations that use the most frequent keys; lower bounds if counts are not
     * exact.
     */
    readonly top1Share: number
    readonly top10Share: number
    readonly top100Share: number
    /**
     * Slope of a line through log count over log rank of the hottest keys; null with fewer than
     * ten.
     */
    readonly zipfTheta: number | null
    readonly zipfR2: number | null
  } | null
  readonly reuse: ReuseFigures
  readonly arrivals: {
    readonly spanSeconds: number
    readonly perSecond: number | null
    /** Operations in the busiest second. */
    readonly perSecondMax: number
  } | null
  /** Keys and values of writes, and keys of deletes. */
  readonly writtenBytes: number
}

const FITTED_KEYS_MAX = 1000
const SIZE_MAX = 2 ** 32

/** Histogram of sizes from 0, to three significant digits. */
class Sizes {
  readonly #histogram: Histogram = build({
    highestTrackableValue: SIZE_MAX,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 64,
  })
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = 0

  add(size: number): void {
    this.#count++
    this.#sum += size
    if (size < this.#min) this.#min = size
    if (size > this.#max) this.#max = size
    this.#histogram.recordValue(size)
  }

  figures(): SizeFigures | null {
    if (this.#count === 0) return null
    const p50 = Math.min(this.#histogram.getValueAtPercentile(50), this.#max)
    const p99 = Math.min(this.#histogram.getValueAtPercentile(99), this.#max)
    const mean = this.#sum / this.#count
    return { count: this.#count, min: this.#min, mean, p50, p99, max: this.#max }
  }
}

export class StatisticsSink implements OperationSink {
  readonly #phases: { readonly name: string; readonly byKind: Float64Array }[] = []
  readonly #keyBytes = new Sizes()
  readonly #valueBytes = new Sizes()
  readonly #scanLengths = new Sizes()
  readonly #keyCounts = new KeyCounts()
  readonly #reuse = new ReuseDistances()
  readonly #arrivals = new Arrivals()
  #operations = 0
  #writtenBytes = 0

  beginPhase(name: string): void {
    this.#phases.push({ name, byKind: new Float64Array(OPERATION_KIND_NAMES.length) })
  }

  add(operation: Operation): void {
    const { kind, key, keyLength, valueLength } = operation
    const hash = hashKey(key)
    this.#operations++
    this.#phases.at(-1)!.byKind[kind]!++
    this.#keyBytes.add(keyLength)
    this.#keyCounts.add(hash)
    this.#reuse.add(hash)
    if (kind === OPERATION_KIND.scan) this.#scanLengths.add(operation.scanLength)
    else if (kind === OPERATION_KIND.delete) this.#writtenBytes += keyLength
    else if (kind !== OPERATION_KIND.read) {
      this.#valueBytes.add(valueLength)
      this.#writtenBytes += keyLength + valueLength
    }
    if (operation.arrivalNs >= 0) this.#arrivals.add(operation.arrivalNs)
  }

  figures(): TraceStatistics {
    const all = new Float64Array(OPERATION_KIND_NAMES.length)
    for (const { byKind } of this.#phases) for (const [i, n] of byKind.entries()) all[i]! += n
    return {
      operations: this.#operations,
      operationsByKind: named(all),
      phases: this.#phases.map(({ name, byKind }) => ({
        name,
        operations: byKind.reduce((sum, count) => sum + count, 0),
        operationsByKind: named(byKind),
      })),
      keys: {
        distinct: this.#keyCounts.distinct(),
        isExact: this.#keyCounts.isExact,
        bytes: this.#keyBytes.figures(),
      },
      values: this.#valueBytes.figures(),
      scanLengths: this.#scanLengths.figures(),
      skew: this.#skew(),
      reuse: this.#reuse.figures(),
      arrivals: this.#arrivals.figures(),
      writtenBytes: this.#writtenBytes,
    }
  }

  #skew(): TraceStatistics['skew'] {
    if (this.#operations === 0) return null
    const counts = this.#keyCounts.top(FITTED_KEYS_MAX)
    const share = (keys: number) =>
      counts.slice(0, keys).reduce((sum, count) => sum + count, 0) / this.#operations
    const fit = fitZipf(counts)
    return {
      top1Share: share(1),
      top10Share: share(10),
      top100Share: share(100),
      zipfTheta: fit?.theta ?? null,
      zipfR2: fit?.r2 ?? null,
    }
  }
}

const NS_PER_SECOND = 1e9

class Arrivals {
  #count = 0
  #first = Number.POSITIVE_INFINITY
  #last = 0
  #second = -1
  #inSecond = 0
  #inSecondMax = 0

  add(arrivalNs: number): void {
    this.#count++
    if (arrivalNs < this.#first) this.#first = arrivalNs
    if (arrivalNs > this.#last) this.#last = arrivalNs
    const second = Math.floor(arrivalNs / NS_PER_SECOND)
    this.#inSecond = second === this.#second ? this.#inSecond + 1 : 1
    this.#second = second
    if (this.#inSecond > this.#inSecondMax) this.#inSecondMax = this.#inSecond
  }

  figures(): TraceStatistics['arrivals'] {
    if (this.#count === 0) return null
    const spanSeconds = (this.#last - this.#first) / NS_PER_SECOND
    const perSecond = spanSeconds === 0 ? null : this.#count / spanSeconds
    return { spanSeconds, perSecond, perSecondMax: this.#inSecondMax }
  }
}

function named(byKind: Float64Array): Record<string, number> {
  const entries = OPERATION_KIND_NAMES.map((name, kind) => [name, byKind[kind]!] as const)
  return Object.fromEntries(entries.filter(([, count]) => count > 0))
}
