/**
 * Owns the observation of a strategy while it works: the scores and candidates of its last pick,
 * its scores when its debt was last asked for, and the moment a job begins. It passes every
 * question on and changes no answer.
 *
 * Under inline scheduling a job begins when the engine asks for it: a flush when it asks for the
 * filter, a compaction when it asks for the pick.
 */
import {
  type CompactionSpec,
  type CompactionStrategy,
  checkedScores,
  type LevelScore,
  type TreeView,
} from '../../engine/index.ts'
import type { TargetEvent } from '../base/target.ts'

type Observed = Required<Pick<TargetEvent, 'scores' | 'candidates'>>

const FLUSH: Observed = { scores: null, candidates: null }

export class ObservedStrategy {
  /** Passed to the engine in place of the strategy. */
  readonly strategy: CompactionStrategy
  /** What the strategy saw when it picked the job that runs now. */
  lastPick: Observed = FLUSH
  /** Scores when the debt was last asked for. */
  scores: readonly LevelScore[] = []

  constructor(strategy: CompactionStrategy, onJobStart: () => void = () => {}) {
    const { name } = strategy
    const scoresOf = (view: TreeView) => checkedScores(name, strategy.score(view))
    this.strategy = {
      ...strategy,
      pick: (view) => {
        const spec = strategy.pick(view)
        if (spec === null) return null
        this.lastPick = seenAtPick(() => scoresOf(view), spec, view)
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

/**
 * Worked out when first read, since a log of events keeps only the first ones. By then the engine
 * has accepted the spec.
 */
function seenAtPick(
  scoresOf: () => readonly LevelScore[],
  spec: CompactionSpec,
  view: TreeView,
): Observed {
  let scores: Observed['scores'] = null
  let candidates: Observed['candidates'] = null
  return {
    get scores() {
      scores ??= [...scoresOf()]
      return scores
    },
    get candidates() {
      candidates ??= candidatesOf(spec, view)
      return candidates
    },
  }
}

/** Runs and tables of the input levels. */
function candidatesOf(spec: CompactionSpec, { version }: TreeView): Observed['candidates'] {
  const named = new Set(spec.inputs.map(({ level }) => level))
  const levels = version.levels.filter((_, level) => named.has(level))
  return {
    runs: levels.reduce((sum, { runs }) => sum + runs.length, 0),
    tables: levels.reduce((sum, { totals }) => sum + totals.tables, 0),
  }
}
