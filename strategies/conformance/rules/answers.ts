/** Owns the rules that the real engine answers correctly, and the script that it runs. */

import { isDeepStrictEqual } from 'node:util'

import type {
  CompactionSpec,
  CompactionStrategy,
  TreeView,
} from '../../../engine/compaction/strategy.ts'
import type { Snapshot } from '../../../engine/index.ts'
import { EngineRun } from '../engine-run.ts'
import { type History, histories, interleaved, type Step, snapshotHistories } from '../history.ts'
import { COSTLY, forAll, type Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'
import { type Scene, Violation } from '../violation.ts'
import { PREDECESSORS } from '../walk.ts'

/** Steps with the strategy that is in use. The checked strategy begins with a reopening. */
export function* script(
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

export function first(history: History, create: () => CompactionStrategy): CompactionStrategy {
  return history.inherited === null ? create() : PREDECESSORS[history.inherited.from]!()
}

interface Written {
  readonly seq: number
  readonly atMs: number
}

/** The written versions of each key. Only a strategy that may drop can lose some, by age. */
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
    'On the real engine, reopened at any time, whether jobs run at once or end in any order, every ' +
    'answer is the newest one written; a strategy that declares drops loses nothing the retention ' +
    'keeps.',
  check: forAll(
    interleaved(histories),
    (subject, history) => {
      const oracle = new Oracle(subject)
      let scene: Scene = {}
      // A strategy without drops runs under a retention that allows every drop, and must make none.
      const retention = subject.module.drops ? subject.retention : { maxAgeMs: 1, maxBytes: 1 }
      const onPick = ({ version }: TreeView, spec: CompactionSpec | null) => {
        if (spec !== null) scene = { version, spec }
      }
      const create = () => subject.create()
      const { schedule = 'inline', rangeWidth } = history
      const parts = { retention, weight: 'values' as const, onPick, schedule, rangeWidth }
      using engine = new EngineRun(first(history, create), parts)
      for (const [step, strategy] of script(history, create)) {
        runningOn(
          () => scene,
          () => take(engine, step, strategy, oracle, rangeWidth),
        )
        oracle.judge(engine.readAll(), engine.nowMs(), engine.version.totals.bytes, scene)
      }
      runningOn(
        () => scene,
        () => engine.rest(),
      )
      oracle.judge(engine.readAll(), engine.nowMs(), engine.version.totals.bytes, scene)
    },
    COSTLY,
  ),
}

/** Throws a `Violation` if the engine stops in `work`. */
function runningOn(scene: () => Scene, work: () => void): void {
  try {
    work()
  } catch (error) {
    const { message, cause } = error as Error
    const why = cause instanceof Error ? cause.message : message
    throw new Violation(`the engine stops: ${why}`, scene())
  }
}

export const snapshots: Rule = {
  name: 'snapshots',
  sentence: 'It comes to rest while a snapshot stays open, and the snapshot reads as before.',
  check: forAll(
    interleaved(snapshotHistories),
    (subject, history) => {
      const oracle = new Oracle(subject)
      let scene: Scene = {}
      const strategy = subject.create()
      const onPick = ({ version }: TreeView, spec: CompactionSpec | null) => {
        if (spec !== null) scene = { version, spec }
      }
      const { schedule = 'inline', rangeWidth } = history
      const { retention } = subject
      const parts = { retention, weight: 'values' as const, onPick, schedule, rangeWidth }
      using engine = new EngineRun(strategy, parts)
      let snapshot: Snapshot | null = null
      let before: ReadonlyMap<number, number> = new Map()
      for (const step of history.steps) {
        if (step.kind === 'snapshot') {
          before = engine.readAll()
          snapshot = engine.snapshot()
        }
        runningOn(
          () => scene,
          () => take(engine, step, strategy, oracle, rangeWidth),
        )
      }
      if (snapshot === null) return
      runningOn(
        () => scene,
        () => engine.rest(),
      )
      if (isDeepStrictEqual(engine.readAll({ snapshot }), before)) return
      throw new Violation('the snapshot does not read as it did when it was taken', scene)
    },
    COSTLY,
  ),
}

function take(
  engine: EngineRun,
  step: Step,
  strategy: CompactionStrategy,
  { live }: Oracle,
  rangeWidth = 1,
): void {
  switch (step.kind) {
    case 'flush': {
      const seq = engine.lastSeq + 1
      const atMs = engine.nowMs()
      for (const [at, key] of step.puts.entries()) live.set(key, { seq: seq + at, atMs })
      for (const first of step.deletes) {
        for (let key = first; key < first + rangeWidth; key++) live.delete(key)
      }
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
