/**
 * Owns latencies: one HdrHistogram for each kind of operation (WASM build, 25 ns a record), in
 * nanoseconds with three digits, and one of all kinds for the current interval of the series.
 */
import {
  build,
  encodeIntoCompressedBase64,
  type Histogram,
  initWebAssemblySync,
} from 'hdr-histogram-js'
import { type Latency, P999_SAMPLES_MIN, P9999_SAMPLES_MIN } from '../../results/schema.ts'

const HIGHEST_NS = 3_600_000_000_000

export class LatencyRecorder {
  readonly #kinds: readonly string[]
  readonly #histograms: readonly Histogram[]

  constructor(kinds: readonly string[]) {
    this.#kinds = kinds
    this.#histograms = kinds.map(() => createHistogram(true))
  }

  record(kindIndex: number, ns: number): void {
    this.#histograms[kindIndex]!.recordValue(ns)
  }

  /** The figures of each kind that occurred. */
  figures(): Record<string, Latency> {
    const figures: Record<string, Latency> = {}
    for (const [index, histogram] of this.#histograms.entries()) {
      if (histogram.totalCount > 0) figures[this.#kinds[index]!] = figuresOf(histogram)
    }
    return figures
  }

  /** Frees the WASM memory. */
  [Symbol.dispose](): void {
    for (const histogram of this.#histograms) histogram.destroy?.()
  }
}

/**
 * One histogram of all kinds, emptied at each reading. Called rarely, so it needs no WASM memory.
 */
export class IntervalLatency {
  readonly #histogram: Histogram

  constructor(histogram: Histogram = createHistogram(false)) {
    this.#histogram = histogram
  }

  /** In WASM, for hot loops; the caller must dispose of it. */
  static hot(): IntervalLatency {
    return new IntervalLatency(createHistogram(true))
  }

  record(ns: number): void {
    this.#histogram.recordValue(ns)
  }

  /** The percentiles since the last call, in microseconds; null if nothing was recorded. */
  take(): { readonly p50Us: number | null; readonly p99Us: number | null } {
    const histogram = this.#histogram
    if (histogram.totalCount === 0) return { p50Us: null, p99Us: null }
    const at = (percentile: number) => percentileNs(histogram, percentile) / 1e3
    const percentiles = { p50Us: at(50), p99Us: at(99) }
    histogram.reset()
    return percentiles
  }

  [Symbol.dispose](): void {
    this.#histogram.destroy?.()
  }
}

/** `hot`: in WASM; the caller must free its memory. */
function createHistogram(hot: boolean): Histogram {
  if (hot) initWebAssemblySync()
  return build({
    useWebAssembly: hot,
    bitBucketSize: 32,
    numberOfSignificantValueDigits: 3,
    highestTrackableValue: HIGHEST_NS,
  })
}

/**
 * A bucket of the histogram covers a range of values and answers with the largest of them, which
 * may exceed every recorded value. So the answer is limited to the maximum, which is kept exactly.
 */
function percentileNs(histogram: Histogram, percentile: number): number {
  return Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue)
}

function figuresOf(histogram: Histogram): Latency {
  const at = (percentile: number) => percentileNs(histogram, percentile) / 1e3
  const count = histogram.totalCount
  return {
    count,
    // This mean uses the middles of buckets, so it may exceed the maximum too.
    meanUs: Math.min(histogram.mean, histogram.maxValue) / 1e3,
    p50Us: at(50),
    p90Us: at(90),
    p99Us: at(99),
    p999Us: count >= P999_SAMPLES_MIN ? at(99.9) : null,
    p9999Us: count >= P9999_SAMPLES_MIN ? at(99.99) : null,
    maxUs: histogram.maxValue / 1e3,
    histogramBase64: encodeIntoCompressedBase64(histogram),
  }
}
