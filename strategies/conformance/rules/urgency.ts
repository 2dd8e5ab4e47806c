/** Owns the rules of the other answers: scores, debt, and the time when a pick becomes due. */

import type { CompactionStrategy, TreeView } from '../../../engine/compaction/strategy.ts'
import { busyHistories, histories, ownHistories } from '../history.ts'
import { forAll, type Rule } from '../rule.ts'
import { Violation } from '../violation.ts'
import { busyWalk, inlineWalk, type Moment } from '../walk.ts'

export const urgency: Rule = {
  name: 'urgency',
  sentence:
    'Some score is 1 or more if a pick is due, and only then if no job runs; debt is above 0 while ' +
    'a merge is due or runs, and 0 at rest.',
  check: (subject, effort) => whenIdle(subject, effort) ?? besideJobs(subject, effort),
}

const whenIdle = forAll(ownHistories, (subject, history) => {
  for (const { at, strategy, tree, view, spec } of inlineWalk(subject, history)) {
    if (at !== 'pick') continue
    const scene = { version: tree.version, spec }
    const highest = highestScore(strategy, view)
    const debt = strategy.debtBytes(view)
    if (highest >= 1 !== (spec !== null)) {
      const due = spec === null ? 'nothing is due' : 'a pick is due'
      throw new Violation(`${due}, yet the highest score is ${highest}`, scene)
    }
    if (!Number.isFinite(debt) || debt < 0) throw new Violation(`debtBytes is ${debt}`, scene)
    if (spec === null && debt > 0) throw new Violation(`at rest debtBytes is ${debt}`, scene)
    if (spec?.kind === 'merge' && debt === 0) {
      throw new Violation('a merge is due, yet debtBytes is 0', scene)
    }
  }
})

const besideJobs = forAll(busyHistories, (subject, history) => {
  for (const { at, strategy, tree, view, running, spec } of busyWalk(subject, history)) {
    if (at !== 'pick' || running.length === 0) continue
    const scene = { version: tree.version, running, spec }
    const highest = highestScore(strategy, view)
    if (spec !== null && highest < 1) {
      throw new Violation(`a pick is due beside jobs, yet the highest score is ${highest}`, scene)
    }
    const merges = [...running, spec].some((one) => one?.kind === 'merge')
    if (merges && !(strategy.debtBytes(view) > 0)) {
      throw new Violation('a merge is due or runs, yet debtBytes is 0', scene)
    }
  }
})

function highestScore(strategy: CompactionStrategy, view: TreeView): number {
  return Math.max(0, ...strategy.score(view).map(({ score }) => score))
}

/** Far in the future: ten years. */
const FAR_MS = 10 * 365 * 86_400_000

export const nextDue: Rule = {
  name: 'next-due',
  sentence: 'At rest a pick is due at nextDueAt and not before; at null time makes nothing due.',
  check: forAll(histories, (subject, history) => {
    for (const moment of inlineWalk(subject, history)) {
      if (moment.at !== 'rest') continue
      const { strategy, tree, view } = moment
      const at = strategy.nextDueAt(view)
      const scene = { version: tree.version }
      if (at === null) {
        if (dueAt(moment, view.nowMs + FAR_MS)) {
          throw new Violation('nextDueAt is null, yet waiting ten years makes a pick due', scene)
        }
        continue
      }
      if (!(at > view.nowMs)) {
        throw new Violation(`at rest at ${view.nowMs} nextDueAt is ${at}, which is past`, scene)
      }
      if (!dueAt(moment, at)) throw new Violation(`nothing is due at nextDueAt ${at}`, scene)
      if (dueAt(moment, at - 1)) throw new Violation(`a pick is due before nextDueAt ${at}`, scene)
    }
  }),
}

function dueAt({ strategy, view }: Moment, nowMs: number): boolean {
  return strategy.pick({ ...view, nowMs }) !== null
}
