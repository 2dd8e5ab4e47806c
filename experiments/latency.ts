/**
 * Owns service times: one HdrHistogram an operation kind (WASM build, 25 ns a record), in
 * nanoseconds at three digits.
 */
import {
  build,
  encodeIntoCompressedBase64,
  initWebAssemblySync,
  type WasmHistogram,
} from 'hdr-histogram-js'
import { type Latency, P999_SAMPLES_MIN } from '../results/schema.ts'

const HIGHEST_NS = 3_600_000_000_000

export class LatencyRecorder {
  readonly #kinds: readonly string[]
  readonly #histograms: readonly WasmHistogram[]

  constructor(kinds: readonly string[]) {
    initWebAssemblySync()
    this.#kinds = kinds
    this.#histograms = kinds.map(
      () =>
        build({
          useWebAssembly: true,
          bitBucketSize: 32,
          numberOfSignificantValueDigits: 3,
          highestTrackableValue: HIGHEST_NS,
        }) as WasmHistogram,
    )
  }

  record(kindIndex: number, ns: number): void {
    this.#histograms[kindIndex]!.recordValue(ns)
  }

  /** Figures of the kinds that occurred. */
  figures(): Record<string, Latency> {
    const figures: Record<string, Latency> = {}
    for (const [index, histogram] of this.#histograms.entries()) {
      if (histogram.totalCount > 0) figures[this.#kinds[index]!] = figuresOf(histogram)
    }
    return figures
  }

  /** Frees the WASM memory. */
  [Symbol.dispose](): void {
    for (const histogram of this.#histograms) histogram.destroy()
  }
}

function figuresOf(histogram: WasmHistogram): Latency {
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1e3
  const count = histogram.totalCount
  return {
    count,
    meanUs: histogram.mean / 1e3,
    p50Us: at(50),
    p90Us: at(90),
    p99Us: at(99),
    p999Us: count >= P999_SAMPLES_MIN ? at(99.9) : null,
    maxUs: histogram.maxValue / 1e3,
    histogramBase64: encodeIntoCompressedBase64(histogram),
  }
}
