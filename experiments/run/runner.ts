/**
 * Owns the one loop of a run, for every target: load phase, run phases, drain, and all times. It
 * uses neither folders nor terminals: the caller passes a target that is already open, and the
 * books that read it.
 *
 * A target that answers at once is driven without a promise. Between slices of operations the event
 * loop gets a turn, so that an interrupt is handled and the collector's figures arrive. Clocks,
 * waiting and the collector's reports are injected.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, ManualClock, type StallEvent } from '../../engine/index.ts'
import type { Arrivals, RunResult, Timed } from '../../results/schema.ts'
import { OPERATION_KIND_NAMES, type OperationStream, type Workload } from '../../workloads/index.ts'
import { LOGICAL_START_MS } from '../base/context.ts'
import { Interrupted } from '../base/interrupted.ts'
import type { JobTimes, Target, TargetEvent } from '../base/target.ts'
import type { Pacing } from '../load/pacing.ts'
import { SPIN_NS } from '../load/waiting.ts'
import type { ProcessWatch } from '../machine/process-watch.ts'
import type { AnswerOracle } from '../measure/answer-oracle.ts'
import { BackgroundLog } from '../measure/background-log.ts'
import { countsByKind } from '../measure/figures.ts'
import { createLiveOracle } from '../measure/live-sizes.ts'
import { Pauses } from '../measure/pauses.ts'
import { samplingInterval, TimedSeries } from '../measure/series.ts'
import type { ReadThreads } from '../targets/read-threads.ts'
import type { BackgroundRun } from './background-run.ts'
import { ClientsDriver } from './clients-driver.ts'
import type { Driver } from './driver.ts'
import { OperationDriver } from './operation-driver.ts'
import { OperationTimes } from './operation-times.ts'
import type { PhaseName, RunBooks, RunOutcome } from './run-books.ts'
import { UntilSteady } from './until-steady.ts'

/** Operations between two turns of the event loop: a few milliseconds. */
const SLICE_OPERATIONS = 500

export interface RunnerParts<Open extends Target, Books extends RunBooks> {
  /** Opens the target in a new folder, with the runner's logical time and its two listeners. */
  open(
    clock: Clock,
    onEvent: (event: TargetEvent, job?: JobTimes) => void,
    onJobStart: () => void,
    onStall: (event: StallEvent) => void,
  ): { readonly target: Open; readonly books: Books }
  readonly workload: Workload
  readonly records: number
  readonly operations: number
  /**
   * The single run phase continues beyond `operations` until this state. Left out: it ends there.
   */
  readonly until?: RunResult['config']['until']
  readonly timer: Clock
  readonly signal: AbortSignal
  onProgress(phase: string, done: number, total: number): void
  /** After each slice of operations; the next one waits for it. */
  readonly onSlice?: (() => Promise<void>) | undefined
  /** When operations of the run phase are due. Left out: each when the one before is done. */
  readonly load?: RunLoad | null
  /** Left out: answers are not checked. */
  readonly answers?: AnswerOracle
  /** Left out: jobs run inside the operations that make them due. */
  readonly background?: BackgroundRun | null
  /** Takes what the last calls ask of the modelled device. Left out: there is none. */
  readonly takeWork?: (target: Open) => () => Promise<void>
  /** The threads in which clients of the target read; the caller closes them. Left out: none. */
  readonly readThreadsOf?: (target: Open) => ReadThreads
  /** Left out: collections are not measured. */
  readonly watch?: ProcessWatch
}

export interface RunLoad extends Pick<Arrivals, 'kind' | 'clients' | 'sustainablePerSecond'> {
  readonly pacing: Pacing
}

interface TimedPhase {
  readonly name: PhaseName
  readonly operations: number
  readonly wallSeconds: number
}

/** The target is left open and drained; the caller closes it, also after an error. */
export class Runner<Open extends Target, Books extends RunBooks> {
  readonly target: Open
  readonly books: Books
  readonly #driver: Driver
  readonly #parts: RunnerParts<Open, Books>
  readonly #pauses: Pauses
  readonly #series: TimedSeries
  readonly #phases: TimedPhase[] = []
  readonly #eventTimes: Timed['events'][number][] = []
  readonly #until: UntilSteady | null
  readonly #backgroundLog: BackgroundLog | null
  readonly #startNs: number
  #times: OperationTimes | null = null
  #sampledAt = 0

  constructor(parts: RunnerParts<Open, Books>) {
    const { workload, records, operations, timer, watch = null, answers = null } = parts
    this.#parts = parts
    this.#startNs = timer.elapsedNs()
    this.#series = new TimedSeries(timer)
    this.#pauses = new Pauses(timer, watch)
    const { background = null, takeWork, readThreadsOf } = parts
    const logicalClock = new ManualClock(LOGICAL_START_MS)
    const { target, books } = parts.open(
      background?.clock ?? logicalClock,
      (event, job) => this.#onEvent(event, job ?? null),
      () => this.#pauses.jobBegins(),
      (event) => this.#onStall(event),
    )
    this.target = target
    this.books = books
    const liveSizes = createLiveOracle(workload.keyNumbers ?? 'dense', records + operations)
    const driven = { target, timer, liveSizes, answers }
    this.#backgroundLog = background === null ? null : new BackgroundLog(background.clientsIn)
    this.#driver =
      background === null
        ? new OperationDriver({ ...driven, logicalClock })
        : new ClientsDriver({
            ...driven,
            passage: background.passage,
            takeWork: takeWork === undefined ? null : () => takeWork(target),
            clients: background.clients,
            readThreads: readThreadsOf === undefined ? null : readThreadsOf(target),
          })
    this.#until =
      (parts.until ?? null) === null ? null : new UntilSteady(operations, this.#driver, books)
  }

  async run(): Promise<RunOutcome> {
    const { workload, load = null, answers = null } = this.#parts
    const { books } = this
    const driver = this.#driver
    using times = new OperationTimes({ kinds: OPERATION_KIND_NAMES, pacing: load?.pacing ?? null })
    await this.#drive('load', workload.load)
    const runFrom = driver.done
    this.#times = times
    await driver.beginRun(load?.pacing ?? null)
    for (const { stream } of workload.phases) await this.#drive('run', stream, load?.pacing)
    this.#until?.settle(runFrom)
    const overhead = driver.overhead()
    this.#times = null
    books.readBurst(driver, runFrom)
    await driver.endRun?.()
    await this.#drain()
    books.readDrained(driver)
    // Done last, because it reads the whole tree.
    await answers?.checkAll(this.target, driver.done)
    return {
      driver,
      timed: { ...this.#timed(times), overhead },
      answers: answers?.figures() ?? null,
      runFrom,
      askedTraceHash: this.#until?.askedTraceHash ?? null,
      until: this.#until?.outcome ?? null,
    }
  }

  async #drive(name: 'load' | 'run', stream: OperationStream, pacing?: Pacing): Promise<void> {
    const { records, operations, until: asked = null, onProgress, onSlice, timer } = this.#parts
    const driver = this.#driver
    const until = name === 'run' ? this.#until : null
    const total = records + (asked?.operationsMax ?? operations)
    const interval = samplingInterval(records + operations)
    this.books.phaseBegins()
    const startNs = timer.elapsedNs()
    const from = driver.done
    driver.beginPhase()
    for (;;) {
      const toSample = interval - (driver.done % interval)
      const toAsked = until?.operationsToAsked(from) ?? toSample
      const step = driver.step(stream, Math.min(SLICE_OPERATIONS, toSample, toAsked), this.#times)
      const stepped = step instanceof Promise ? await step : step
      if (onSlice !== undefined) await onSlice()
      if (stepped === 'ended') break
      const due = driver.done % interval === 0 && driver.done !== this.#sampledAt
      if (due) this.#pauses.reading(() => this.#sample())
      if (until?.hasSettled(from, due)) break
      onProgress(name, driver.done, total)
      await this.#breathe(stepped === 'early' ? pacing : undefined)
    }
    onProgress(name, driver.done, total)
    this.#endPhase(name, (timer.elapsedNs() - startNs) / 1e9, driver.done - from)
  }

  async #drain(): Promise<void> {
    const { timer } = this.#parts
    this.#driver.beginPhase()
    this.books.phaseBegins()
    const startNs = timer.elapsedNs()
    await this.target.drain()
    this.#endPhase('drain', (timer.elapsedNs() - startNs) / 1e9, 0)
    this.#sample()
    await this.#breathe()
  }

  #onEvent(event: TargetEvent, job: JobTimes | null): void {
    const place = this.books.addEvent(event, this.#driver)
    const { startNs, endNs } =
      job === null
        ? this.#pauses.jobEnds(event.kind, place, this.#driver.done)
        : this.#jobInstalled(event, place, job)
    if (place === null) return
    const startSeconds = this.#since(startNs)
    this.#eventTimes.push({ startSeconds, wallSeconds: (endNs - startNs) / 1e9 })
  }

  #jobInstalled({ kind }: TargetEvent, place: number | null, job: JobTimes) {
    const startNs = job.startedNs
    const endNs = this.#parts.timer.elapsedNs()
    this.#pauses.jobRan(kind, place, startNs, endNs)
    if (place !== null) this.#backgroundLog!.addJob(job, endNs)
    return { startNs, endNs }
  }

  #onStall(event: StallEvent): void {
    const { groups, delayedMs } = event
    const span = this.#backgroundLog!.addStall(event, this.#parts.timer.elapsedNs())
    this.#pauses.stalled(span.startNs, span.endNs, groups, delayedMs * 1e6)
  }

  #sample(): void {
    const { done } = this.#driver
    const interval = { ...this.#pauses.takeInterval(), ...(this.#times?.takeInterval() ?? UNTIMED) }
    const known = this.books.hearsJobs ? interval : { ...interval, ...STALLS_UNKNOWN }
    this.#series.add(done, known, () => this.books.sample(this.#driver))
    this.#sampledAt = done
  }

  /**
   * Gives the event loop a turn; with a pacing it sleeps until shortly before the next operation is
   * due.
   */
  async #breathe(until?: Pacing): Promise<void> {
    this.#pauses.turnBegins()
    if (until === undefined) await nextTurn()
    else await until.waiting.sleepUntil(this.#driver.dueNs - SPIN_NS)
    this.#pauses.turnEnds()
    if (this.#parts.signal.aborted) throw new Interrupted('interrupted')
  }

  #endPhase(name: PhaseName, wallSeconds: number, operations: number): void {
    this.#phases.push({ name, operations, wallSeconds })
    this.books.phaseEnds(name, countsByKind(this.#driver.counts))
  }

  #timed(times: OperationTimes): Omit<RunOutcome['timed'], 'overhead'> {
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
      series: this.#series.points,
      events: this.#eventTimes,
      ...(this.#backgroundLog !== null && { background: this.#backgroundLog.figures(since) }),
      slowest: this.#pauses.explain(times.slowest(), load !== null, since),
      ...this.#pauses.totals(),
    }
  }

  #since(ns: number): number {
    return Math.max(0, ns - this.#startNs) / 1e9
  }
}

const UNTIMED = { p50Us: null, p99Us: null }
const STALLS_UNKNOWN = { stallSeconds: null, stalledOperations: null }

function nameOf({ kind, clients, sustainablePerSecond }: RunLoad) {
  return { kind, clients, sustainablePerSecond }
}
