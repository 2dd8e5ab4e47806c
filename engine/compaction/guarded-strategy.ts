/**
 * Owns the border between the executor of specs and a strategy, which anybody may have written. The
 * strategy sees copies (`shown-tree.ts`), its answers are checked and copied
 * (`strategy-answers.ts`), and an error that it throws is reported under its name.
 *
 * Invariant: strategy and engine share no object that either could change, except a tree that is
 * shared on purpose. There is no further protection: a module runs in the same process and may do
 * anything, for example patch the language's own classes.
 */

import { checkObject, checkText } from '../base/arguments.ts'
import { isLsmError, LsmError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { ShownTree } from './shown-tree.ts'
import type { CompactionSpec, CompactionStrategy, TreeView } from './strategy.ts'
import {
  checkedDebtBytes,
  checkedDueAt,
  checkedFilter,
  checkedPick,
  checkedScores,
  checkedStallLimits,
  checkedState,
  thrownInstead,
} from './strategy-answers.ts'

const STRATEGY_METHODS = [
  'pick',
  'score',
  'debtBytes',
  'stallLimits',
  'nextDueAt',
  'flushFilter',
] as const satisfies readonly (keyof CompactionStrategy)[]

const guarded = new WeakSet<CompactionStrategy>()

/** Throws `LSM_INVALID_ARGUMENT` if `strategy` lacks a part of a strategy. */
export function checkStrategy(strategy: CompactionStrategy): void {
  checkObject(strategy, 'strategy', STRATEGY_METHODS)
  checkText(strategy.name, "the strategy's name")
}

/**
 * The strategy behind the border. Use it for one tree at a time, whose versions follow each other.
 * Every member throws `LSM_UNSAFE_COMPACTION` for a wrong answer (rule `form`) and for a changed
 * view (rule `view`). An already guarded strategy is returned unchanged. Throws
 * `LSM_INVALID_ARGUMENT` if the argument is not a strategy.
 *
 * With `sharesTree` the strategy gets the tree itself in place of a copy, no view is compared, and
 * picks are checked but not copied. That is only for strategies of which the kit has shown that
 * they change nothing.
 */
export function guardStrategy(
  strategy: CompactionStrategy,
  sharesTree = false,
): CompactionStrategy {
  if (guarded.has(strategy)) return strategy
  checkStrategy(strategy)
  const { name } = strategy
  const tree = new ShownTree()
  const show = showing(name, tree)
  type Member = Exclude<keyof CompactionStrategy, 'name' | 'initialState'>
  const ask = (member: Member, view: TreeView): unknown => {
    const shown = sharesTree ? view : show(view)
    let answer: unknown
    try {
      answer = strategy[member](shown)
    } catch (cause) {
      // Another guard inside this one has found and reported it.
      if (isLsmError(cause, 'LSM_UNSAFE_COMPACTION')) throw cause
      throw thrownInstead(name, member, cause)
    }
    const changed = sharesTree ? null : tree.changedKey()
    if (changed !== null) throw viewChanged(name, member, changed)
    return answer
  }
  const guard: CompactionStrategy = {
    name,
    initialState: checkedState(name, strategy.initialState),
    pick: (view) => checkedPick(name, ask('pick', view), view.memtableBytes, sharesTree),
    score: (view) => checkedScores(name, ask('score', view)),
    debtBytes: (view) => checkedDebtBytes(name, ask('debtBytes', view)),
    stallLimits: (view) => checkedStallLimits(name, ask('stallLimits', view)),
    nextDueAt: (view) => checkedDueAt(name, ask('nextDueAt', view)),
    flushFilter: (view) => checkedFilter(name, ask('flushFilter', view)),
  }
  guarded.add(guard)
  return guard
}

/** Turns a view into the frozen copy that the strategy sees. */
function showing(name: string, tree: ShownTree): (view: TreeView) => TreeView {
  let state: { readonly own: Json; readonly shown: Json } = { own: null, shown: null }
  return (view) => {
    const { version, memtableBytes, inProgress, tableStats } = view
    if (view.state !== state.own) {
      state = { own: view.state, shown: checkedState(name, view.state) }
    }
    const copyOf = (spec: CompactionSpec) => checkedPick(name, spec, memtableBytes)!
    return Object.freeze({
      version: tree.show(version),
      memtableBytes,
      state: state.shown,
      inProgress: Object.freeze(inProgress.map(copyOf)),
      oldestSnapshotSeq: view.oldestSnapshotSeq,
      nowMs: view.nowMs,
      tableStats,
    })
  }
}

function viewChanged(strategy: string, member: string, what: string): LsmError {
  const line =
    `strategy ${strategy}: by the end of ${member} it has changed ${what} in its view; ` +
    'a view is only to be read (the data are intact: it was given a copy)'
  const data = { rule: 'view', tables: [], strategy, member, changed: what }
  return new LsmError('LSM_UNSAFE_COMPACTION', line, { data })
}
