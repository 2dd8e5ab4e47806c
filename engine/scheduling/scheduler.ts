/**
 * Owns the order of background work, for the engine and for the simulator: which flushes and
 * compactions run, and when their outcomes are installed. The tree (`ScheduledTree`) plans and
 * installs jobs, an executor behind the tree runs them, and a policy divides the workers and the
 * bandwidth.
 *
 * Invariants:
 * - A pick that is in the way of a running job is not an error. It waits, and nothing is lost.
 * - Flushes are installed in the order in which they were queued. Compactions are installed when
 *   they end; reservations make every order right. A job keeps its reservation until its install
 *   has ended.
 * - A strategy's state advances at the pick. The state that is stored with an edit is that of the
 *   longest series of picks, from the first on, whose jobs are all installed. So the stored state
 *   never runs ahead of the tree, and never goes back.
 * - After the first failure nothing is picked, started or installed.
 */

import type { Clock } from '../base/clock.ts'
import type { Json } from '../base/json.ts'
import { ProgressGuard } from '../compaction/progress-guard.ts'
import type { CompactionSpec, CompactionStrategy, TreeView } from '../compaction/strategy.ts'
import type { Version } from '../version/version.ts'
import type { VersionEdit } from '../version/version-edit.ts'
import type { JobEnded } from './job-order.ts'

/** When a job was queued and when it started, ms of the injected clock. */
export interface JobTimes {
  /** Ascends in the order in which memtables were frozen and compactions picked. */
  readonly id: number
  readonly queuedAtMs: number
  readonly startedAtMs: number
}

/** Called with the edit that made an outcome part of the tree, or with the failure. */
export type InstallEnded = (result: VersionEdit | Error) => void

/** The tree that a scheduler works for. */
export interface ScheduledTree<Flush, Plan, Outcome> {
  readonly version: Version
  view(state: Json, inProgress: readonly CompactionSpec[]): TreeView
  /**
   * The plan of a spec that may start now; null while a running job is in its way. Throws
   * `LSM_UNSAFE_COMPACTION` for a spec that no tree like this may run.
   */
  plan(spec: CompactionSpec, running: readonly Plan[]): Plan | null
  /** The spec of a running plan, as it reads in the current version. */
  specOf(plan: Plan): CompactionSpec
  startFlush(flush: Flush, view: TreeView, id: number, ended: JobEnded<Outcome>): void
  startCompaction(plan: Plan, id: number, ended: JobEnded<Outcome>): void
  /**
   * Each makes the outcome part of the tree and calls `installed` once, before it returns or later.
   * Installs end in the order of these calls, and each before the next begins.
   */
  installFlush(flush: Flush, outcome: Outcome, times: JobTimes, installed: InstallEnded): void
  /**
   * `state` is called when this install begins: the strategy's state to store with the edit;
   * undefined: it stays as it is.
   */
  installCompaction(
    plan: Plan,
    outcome: Outcome,
    state: () => Json | undefined,
    times: JobTimes,
    installed: InstallEnded,
  ): void
}

export interface SchedulerParts<Flush, Plan, Outcome> {
  readonly tree: ScheduledTree<Flush, Plan, Outcome>
  /** Guarded: the form of its answers is checked. */
  readonly strategy: CompactionStrategy
  /** The strategy's stored state. */
  readonly state: Json
  readonly clock: Clock
  /** At most this many compactions are picked and not yet installed. */
  readonly compactionsMax: number
  /** Blocks until a running job has ended. */
  readonly wait: () => void
  /**
   * Called when a job ended or was installed while nobody waited in `schedule`, `rest` or `settle`.
   */
  readonly onEnded: () => void
}

interface Job<Outcome> {
  readonly id: number
  readonly queuedAtMs: number
  startedAtMs: number | null
  /** Null while it runs. */
  outcome: Outcome | null
  /** Its install waits or is under way. */
  isInstalling: boolean
}

interface FlushJob<Flush, Outcome> extends Job<Outcome> {
  readonly flush: Flush
}

interface CompactionJob<Plan, Outcome> extends Job<Outcome> {
  readonly plan: Plan
  readonly nextState: Json
  isInstalled: boolean
}

export class Scheduler<Flush, Plan, Outcome> {
  readonly #parts: SchedulerParts<Flush, Plan, Outcome>
  readonly #guard = new ProgressGuard()
  /** Not installed yet, in the order in which they were queued. */
  readonly #flushes: FlushJob<Flush, Outcome>[] = []
  /** In the order of picks; the first is not installed yet. */
  readonly #compactions: CompactionJob<Plan, Outcome>[] = []
  /** The strategy's state after the last pick. */
  #state: Json
  #nextId = 1
  #failure: { readonly cause: unknown } | null = null
  /** Somebody waits in a call of this object and will go on by itself. */
  #isAttended = false

  constructor(parts: SchedulerParts<Flush, Plan, Outcome>) {
    this.#parts = parts
    this.#state = parts.state
  }

  /** The view that the strategy gets. */
  view(): TreeView {
    const { tree } = this.#parts
    const specs = this.#running.map(({ plan }) => tree.specOf(plan))
    return tree.view(this.#state, specs)
  }

  /** Whether nothing is queued or running. */
  get isIdle(): boolean {
    return this.#flushes.length === 0 && this.#compactions.length === 0
  }

  /** Flushes and compactions that will still be installed; none after a failure. */
  get jobs(): number {
    return this.#failure === null ? this.#flushes.length + this.#running.length : 0
  }

  /** Queues a flush and starts it as soon as it may start. Throws the first failure. */
  flush(flush: Flush): void {
    this.#attend(() => {
      const job = { ...this.#newJob(), flush }
      this.#flushes.push(job)
      this.#startFlush(job)
    })
  }

  /** Starts all that is due and may start now. Throws the first failure. */
  schedule(): void {
    this.#attend(() => this.#pickAll())
  }

  /** Blocks until nothing is due and nothing runs. Throws the first failure. */
  rest(): void {
    this.#attend(() => {
      for (;;) {
        this.#pickAll()
        if (this.isIdle) return
        this.#wait()
      }
    })
  }

  /** Blocks until all queued flushes are installed. Throws the first failure. */
  settleFlushes(): void {
    this.#attend(() => {
      while (this.#flushes.length > 0) this.#wait()
    })
  }

  /** Blocks until what is queued and running is installed. Throws the first failure. */
  settle(): void {
    this.#attend(() => {
      while (!this.isIdle) this.#wait()
    })
  }

  /**
   * Blocks until nothing runs, then runs the compaction that `specOf` makes for the tree of that
   * moment, if it makes one, and blocks until it is installed. Throws the first failure.
   */
  compact(specOf: (view: TreeView) => CompactionSpec | null): void {
    const { tree, clock } = this.#parts
    this.#attend(() => {
      while (!this.isIdle) this.#wait()
      this.#guard.begin(clock.nowMs())
      const spec = specOf(this.view())
      if (spec === null) return
      this.#begin(tree.plan(spec, [])!, spec.nextState)
      while (!this.isIdle) this.#wait()
    })
  }

  get #running(): readonly CompactionJob<Plan, Outcome>[] {
    return this.#compactions.filter((job) => !job.isInstalled)
  }

  #pickAll(): void {
    const { tree, strategy, clock, compactionsMax } = this.#parts
    if (this.#compactions.length === 0) this.#guard.begin(clock.nowMs())
    for (;;) {
      const running = this.#running
      if (running.length >= compactionsMax) return
      const spec = strategy.pick(this.view())
      if (spec === null) return
      const plans = running.map(({ plan }) => plan)
      const plan = tree.plan(spec, plans)
      if (plan === null) return
      this.#begin(plan, spec.nextState)
    }
  }

  #begin(plan: Plan, nextState: Json): void {
    this.#state = nextState
    const job = { ...this.#newJob(), plan, nextState, isInstalled: false }
    this.#compactions.push(job)
    this.#startCompaction(job)
    this.#throwFailure()
  }

  #newJob(): Job<Outcome> {
    const queuedAtMs = this.#parts.clock.nowMs()
    return { id: this.#nextId++, queuedAtMs, startedAtMs: null, outcome: null, isInstalling: false }
  }

  #startFlush(job: FlushJob<Flush, Outcome>): void {
    const { tree, clock } = this.#parts
    job.startedAtMs = clock.nowMs()
    tree.startFlush(job.flush, this.view(), job.id, (result) => {
      this.#end(job, result, () => this.#installFlushes())
    })
  }

  #startCompaction(job: CompactionJob<Plan, Outcome>): void {
    const { tree, clock } = this.#parts
    job.startedAtMs = clock.nowMs()
    tree.startCompaction(job.plan, job.id, (result) => {
      this.#end(job, result, () => this.#installCompaction(job))
    })
  }

  #end(job: Job<Outcome>, result: Outcome | Error, install: () => void): void {
    // The database is read-only after a failure. What was written is left to the next recovery.
    if (this.#failure !== null) return
    this.#whileAttended(() => {
      if (result instanceof Error) throw result
      job.outcome = result
      install()
    })
    // While it is being installed, nothing has changed yet.
    if (!this.#isAttended && !(job.isInstalling && this.#failure === null)) this.#parts.onEnded()
  }

  /** An install has ended; `note` takes the job off the books. */
  #installed(
    job: Job<Outcome>,
    result: VersionEdit | Error,
    note: (edit: VersionEdit) => void,
  ): void {
    if (this.#failure !== null) return
    job.isInstalling = false
    this.#whileAttended(() => {
      if (result instanceof Error) throw result
      note(result)
    })
    if (!this.#isAttended) this.#parts.onEnded()
  }

  /** Installs the flushes that have ended, up to the first that still runs. */
  #installFlushes(): void {
    const { tree, clock } = this.#parts
    for (;;) {
      const job = this.#flushes.find(({ isInstalling }) => !isInstalling)
      if (job === undefined || job.outcome === null || this.#failure !== null) return
      job.isInstalling = true
      tree.installFlush(job.flush, job.outcome, timesOf(job), (result) => {
        this.#installed(job, result, () => {
          this.#flushes.shift()
          this.#guard.begin(clock.nowMs())
        })
      })
    }
  }

  #installCompaction(job: CompactionJob<Plan, Outcome>): void {
    const { tree } = this.#parts
    const state = () => this.#stateAfter(job)
    job.isInstalling = true
    tree.installCompaction(job.plan, job.outcome!, state, timesOf(job), (result) => {
      this.#installed(job, result, (edit) => {
        job.isInstalled = true
        while (this.#compactions[0]?.isInstalled) this.#compactions.shift()
        this.#guard.note(edit, tree.version, this.#state)
      })
    })
  }

  /** The state to store with the job's edit; undefined while an earlier pick is not installed. */
  #stateAfter(job: CompactionJob<Plan, Outcome>): Json | undefined {
    if (job !== this.#compactions[0]) return undefined
    let last = job
    for (const next of this.#compactions.slice(1)) {
      if (!next.isInstalled) break
      last = next
    }
    return last.nextState
  }

  #wait(): void {
    this.#parts.wait()
    this.#throwFailure()
  }

  #attend(work: () => void): void {
    this.#throwFailure()
    this.#whileAttended(work)
    this.#throwFailure()
  }

  /** Keeps the failure of `work`, instead of throwing it. */
  #whileAttended(work: () => void): void {
    const wasAttended = this.#isAttended
    this.#isAttended = true
    try {
      work()
    } catch (cause) {
      this.#failure ??= { cause }
    } finally {
      this.#isAttended = wasAttended
    }
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.cause
  }
}

function timesOf({ id, queuedAtMs, startedAtMs }: Job<unknown>): JobTimes {
  return { id, queuedAtMs, startedAtMs: startedAtMs ?? queuedAtMs }
}
