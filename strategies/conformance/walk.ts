/**
 * Owns walking through a history on a tree without bytes, as the engine would: inline (the tree
 * comes to rest after each flush), or with jobs in flight. A rule can look at every pick, edit and
 * rest.
 *
 * Invariant: a walk ends at the first spec that the engine would refuse, because later steps would
 * say nothing about the other rules. A `heedless` walk goes on.
 */

import { isLsmError } from '../../engine/base/errors.ts'
import { resolveSpec } from '../../engine/compaction/resolved-spec.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { type ValidationContext, validateSpec } from '../../engine/compaction/validate-spec.ts'
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
  /** Tables that the spec named when it was picked. */
  readonly inputs: readonly number[]
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
    for (;;) {
      const spec = walk.pick()
      yield walk.moment('pick', spec)
      if (spec === null) break
      if (refusal(walk.context(), spec) !== null && !heedless) return
      if (!walk.edit(spec)) return
      yield walk.moment('edit', spec)
      if (walk.picks > PICKS_MAX) {
        yield walk.moment('endless', spec)
        return
      }
    }
    yield walk.moment('rest', null)
  }
}

export function* busyWalk(subject: Subject, history: History): Generator<Moment, void, undefined> {
  const walk = new Walk(subject, history)
  let jobs: { readonly spec: CompactionSpec; readonly inputs: readonly number[] }[] = []
  for (const step of history.steps) {
    if (step.kind === 'start') {
      const spec = walk.pick()
      yield walk.moment('pick', spec)
      if (spec === null) continue
      if (refusal(walk.context(), spec) !== null) return
      jobs = [...jobs, { spec, inputs: inputIds(walk.tree, spec) }]
    } else if (step.kind === 'finish') {
      const job = jobs[step.which % Math.max(jobs.length, 1)]
      if (job === undefined) continue
      jobs = jobs.filter((other) => other !== job)
      walk.running = jobs.map(({ spec }) => spec)
      yield walk.moment('install', job.spec, job.inputs)
      if (refusal(walk.context(), job.spec) !== null || !walk.edit(job.spec)) return
      yield walk.moment('edit', job.spec)
    } else walk.take(step)
    walk.running = jobs.map(({ spec }) => spec)
  }
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

/** Ids of the tables that the spec names; none if it names something that does not exist. */
export function inputIds({ version }: Pick<Tree, 'version'>, spec: CompactionSpec): number[] {
  try {
    return [...resolveSpec(version, spec).inputIds]
  } catch {
    return []
  }
}

/** The state of a walk; the functions above decide its steps. */
class Walk {
  readonly #subject: Subject
  readonly #strategy: CompactionStrategy
  readonly #newest = new Map<number, number>()
  /** Tables with smaller ids existed before the last flush, and count as read. */
  #readBelow = 0
  tree: Tree
  running: readonly CompactionSpec[] = []
  picks = 0

  constructor(subject: Subject, { inherited }: History) {
    this.#subject = subject
    this.#strategy = subject.create()
    this.tree = startTree(this.#strategy)
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

  /** False if the tree cannot execute the spec. */
  edit(spec: CompactionSpec): boolean {
    try {
      this.tree = apply(this.tree, spec)
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

  moment(at: Moment['at'], spec: CompactionSpec | null, inputs: readonly number[] = []): Moment {
    const { tree, running, picks } = this
    const fixed = { strategy: this.#strategy, newest: this.#newest }
    return { at, tree, view: this.view(), running, spec, inputs, picks, ...fixed }
  }
}
