/** Owns the rules on the real engine: it answers right, and makes of each pick what a tree does. */

import type {
  CompactionSpec,
  CompactionStrategy,
  TreeView,
} from '../../../engine/compaction/strategy.ts'
import { levelOf } from '../../../engine/version/level.ts'
import { runOf, tablesOf } from '../../../engine/version/run.ts'
import { type Version, versionOf } from '../../../engine/version/version.ts'
import { printCanonical, printCanonicalSpec } from '../canonical.ts'
import { EngineRun } from '../engine-run.ts'
import { type History, histories, type Step } from '../history.ts'
import { COSTLY, forAll, type Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'
import { apply, covered, flushInto, startTree, type Tree, viewOf } from '../tree.ts'
import { type Scene, Violation } from '../violation.ts'
import { PREDECESSORS } from '../walk.ts'

/** Steps with the strategy they are taken under; the checked one begins with a reopening. */
function* script(
  { inherited, steps }: History,
  create: () => CompactionStrategy,
): Generator<readonly [Step, CompactionStrategy]> {
  if (inherited !== null) {
    const predecessor = PREDECESSORS[inherited.from]!()
    for (const step of inherited.steps) yield [step, predecessor]
    yield [{ kind: 'reopen' }, create()]
  }
  const strategy = create()
  for (const step of steps) yield [step, strategy]
}

function first(history: History, create: () => CompactionStrategy): CompactionStrategy {
  return history.inherited === null ? create() : PREDECESSORS[history.inherited.from]!()
}

interface Written {
  readonly seq: number
  readonly atMs: number
}

/** What was written of each key; only a strategy that may drop can lose some of it, by age. */
class Oracle {
  readonly live = new Map<number, Written>()
  readonly #subject: Subject

  constructor(subject: Subject) {
    this.#subject = subject
  }

  judge(found: ReadonlyMap<number, number>, nowMs: number, treeBytes: number, scene: Scene): void {
    const { drops } = this.#subject.module
    const { maxAgeMs, maxBytes } = this.#subject.retention
    for (const [key, seq] of found) {
      const known = this.live.get(key)
      if (known?.seq === seq) continue
      const expected = known === undefined ? 'deleted or dropped' : `seq ${known.seq}`
      throw new Violation(`the engine reads key ${key} as seq ${seq}; it is ${expected}`, scene)
    }
    for (const [key, { seq, atMs }] of this.live) {
      if (found.has(key)) continue
      const expired = maxAgeMs !== null && nowMs - atMs > maxAgeMs
      const surplus = maxBytes !== null && treeBytes > maxBytes / 2
      if (!drops || !(expired || surplus)) {
        throw new Violation(`the engine has lost key ${key}, written as seq ${seq}`, scene)
      }
      this.live.delete(key)
    }
  }
}

export const answers: Rule = {
  name: 'answers',
  sentence:
    'On the real engine, reopened at any time, every answer is the newest one written; a ' +
    'strategy that declares drops loses nothing the retention keeps.',
  check: forAll(
    histories,
    (subject, history) => {
      const oracle = new Oracle(subject)
      let scene: Scene = {}
      // Its owner agrees to lose everything; a strategy that declares no drops takes none of it.
      const retention = subject.module.drops ? subject.retention : { maxAgeMs: 1, maxBytes: 1 }
      const onPick = ({ version }: TreeView, spec: CompactionSpec | null) => {
        if (spec !== null) scene = { version, spec }
      }
      const create = () => subject.create()
      const parts = { retention, weight: 'values' as const, onPick }
      using engine = new EngineRun(first(history, create), parts)
      for (const [step, strategy] of script(history, create)) {
        try {
          take(engine, step, strategy, oracle)
        } catch (error) {
          const { message, cause } = error as Error
          const why = cause instanceof Error ? cause.message : message
          throw new Violation(`the engine stops: ${why}`, scene)
        }
        oracle.judge(engine.readAll(), engine.nowMs(), engine.version.totals.bytes, scene)
      }
    },
    COSTLY,
  ),
}

function take(engine: EngineRun, step: Step, strategy: CompactionStrategy, { live }: Oracle): void {
  switch (step.kind) {
    case 'flush': {
      const seq = engine.lastSeq + 1
      const atMs = engine.nowMs()
      for (const [at, key] of step.puts.entries()) live.set(key, { seq: seq + at, atMs })
      for (const key of step.deletes) live.delete(key)
      engine.flush(step.puts, step.deletes)
      break
    }
    case 'wait':
      engine.wait(step.ms)
      break
    case 'reopen':
      engine.reopen(strategy)
      break
  }
}

export const sameEverywhere: Rule = {
  name: 'same-everywhere',
  sentence:
    'It picks the same in the engine as on a tree without bytes, and both trees agree after ' +
    'every edit.',
  check: forAll(
    histories,
    (subject, history) => {
      const create = () => subject.create()
      const twin = new Twin(first(history, create))
      const onPick = (view: TreeView, spec: CompactionSpec | null) => twin.follow(view, spec)
      const parts = { retention: subject.retention, weight: 'keys' as const, onPick }
      using engine = new EngineRun(twin.strategy, parts)
      for (const [step, strategy] of script(history, create)) {
        const deletes = step.kind === 'flush' ? covered(twin.tree.version, step.deletes) : []
        twin.take(step, deletes, strategy)
        try {
          if (step.kind === 'flush') engine.flush(step.puts, deletes)
          else if (step.kind === 'wait') engine.wait(step.ms)
          else if (step.kind === 'reopen') engine.reopen(strategy)
        } catch (error) {
          if (twin.found !== null) throw twin.found
          throw error
        }
        twin.compare(engine.version, null)
      }
    },
    COSTLY,
  ),
}

/** The tree without bytes that goes along with an engine's. */
class Twin {
  strategy: CompactionStrategy
  tree: Tree
  /** The engine wraps what is thrown while it picks. */
  found: Violation | null = null

  constructor(strategy: CompactionStrategy) {
    this.strategy = strategy
    this.tree = startTree(strategy)
  }

  take(step: Step, deletes: readonly number[], strategy: CompactionStrategy): void {
    if (strategy.name !== this.strategy.name) {
      this.tree = { ...this.tree, state: strategy.initialState }
    }
    this.strategy = strategy
    if (step.kind === 'wait') this.tree = { ...this.tree, nowMs: this.tree.nowMs + step.ms }
    if (step.kind === 'flush') this.tree = flushInto(this.tree, { puts: step.puts, deletes })
  }

  /** The engine is about to act on `spec`. */
  follow(view: TreeView, spec: CompactionSpec | null): void {
    try {
      this.compare(view.version, spec)
      const own = this.strategy.pick(viewOf(this.tree))
      const [here, there] = [
        printCanonicalSpec(this.tree.version, own),
        printCanonicalSpec(view.version, spec),
      ]
      if (here !== there) {
        const message = `on a tree without bytes it picks ${here}, in the engine ${there}`
        throw new Violation(message, { version: view.version, spec })
      }
      if (own !== null) this.tree = apply(this.tree, own)
    } catch (error) {
      this.found ??= error instanceof Violation ? error : new Violation(String(error))
      throw error
    }
  }

  /** Sizes of files and filters are the engine's to know; all else must agree. */
  compare(version: Version, spec: CompactionSpec | null): void {
    const [here, there] = [printCanonical(this.tree.version), printCanonical(version)]
    if (here !== there) {
      const message = `the trees differ; the one without bytes is\n${here}\nthe engine's\n${there}`
      throw new Violation(message, { version, spec })
    }
    this.tree = { ...this.tree, version: withSizes(this.tree.version, version) }
  }
}

/** Takes over what only files have: their sizes and filters. */
function withSizes(version: Version, from: Version): Version {
  return versionOf(
    version.levels.map((level, index) =>
      levelOf(
        level.runs.map((run, at) => {
          const real = [...tablesOf(from.levels[index]!.runs[at]!)]
          const tables = [...tablesOf(run)].map((table, place) => {
            const { bytes, filter } = real[place]!
            return { ...table, bytes, filter }
          })
          return runOf(run.id, tables)
        }),
      ),
    ),
  )
}
