/**
 * Owns walking through a history on a tree without bytes, as the engine would: inline (the tree
 * comes to rest after each flush), or with jobs in flight. A rule can look at every pick, edit and
 * rest.
 *
 * Invariant: a walk ends at the first spec that the engine would refuse, because later steps would
 * say nothing about the other rules. A `heedless` walk goes on.
 */

import { isLsmError } from '../../engine/base/errors.ts'
import type { Json } from '../../engine/base/json.ts'
import { resolveSpec } from '../../engine/compaction/resolved-spec.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { type ValidationContext, validateSpec } from '../../engine/compaction/validate-spec.ts'
import { type PinnedSpec, pinSpec, specNow } from '../../engine/scheduling/pinned-spec.ts'
import { conflictOf } from '../../engine/scheduling/reservations.ts'
import { leveling } from '../whole-levels/leveling.ts'
import { tiering } from '../whole-levels/tiering.ts'
import { deepening } from './deepening.ts'
import type { History, Step } from './history.ts'
import type { Subject } from './subject.ts'
import { apply, covered, flushInto, startTree, type Tree, viewOf } from './tree.ts'

export interface Moment {
  /** pick: `spec` was chosen. install: its job has ended. edit: it is part of the tree. */
  readonly at: 'pick' | 'install' | 'edit' | 'rest' | 'endless'
  readonly strategy: CompactionStrategy
  readonly tree: Tree
  readonly view: TreeView
  readonly running: readonly CompactionSpec[]
  readonly spec: CompactionSpec | null
  /** The engine's reason why the pick must wait for a running job; null or missing: it need not. */
  readonly waits?: string | null
  /** The newest seq of every live key. */
  readonly newest: ReadonlyMap<number, number>
  /** Number of picks since the last flush or wait. */
  readonly picks: number
}

/** More picks after one flush than any strategy needs for a few hundred entries. */
const PICKS_MAX = 600

/** Strategies whose trees the checked one may inherit. */
export const PREDECESSORS: readonly (() => CompactionStrategy)[] = [
  () => leveling.create({ T: 2 }),
  () => tiering.create({ T: 3 }),
  deepening,
]

export interface WalkOptions {
  readonly heedless?: boolean
}

export function* inlineWalk(
  subject: Subject,
  history: History,
  { heedless = false }: WalkOptions = {},
): Generator<Moment, void, undefined> {
  const walk = new Walk(subject, history)
  for (const step of history.steps) {
    walk.take(step)
    if (!(yield* rest(walk, heedless))) return
  }
}

/**
 * Walks with jobs in progress, as the engine's scheduler runs them: a pick that a job is in the way
 * of waits, and the strategy's state advances at the pick. A reopening loses the jobs, and the
 * state goes back to that of the longest series of picks whose jobs are installed. At the end all
 * jobs end, and the tree comes to rest.
 */
export function* busyWalk(subject: Subject, history: History): Generator<Moment, void, undefined> {
  const walk = new Walk(subject, history)
  const { jobsMax = 1 } = history
  for (const step of history.steps) {
    if (step.kind === 'start') {
      if (walk.jobs.length === jobsMax) continue
      const spec = walk.pick()
      const conflict = spec === null ? null : walk.conflict(spec)
      yield { ...walk.moment('pick', spec), waits: conflict }
      if (spec === null || conflict !== null) continue
      if (refusal(walk.context(), spec) !== null) return
      walk.start(spec)
    } else if (step.kind === 'finish') {
      if (walk.jobs.length > 0 && !(yield* install(walk, step.which))) return
    } else if (step.kind === 'reopen') walk.lose()
    else walk.take(step)
  }
  for (let turn = 0; walk.jobs.length > 0; turn++) if (!(yield* install(walk, turn))) return
  yield* rest(walk, false)
}

/** False if the walk cannot go on. */
function* install(walk: Walk, which: number): Generator<Moment, boolean, undefined> {
  const spec = walk.end(which)
  yield walk.moment('install', spec)
  if (refusal(walk.context(), spec) !== null || !walk.edit(spec, walk.tree.state)) return false
  yield walk.moment('edit', spec)
  return true
}

/** Compacts until nothing is due. False if the walk cannot go on. */
function* rest(walk: Walk, heedless: boolean): Generator<Moment, boolean, undefined> {
  for (;;) {
    const spec = walk.pick()
    yield walk.moment('pick', spec)
    if (spec === null) break
    if (refusal(walk.context(), spec) !== null && !heedless) return false
    if (!walk.edit(spec, spec.nextState)) return false
    yield walk.moment('edit', spec)
    if (walk.picks > PICKS_MAX) {
      yield walk.moment('endless', spec)
      return false
    }
  }
  yield walk.moment('rest', null)
  return true
}

/** The engine's message if it refuses the spec, else null. */
export function refusal(context: ValidationContext, spec: CompactionSpec): string | null {
  try {
    validateSpec(context, spec)
    return null
  } catch (error) {
    if (isLsmError(error, 'LSM_UNSAFE_COMPACTION')) return error.message
    throw error
  }
}

/** The state of a walk; the functions above decide its steps. */
class Walk {
  readonly #subject: Subject
  readonly #strategy: CompactionStrategy
  readonly #newest = new Map<number, number>()
  /** Tables with smaller ids existed before the last flush, and count as read. */
  #readBelow = 0
  /** Picks from the oldest on whose job is not installed, in their order; others may be. */
  #picked: Job[] = []
  /** The strategy's state that a reopening brings back. */
  #stored: Json
  tree: Tree
  picks = 0

  constructor(subject: Subject, { inherited }: History) {
    this.#subject = subject
    this.#strategy = subject.create()
    this.tree = startTree(this.#strategy)
    this.#stored = this.tree.state
    if (inherited === null) return
    const predecessor = PREDECESSORS[inherited.from]!()
    for (const step of inherited.steps) {
      this.take(step)
      for (let picks = 0; picks < PICKS_MAX; picks++) {
        const spec = predecessor.pick(viewOf(this.tree))
        if (spec === null) break
        this.tree = apply(this.tree, spec)
      }
    }
    this.tree = { ...this.tree, state: this.#strategy.initialState }
  }

  take(step: Step): void {
    this.picks = 0
    this.#readBelow = this.tree.nextTable
    if (step.kind === 'wait') this.tree = { ...this.tree, nowMs: this.tree.nowMs + step.ms }
    if (step.kind !== 'flush') return
    const deletes = covered(this.tree.version, step.deletes)
    for (const [at, key] of step.puts.entries()) this.#newest.set(key, this.tree.nextSeq + at)
    for (const key of step.deletes) this.#newest.delete(key)
    this.tree = flushInto(this.tree, { puts: step.puts, deletes })
  }

  pick(): CompactionSpec | null {
    this.picks++
    return this.#strategy.pick(this.view())
  }

  get jobs(): readonly Job[] {
    return this.#picked.filter(({ isInstalled }) => !isInstalled)
  }

  /** The specs of the jobs, as they read in the tree of now. */
  get running(): readonly CompactionSpec[] {
    return this.jobs.map(({ pinned }) => specNow(this.tree.version, pinned))
  }

  /** The engine's reason why the spec must wait; null also if it refuses it. */
  conflict(spec: CompactionSpec): string | null {
    const running = this.jobs.map(({ pinned }) => pinned)
    if (running.length === 0 || refusal(this.context(), spec) !== null) return null
    const { version } = this.tree
    return (
      conflictOf(version, pinSpec(version, resolveSpec(version, spec)), running)?.message ?? null
    )
  }

  start(spec: CompactionSpec): void {
    const { version } = this.tree
    const pinned = pinSpec(version, resolveSpec(version, spec))
    this.#picked.push({ pinned, isInstalled: false })
    this.tree = { ...this.tree, state: spec.nextState }
  }

  /** Ends a job, whose spec it returns. */
  end(which: number): CompactionSpec {
    const job = this.jobs[which % this.jobs.length]!
    job.isInstalled = true
    while (this.#picked[0]?.isInstalled) this.#stored = this.#picked.shift()!.pinned.spec.nextState
    return specNow(this.tree.version, job.pinned)
  }

  /** Loses the running jobs, as a crash does. */
  lose(): void {
    this.#picked = []
    this.tree = { ...this.tree, state: this.#stored }
  }

  /** False if the tree cannot execute the spec. */
  edit(spec: CompactionSpec, state: Json): boolean {
    try {
      this.tree = { ...apply(this.tree, spec), state }
      return true
    } catch {
      return false
    }
  }

  view(): TreeView {
    const readBelow = this.#readBelow
    const reads = (id: number) => (id < readBelow ? (id * 37) % 101 : 0)
    return { ...viewOf(this.tree, this.running), tableStats: (id) => ({ reads: reads(id) }) }
  }

  context(): ValidationContext {
    const { version, nowMs } = this.tree
    return { version, inProgress: this.running, retention: this.#subject.retention, nowMs }
  }

  moment(at: Moment['at'], spec: CompactionSpec | null): Moment {
    const { tree, running, picks } = this
    const fixed = { strategy: this.#strategy, newest: this.#newest }
    return { at, tree, view: this.view(), running, spec, picks, ...fixed }
  }
}

interface Job {
  readonly pinned: PinnedSpec
  isInstalled: boolean
}
