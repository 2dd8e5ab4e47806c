/**
 * Owns what is counted of a run in virtual time: latencies of writes and reads, stops and delays of
 * writes by their cause, throughput, and samples of them over time.
 */
import type { SuiteRun } from '../../results/suite-schema.ts'
import type { ClientsObserver } from '../../strategies/simulator/virtual/virtual-clients.ts'
import type { EndedJob, VirtualStore } from '../../strategies/simulator/virtual/virtual-store.ts'
import { IntervalLatency, LatencyRecorder } from '../measure/latency.ts'

/** Time is divided into parts that are told apart, such as peaks and valleys. */
interface Parts {
  /** Each is the beginning of a figure's name. */
  readonly parts: readonly string[]
  readonly partOf: (seconds: number) => number
  readonly warmUpSeconds: number
}

const NS_PER_SECOND = 1e9
const LATENCIES = ['Write', 'Processing', 'Read'] as const

export class VirtualBooks implements ClientsObserver, Disposable {
  readonly series: SuiteRun['series'] = []
  readonly #parts: Parts
  readonly #store: VirtualStore
  readonly #latencies: LatencyRecorder
  readonly #interval = IntervalLatency.hot()
  #isCounting = false
  #writes = 0
  #sampledWrites = 0
  #sampledStopNs = 0
  #stops = 0
  #longestStopNs = 0
  readonly #stopNs = { memtables: 0, level0: 0, debt: 0 }
  #delayNs = 0
  #longestFlushMs = 0
  #longestLevel0Ms = 0
  #seconds = 0
  #backlogSeconds = 0
  #bytesBefore = { work: 0, user: 0 }

  constructor(parts: Parts, store: VirtualStore) {
    this.#parts = parts
    this.#store = store
    this.#latencies = new LatencyRecorder(
      parts.parts.flatMap((part) => LATENCIES.map((kind) => part + kind)),
    )
    store.onJob = (job) => this.#onJob(job)
  }

  /** The warm-up is over. */
  begin(): void {
    this.#isCounting = true
    this.#bytesBefore = this.#bytes
  }

  onWrite(answeredNs: number, latencyNs: number, processingNs: number): void {
    if (!this.#isCounting) return
    const first = this.#firstOf(answeredNs - latencyNs)
    this.#latencies.record(first, latencyNs)
    this.#latencies.record(first + 1, processingNs)
    this.#interval.record(latencyNs)
    this.#writes++
  }

  onRead(answeredNs: number, latencyNs: number): void {
    if (!this.#isCounting) return
    this.#latencies.record(this.#firstOf(answeredNs - latencyNs) + 2, latencyNs)
  }

  onStop(cause: 'memtables' | 'level0' | 'debt', fromNs: number, untilNs: number): void {
    if (!this.#isCounting) return
    const ns = untilNs - Math.max(fromNs, this.#parts.warmUpSeconds * NS_PER_SECOND)
    this.#stops++
    this.#stopNs[cause] += ns
    this.#longestStopNs = Math.max(this.#longestStopNs, ns)
  }

  onDelay(_cause: string, ns: number): void {
    if (this.#isCounting) this.#delayNs += ns
  }

  /** Takes a sample of the last `lastSeconds`; `waitingNs` is the age of the oldest write. */
  sample(atSeconds: number, lastSeconds: number, waitingNs: number): void {
    const stopNs = this.#allStopNs
    const { p99Us } = this.#interval.take()
    this.series.push({
      atSeconds,
      writesPerSecond: (this.#writes - this.#sampledWrites) / lastSeconds,
      stopSeconds: (stopNs - this.#sampledStopNs) / NS_PER_SECOND,
      writeP99Ms: (p99Us ?? 0) / 1e3,
      runs: this.#store.runs,
    })
    this.#sampledWrites = this.#writes
    this.#sampledStopNs = stopNs
    this.#seconds = atSeconds
    this.#backlogSeconds = waitingNs / NS_PER_SECOND
  }

  figures(): Record<string, number | null> {
    const { work, user } = this.#bytes
    const figures: Record<string, number | null> = {
      writesPerSecond: this.#writes / this.#seconds,
      stops: this.#stops,
      stopSeconds: this.#allStopNs / NS_PER_SECOND,
      memtableStopSeconds: this.#stopNs.memtables / NS_PER_SECOND,
      runStopSeconds: this.#stopNs.level0 / NS_PER_SECOND,
      longestStopSeconds: this.#longestStopNs / NS_PER_SECOND,
      delaySeconds: this.#delayNs / NS_PER_SECOND,
      backlogSeconds: this.#backlogSeconds,
      longestFlushSeconds: this.#longestFlushMs / 1e3,
      longestLevel0MergeSeconds: this.#longestLevel0Ms / 1e3,
      writeAmplification: (work - this.#bytesBefore.work) / (user - this.#bytesBefore.user),
    }
    for (const [kind, latency] of Object.entries(this.#latencies.figures())) {
      const begin = kind.charAt(0).toLowerCase() + kind.slice(1)
      const toMs = (us: number | null) => (us === null ? null : us / 1e3)
      figures[`${begin}P50Ms`] = toMs(latency.p50Us)
      figures[`${begin}P90Ms`] = toMs(latency.p90Us)
      figures[`${begin}P99Ms`] = toMs(latency.p99Us)
      figures[`${begin}P999Ms`] = toMs(latency.p999Us)
      figures[`${begin}MaxMs`] = toMs(latency.maxUs)
    }
    return figures
  }

  [Symbol.dispose](): void {
    this.#latencies[Symbol.dispose]()
    this.#interval[Symbol.dispose]()
  }

  get #bytes() {
    return { work: this.#store.workBytes, user: this.#store.simulator.userBytes }
  }

  get #allStopNs(): number {
    return this.#stopNs.memtables + this.#stopNs.level0 + this.#stopNs.debt
  }

  /** The index of the first kind of latency of the part in which an operation arrived. */
  #firstOf(arrivedNs: number): number {
    return this.#parts.partOf(arrivedNs / NS_PER_SECOND) * LATENCIES.length
  }

  /** How long flushes and merges out of level 0 took, with their time in the queue. */
  #onJob({ cause, fromLevel, queuedAtMs, endedAtMs }: EndedJob): void {
    if (!this.#isCounting) return
    const ms = endedAtMs - queuedAtMs
    if (cause === 'flush') this.#longestFlushMs = Math.max(this.#longestFlushMs, ms)
    else if (fromLevel === 0) this.#longestLevel0Ms = Math.max(this.#longestLevel0Ms, ms)
  }
}
