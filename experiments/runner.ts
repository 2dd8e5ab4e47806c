/**
 * Owns one run: load phase, run phases, burst reading, drain, drained reading, and the result that
 * comes of them. It knows neither folders nor terminals: the target is handed in open.
 *
 * The work is synchronous; between slices of operations the loop is given back, so that an interrupt
 * is heard and the collector's figures arrive.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, cellsBetween, ManualClock } from '../engine/index.ts'
import type { Deterministic, Timed } from '../results/schema.ts'
import { OPERATION_KIND_NAMES, type OperationStream, type Workload } from '../workloads/index.ts'
import { digestOf } from './digest.ts'
import { EventLog } from './event-log.ts'
import { amplificationOf, balanceOf, levelsOf, quotient, writtenByCause } from './figures.ts'
import { Interrupted } from './interrupted.ts'
import { LatencyRecorder } from './latency.ts'
import { LONG_SCAN_ENTRIES_MIN, OperationDriver } from './operation-driver.ts'
import { Series, samplingInterval } from './series.ts'
import type { Target, TargetEvent, TargetStats } from './target.ts'

/** Logical time of the first operation: 2026-01-01, so that no age looks like "never". */
export const LOGICAL_START_MS = Date.UTC(2026, 0, 1)

/** Operations between two looks at the event loop: a few milliseconds. */
const SLICE_OPERATIONS = 500

export interface RunnerParts {
  /** Opens the target on a fresh folder; its events and its time are the runner's. */
  open(clock: Clock, onEvent: (event: TargetEvent) => void): Target
  readonly workload: Workload
  readonly records: number
  readonly operations: number
  readonly timer: Clock
  readonly signal: AbortSignal
  onProgress(phase: string, done: number, total: number): void
}

/** What was measured, before anybody says on which machine and by which command. */
export interface Measurement {
  readonly deterministic: Deterministic
  readonly phases: Timed['phases']
  readonly latencyByKind: Timed['latencyByKind']
  readonly timedSeries: Timed['series']
  readonly burst: TargetStats
  readonly drained: TargetStats
  /** Operations at which the run phase began. */
  readonly runFrom: number
}

/** The target is left open and drained; the caller closes it, also after an error. */
export class Runner {
  readonly #parts: RunnerParts
  readonly #clock = new ManualClock(LOGICAL_START_MS)
  readonly #events = new EventLog()
  readonly #series: Series
  readonly #driver: OperationDriver
  readonly #phases: Deterministic['phases'][number][] = []
  readonly #timedPhases: Timed['phases'][number][] = []
  readonly target: Target

  constructor(parts: RunnerParts) {
    this.#parts = parts
    this.#series = new Series(parts.timer)
    this.target = parts.open(this.#clock, (event) => this.#events.add(event, this.#driver.done))
    this.#driver = new OperationDriver({
      target: this.target,
      logicalClock: this.#clock,
      timer: parts.timer,
      expectedRecords: parts.records + parts.operations,
    })
  }

  async run(): Promise<Measurement> {
    const { workload } = this.#parts
    using latencies = new LatencyRecorder(OPERATION_KIND_NAMES)
    await this.#drive('load', workload.load, null)
    const runFrom = this.#driver.done
    for (const { stream } of workload.phases) await this.#drive('run', stream, latencies)
    const { liveSizes } = this.#driver
    const burst = this.target.stats()
    await this.#drain(burst)
    const drained = this.target.stats()
    return {
      deterministic: this.#deterministic(burst, drained, liveSizes.liveBytes),
      phases: this.#timedPhases,
      latencyByKind: latencies.figures(),
      timedSeries: this.#series.timedPoints,
      burst,
      drained,
      runFrom,
    }
  }

  async #drive(
    name: 'load' | 'run',
    stream: OperationStream,
    latencies: LatencyRecorder | null,
  ): Promise<void> {
    const { records, operations, onProgress } = this.#parts
    const driver = this.#driver
    const total = records + operations
    const interval = samplingInterval(total)
    const before = this.target.stats()
    const startNs = this.#parts.timer.elapsedNs()
    const from = driver.done
    driver.beginPhase()
    for (let more = true; more; ) {
      const toSample = interval - (driver.done % interval)
      more = driver.step(stream, Math.min(SLICE_OPERATIONS, toSample), latencies)
      if (more && driver.done % interval === 0) this.#sample()
      onProgress(name, driver.done, total)
      await this.#breathe()
    }
    const seconds = (this.#parts.timer.elapsedNs() - startNs) / 1e9
    this.#endPhase(name, before, seconds, driver.done - from)
  }

  async #drain(burst: TargetStats): Promise<void> {
    const startNs = this.#parts.timer.elapsedNs()
    this.#driver.beginPhase()
    this.target.drain()
    const seconds = (this.#parts.timer.elapsedNs() - startNs) / 1e9
    this.#endPhase('drain', burst, seconds, 0)
    this.#sample()
    await this.#breathe()
  }

  #sample(): void {
    const { done, liveSizes } = this.#driver
    this.#series.add(done, this.target.stats(), liveSizes.liveBytes)
  }

  async #breathe(): Promise<void> {
    await nextTurn()
    if (this.#parts.signal.aborted) throw new Interrupted('interrupted')
  }

  #endPhase(
    name: 'load' | 'run' | 'drain',
    before: TargetStats,
    wallSeconds: number,
    operations: number,
  ): void {
    const after = this.target.stats()
    this.#phases.push({
      name,
      operationsByKind: this.#countsByKind(),
      userBytes: after.userBytes - before.userBytes,
      bytesWrittenByCause: writtenByCause(cellsBetween(before.cells, after.cells)),
      shapeAtStart: before.levels.map((level) => level.runs),
    })
    const throughputPerSecond = name === 'drain' ? null : quotient(operations, wallSeconds)
    this.#timedPhases.push({ name, wallSeconds, throughputPerSecond })
  }

  #countsByKind(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const [kind, count] of this.#driver.counts.entries()) {
      if (count > 0) counts[OPERATION_KIND_NAMES[kind]!] = count
    }
    return counts
  }

  #deterministic(
    burst: TargetStats,
    drained: TargetStats,
    liveBytes: number,
  ): Measurement['deterministic'] {
    const driver = this.#driver
    return {
      phases: this.#phases,
      amplification: {
        burst: amplificationOf(burst, liveBytes),
        drained: amplificationOf(drained, liveBytes),
      },
      readAmplification: {
        getHit: driver.getHit.figures(),
        getMiss: driver.getMiss.figures(),
        updateRead: driver.updateRead.figures(),
        shortScan: driver.shortScan.figures(),
        longScan: driver.longScan.figures(),
      },
      levels: levelsOf(drained),
      ledger: {
        cells: [...drained.cells],
        balance: balanceOf(drained, this.target.liveFileBytes()),
      },
      counts: drained.counts,
      series: this.#series.points,
      events: this.#events.figures(),
      traceHash: driver.traceHash.digest(),
      tableDigest: digestOf(this.target.tableBytes()),
      peakPhysicalBytes: drained.peakPhysicalBytes,
      longScanEntriesMin: LONG_SCAN_ENTRIES_MIN,
    }
  }
}
