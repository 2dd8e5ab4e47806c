/**
 * Owns the observation of a strategy while it works: the scores and candidates of its last pick,
 * its scores at the last question for its debt, and the moment a job begins. It passes every
 * question on and changes no answer.
 *
 * Under inline scheduling a job begins when the engine asks for it: a flush with the question for
 * its filter, a compaction with the pick.
 */
import {
  type CompactionSpec,
  type CompactionStrategy,
  checkedPick,
  checkedScores,
  type LevelScore,
  type TreeView,
} from '../../engine/index.ts'
import type { TargetEvent } from '../base/target.ts'

type Observed = Required<Pick<TargetEvent, 'scores' | 'candidates'>>

const FLUSH: Observed = { scores: null, candidates: null }

export class ObservedStrategy {
  /** Stands for the strategy. */
  readonly strategy: CompactionStrategy
  /** What the strategy saw when it asked for the job that runs now. */
  lastPick: Observed = FLUSH
  /** At the last question for its debt. */
  scores: readonly LevelScore[] = []

  constructor(strategy: CompactionStrategy, onJobStart: () => void = () => {}) {
    const { name } = strategy
    const scoresOf = (view: TreeView) => checkedScores(name, strategy.score(view))
    this.strategy = {
      ...strategy,
      pick: (view) => {
        const spec = checkedPick(name, strategy.pick(view), view.memtableBytes)
        if (spec === null) return null
        this.lastPick = { scores: [...scoresOf(view)], candidates: candidatesOf(spec, view) }
        onJobStart()
        return spec
      },
      debtBytes: (view) => {
        this.scores = scoresOf(view)
        return strategy.debtBytes(view)
      },
      flushFilter: (view) => {
        this.lastPick = FLUSH
        onJobStart()
        return strategy.flushFilter(view)
      },
    }
  }
}

/** Runs and tables of the levels taken from. */
function candidatesOf(spec: CompactionSpec, { version }: TreeView): Observed['candidates'] {
  const named = new Set(spec.inputs.map(({ level }) => level))
  const levels = version.levels.filter((_, level) => named.has(level))
  return {
    runs: levels.reduce((sum, { runs }) => sum + runs.length, 0),
    tables: levels.reduce((sum, { totals }) => sum + totals.tables, 0),
  }
}
