/**
 * Owns one run: load phase, run phases, burst reading, drain, drained reading, and the result that
 * comes of them. It knows neither folders nor terminals: the target is handed in open.
 *
 * The work is synchronous; between slices of operations the loop is given back, so that an interrupt
 * is heard and the collector's figures arrive. Clocks, waiting and the collector's reports are
 * injected.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, ManualClock } from '../../engine/index.ts'
import type { Arrivals, Deterministic, RunResult } from '../../results/schema.ts'
import { OPERATION_KIND_NAMES, type OperationStream, type Workload } from '../../workloads/index.ts'
import { LOGICAL_START_MS } from '../base/context.ts'
import { Interrupted } from '../base/interrupted.ts'
import { deepestLevel, type Target, type TargetEvent, type TargetStats } from '../base/target.ts'
import type { Pacing } from '../load/pacing.ts'
import { SPIN_NS } from '../load/waiting.ts'
import type { ProcessWatch } from '../machine/process-watch.ts'
import type { AnswerOracle, Answers } from '../measure/answer-oracle.ts'
import { EventLog } from '../measure/event-log.ts'
import { createLiveOracle } from '../measure/live-sizes.ts'
import { Pauses } from '../measure/pauses.ts'
import { Series, samplingInterval } from '../measure/series.ts'
import { SpacePeak } from '../measure/space-peak.ts'
import { steadinessOf } from '../measure/steadiness.ts'
import { deterministicOf, type Measurement, type PhaseEnd } from './measurement.ts'
import { OperationDriver } from './operation-driver.ts'
import { OperationTimes } from './operation-times.ts'

/** A run phase without a write in so many operations will not write in later ones. */
const IDLE_OPERATIONS = 10_000

/** Operations between two looks at the event loop: a few milliseconds. */
const SLICE_OPERATIONS = 500

export interface RunnerParts {
  /** Opens the target on a fresh folder; its events, their beginnings and its time are the runner's. */
  open(clock: Clock, onEvent: (event: TargetEvent) => void, onJobStart: () => void): Target
  readonly workload: Workload
  readonly records: number
  readonly operations: number
  /** The one run phase goes on beyond `operations` until its state is reached; left out: it does not. */
  readonly until?: RunResult['config']['until']
  readonly timer: Clock
  readonly signal: AbortSignal
  onProgress(phase: string, done: number, total: number): void
  /** When the operations of the run phase are due; left out: each when the one before is done. */
  readonly load?: RunLoad | null
  /** Left out: what the target answers is not checked. */
  readonly answers?: AnswerOracle
  /** Left out: collections are not measured. */
  readonly watch?: ProcessWatch
}

export interface RunLoad extends Pick<Arrivals, 'kind' | 'clients' | 'sustainablePerSecond'> {
  readonly pacing: Pacing
}

/** The target is left open and drained; the caller closes it, also after an error. */
export class Runner {
  readonly #parts: RunnerParts
  readonly #clock = new ManualClock(LOGICAL_START_MS)
  readonly #events = new EventLog()
  readonly #peak = new SpacePeak()
  readonly #pauses: Pauses
  readonly #series: Series
  readonly #driver: OperationDriver
  readonly #phases: PhaseEnd[] = []
  readonly #startNs: number
  #times: OperationTimes | null = null
  #sampledAt = 0
  #askedTraceHash = ''
  #outcome: Deterministic['until'] = null
  readonly target: Target

  constructor(parts: RunnerParts) {
    this.#parts = parts
    this.#startNs = parts.timer.elapsedNs()
    this.#series = new Series(parts.timer)
    this.#pauses = new Pauses(parts.timer, parts.watch ?? null)
    this.target = parts.open(
      this.#clock,
      (event) => this.#onEvent(event),
      () => this.#pauses.jobBegins(),
    )
    const { keyNumbers = 'dense' } = parts.workload
    this.#driver = new OperationDriver({
      target: this.target,
      logicalClock: this.#clock,
      timer: parts.timer,
      liveSizes: createLiveOracle(keyNumbers, parts.records + parts.operations),
      answers: parts.answers ?? null,
    })
  }

  async run(): Promise<Measurement> {
    const { workload, load = null, until = null } = this.#parts
    const driver = this.#driver
    using times = new OperationTimes({
      kinds: OPERATION_KIND_NAMES,
      pacing: load?.pacing ?? null,
    })
    await this.#drive('load', workload.load)
    const runFrom = driver.done
    this.#times = times
    driver.beginRun(load?.pacing ?? null)
    for (const { stream } of workload.phases) await this.#drive('run', stream, load?.pacing)
    if (until !== null) this.#settle(runFrom)
    const overhead = driver.overhead()
    this.#times = null
    const burst = this.target.stats()
    const { points, timedPoints } = this.#series
    const ofRun = ({ atOperation }: { readonly atOperation: number }) => atOperation > runFrom
    const [runSeries, runTimedSeries] = [points.filter(ofRun), timedPoints.filter(ofRun)]
    const mergesIntoLastLevel = this.#events.mergesInto(deepestLevel(burst))
    await this.#drain(burst)
    const drained = this.target.stats()
    const deterministic = deterministicOf({
      burst,
      drained,
      driver,
      target: this.target,
      phases: this.#phases,
      series: this.#series,
      events: this.#events,
      peak: this.#peak,
      until:
        until === null ? null : { askedTraceHash: this.#askedTraceHash, outcome: this.#outcome },
    })
    return {
      deterministic: { ...deterministic, answers: this.#answers() },
      timed: { ...this.#timed(times), overhead },
      burst,
      drained,
      runSeries,
      runTimedSeries,
      mergesIntoLastLevel,
    }
  }

  /** Reads the drained tree once more, when all that is counted has been read. */
  #answers(): Answers | null {
    const { answers = null } = this.#parts
    answers?.checkAll(this.target, this.#driver.done)
    return answers?.figures() ?? null
  }

  async #drive(name: 'load' | 'run', stream: OperationStream, pacing?: Pacing): Promise<void> {
    const { records, operations, until = null, onProgress, timer } = this.#parts
    const driver = this.#driver
    const total = records + (until?.operationsMax ?? operations)
    const interval = samplingInterval(records + operations)
    const before = this.target.stats()
    const startNs = timer.elapsedNs()
    const from = driver.done
    driver.beginPhase()
    for (;;) {
      const toSample = interval - (driver.done % interval)
      const toAsked = until === null ? toSample : this.#operationsToAsked(from)
      const limit = Math.min(SLICE_OPERATIONS, toSample, toAsked)
      const stepped = driver.step(stream, limit, this.#times)
      if (stepped === 'ended') break
      const due = driver.done % interval === 0 && driver.done !== this.#sampledAt
      if (due) this.#pauses.reading(() => this.#sample())
      if (name === 'run' && until !== null && this.#hasSettled(from, due)) break
      onProgress(name, driver.done, total)
      await this.#breathe(stepped === 'early' ? pacing : undefined)
    }
    onProgress(name, driver.done, total)
    const seconds = (timer.elapsedNs() - startNs) / 1e9
    this.#endPhase(name, before, seconds, driver.done - from)
  }

  /** How many operations are left of those asked for; beyond them there is no limit. */
  #operationsToAsked(runFrom: number): number {
    const left = runFrom + this.#parts.operations - this.#driver.done
    return left > 0 ? left : Number.POSITIVE_INFINITY
  }

  /** Asked after every step of the run phase; the state is looked at where a sample was taken. */
  #hasSettled(runFrom: number, sampled: boolean): boolean {
    const { operations } = this.#parts
    const done = this.#driver.done - runFrom
    if (done === operations) this.#askedTraceHash = this.#driver.traceHash.digest()
    return sampled && done >= operations && this.#settle(runFrom)
  }

  /** Looks at the state and keeps what it found; true where the run phase is over. */
  #settle(runFrom: number): boolean {
    const { done, liveSizes } = this.#driver
    const stats = this.target.stats()
    const runSeries = this.#series.points.filter(({ atOperation }) => atOperation > runFrom)
    const { steady, why } = steadinessOf({
      userBytes: stats.userBytes,
      liveLogicalBytes: liveSizes.liveBytes,
      runSeries,
      mergesIntoLastLevel: this.#events.mergesInto(deepestLevel(stats)),
    })
    const operations = done - runFrom
    const idle = runSeries[0]?.userBytes === stats.userBytes
    const reason = idle ? 'the run phase writes nothing, so nothing settles' : why
    if (this.#askedTraceHash === '') this.#askedTraceHash = this.#driver.traceHash.digest()
    this.#outcome = { reached: steady, operations, why: reason }
    return steady || (idle && operations >= IDLE_OPERATIONS)
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

  #onEvent(event: TargetEvent): void {
    const { done, liveSizes } = this.#driver
    const place = this.#events.add(event, done)
    const { startNs, endNs } = this.#pauses.jobEnds(event.kind, place, done)
    this.#events.addTime({
      startSeconds: this.#since(startNs),
      wallSeconds: (endNs - startNs) / 1e9,
    })
    if (event.peakPhysicalBytes != null) {
      this.#peak.see(event.peakPhysicalBytes, liveSizes.liveBytes)
    }
  }

  #sample(): void {
    const { done, liveSizes } = this.#driver
    const stats = this.target.stats()
    this.#peak.see(stats.peakPhysicalBytes, liveSizes.liveBytes)
    this.#series.add(done, stats, liveSizes.liveBytes, {
      ...this.#pauses.takeInterval(),
      ...(this.#times?.takeInterval() ?? { p50Us: null, p99Us: null }),
    })
    this.#sampledAt = done
  }

  /** Gives the event loop its turn; `until` the next operation is nearly due where one waits. */
  async #breathe(until?: Pacing): Promise<void> {
    this.#pauses.turnBegins()
    if (until === undefined) await nextTurn()
    else await until.waiting.sleepUntil(this.#driver.dueNs - SPIN_NS)
    this.#pauses.turnEnds()
    if (this.#parts.signal.aborted) throw new Interrupted('interrupted')
  }

  #endPhase(name: PhaseEnd['name'], before: TargetStats, wallSeconds: number, operations: number) {
    const operationsByKind: Record<string, number> = {}
    for (const [kind, count] of this.#driver.counts.entries()) {
      if (count > 0) operationsByKind[OPERATION_KIND_NAMES[kind]!] = count
    }
    const after = this.target.stats()
    this.#phases.push({ name, operationsByKind, operations, before, after, wallSeconds })
  }

  #timed(times: OperationTimes): Omit<Measurement['timed'], 'overhead'> {
    const { load = null } = this.#parts
    const arrivals = times.arrivals()
    const since = (ns: number) => this.#since(ns)
    return {
      phases: this.#phases.map(({ name, wallSeconds, operations }) => {
        const rated = name !== 'drain' && wallSeconds > 0
        return { name, wallSeconds, throughputPerSecond: rated ? operations / wallSeconds : null }
      }),
      arrival: load?.pacing.open === true ? 'open' : 'closed',
      arrivals: load === null || arrivals === null ? null : { ...nameOf(load), ...arrivals },
      ...times.latencies(arrivals?.overloaded === true),
      series: this.#series.timedPoints,
      events: this.#events.times(),
      slowest: this.#pauses.explain(times.slowest(), load !== null, since),
      ...this.#pauses.totals(),
    }
  }

  #since(ns: number): number {
    return Math.max(0, ns - this.#startNs) / 1e9
  }
}

function nameOf({ kind, clients, sustainablePerSecond }: RunLoad) {
  return { kind, clients, sustainablePerSecond }
}
