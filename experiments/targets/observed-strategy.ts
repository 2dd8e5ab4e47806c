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

/** What a strategy saw at a pick. Read it field by field: the fields may be getters of a class. */
export type Observed = Required<Pick<TargetEvent, 'scores' | 'candidates'>>

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
        this.lastPick = new SeenAtPick(scoresOf, spec, view)
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
 * has accepted the spec. A class, because V8 keeps a hidden class, with all that its getters can
 * reach, for each object literal with getters.
 */
class SeenAtPick implements Observed {
  readonly #scoresOf: (view: TreeView) => readonly LevelScore[]
  readonly #spec: CompactionSpec
  readonly #view: TreeView
  #scores: Observed['scores'] = null
  #candidates: Observed['candidates'] = null

  constructor(
    scoresOf: (view: TreeView) => readonly LevelScore[],
    spec: CompactionSpec,
    view: TreeView,
  ) {
    this.#scoresOf = scoresOf
    this.#spec = spec
    this.#view = view
  }

  get scores(): Observed['scores'] {
    this.#scores ??= [...this.#scoresOf(this.#view)]
    return this.#scores
  }

  get candidates(): Observed['candidates'] {
    this.#candidates ??= candidatesOf(this.#spec, this.#view)
    return this.#candidates
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
