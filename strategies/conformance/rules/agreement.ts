/** Owns the rules that the engine, a tree without bytes and the simulator make the same tree. */

import type {
  CompactionSpec,
  CompactionStrategy,
  TreeView,
} from '../../../engine/compaction/strategy.ts'
import { ManualClock, printEdit, type VersionEdit } from '../../../engine/index.ts'
import { levelOf } from '../../../engine/version/level.ts'
import { runOf, tablesOf } from '../../../engine/version/run.ts'
import { type Version, versionOf } from '../../../engine/version/version.ts'
import { ExactSimulator } from '../../simulator/exact-simulator.ts'
import { printCanonical, printCanonicalSpec } from '../canonical.ts'
import { BLOCKS, EngineRun, longKey } from '../engine-run.ts'
import { histories, ownHistories, type Step } from '../history.ts'
import { COSTLY, forAll, type Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'
import {
  apply,
  covered,
  flushInto,
  MEMTABLE_BYTES,
  START_MS,
  startTree,
  type Tree,
  viewOf,
} from '../tree.ts'
import { Violation } from '../violation.ts'
import { first, script } from './answers.ts'

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

export const sameInSimulator: Rule = {
  name: 'same-in-simulator',
  sentence: 'The simulator, which holds keys and no bytes, makes the very edits the engine makes.',
  check: forAll(
    ownHistories,
    (subject, { steps }) => {
      const edits = editsOfEngine(subject, steps)
      const clock = new ManualClock(START_MS)
      let at = 0
      const simulator = new ExactSimulator({
        strategy: subject.create(),
        memtableBytes: MEMTABLE_BYTES,
        blocks: BLOCKS,
        clock,
        retention: subject.retention,
        onEvent: ({ kind, edit }) => {
          const made = textOf(kind, edit)
          const expected = edits[at++] ?? 'rest'
          if (made === expected) return
          const message = `edit ${at} of the simulator is a ${made}\nthe engine's a ${expected}`
          throw new Violation(message, { version: simulator.tree.version })
        },
      })
      for (const step of steps) {
        if (step.kind === 'flush') {
          for (const key of step.puts) simulator.put(longKey(key), 0)
          for (const key of step.deletes) simulator.delete(longKey(key))
        } else if (step.kind === 'wait') clock.advance(step.ms)
        simulator.flush()
      }
      if (at === edits.length) return
      const message = `the simulator rests, the engine makes a ${edits[at]}`
      throw new Violation(message, { version: simulator.tree.version })
    },
    COSTLY,
  ),
}

/** The engine runs first, so that an effect of a strategy's memory on the other run shows. */
function editsOfEngine(subject: Subject, steps: readonly Step[]): readonly string[] {
  const edits: string[] = []
  using engine = new EngineRun(subject.create(), {
    retention: subject.retention,
    weight: 'keys',
    singly: true,
    onEdit: (kind, edit) => edits.push(textOf(kind, edit)),
  })
  for (const step of steps) {
    if (step.kind === 'flush') engine.flush(step.puts, step.deletes)
    else if (step.kind === 'wait') engine.wait(step.ms)
  }
  return edits
}

/** The text of an edit, without the state, which only the engine's edits have. */
function textOf(kind: string, { newRuns, removed, added }: VersionEdit): string {
  return `${kind}\n${printEdit({ newRuns, removed, added })}`
}

/** A tree without bytes that follows the engine's tree. */
class Twin {
  strategy: CompactionStrategy
  tree: Tree
  /** Kept here, because the engine wraps errors that are thrown during a pick. */
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

  /** Called before the engine acts on `spec`. */
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

  /** Everything must be equal but what `withSizes` then takes from the engine. */
  compare(version: Version, spec: CompactionSpec | null): void {
    const [here, there] = [printCanonical(this.tree.version), printCanonical(version)]
    if (here !== there) {
      const message = `the trees differ; the one without bytes is\n${here}\nthe engine's\n${there}`
      throw new Violation(message, { version, spec })
    }
    this.tree = { ...this.tree, version: withSizes(this.tree.version, version) }
  }
}

/**
 * The version with the sizes and filters of the files in `from`, and with its raw bytes, which are
 * as many, divided into keys and values.
 */
function withSizes(version: Version, from: Version): Version {
  return versionOf(
    version.levels.map((level, index) =>
      levelOf(
        level.runs.map((run, at) => {
          const real = [...tablesOf(from.levels[index]!.runs[at]!)]
          const tables = [...tablesOf(run)].map((table, place) => {
            const { bytes, filter, rawKeyBytes, rawValueBytes } = real[place]!
            return { ...table, bytes, filter, rawKeyBytes, rawValueBytes }
          })
          return runOf(run.id, tables)
        }),
      ),
    ),
  )
}
