/**
 * Owns the rules of the tree's shape: it comes to rest, with few runs, and does not stop writers.
 */

import { EMPTY_VERSION, levelAt, runCount } from '../../../engine/version/version.ts'
import { printCanonical } from '../canonical.ts'
import { histories, longLoads, MEMTABLE_ENTRIES } from '../history.ts'
import { COSTLY, forAll, type Rule } from '../rule.ts'
import type { Subject } from '../subject.ts'
import { startTree, viewOf } from '../tree.ts'
import { Violation } from '../violation.ts'
import { inlineWalk } from '../walk.ts'

export const progress: Rule = {
  name: 'progress',
  sentence: 'After a flush, or time passing, it comes to rest: no shape of the tree comes again.',
  check: forAll(histories, (subject, history) => {
    const seen = new Set<string>()
    for (const { at, tree, spec, picks } of inlineWalk(subject, history)) {
      const { version, state } = tree
      if (at === 'rest') seen.clear()
      if (at === 'endless') throw new Violation(`${picks} picks without rest`, { version, spec })
      if (at !== 'edit') continue
      const shape = `${printCanonical(version)}\n${JSON.stringify(state)}`
      if (seen.has(shape)) {
        const message = `the tree returns to a shape it had ${picks} picks into one cascade`
        throw new Violation(message, { version, spec })
      }
      seen.add(shape)
    }
  }),
}

export const stallLimits: Rule = {
  name: 'stall-limits',
  sentence: 'At rest level 0 has fewer runs than slow writers down, and fewer slow than stop them.',
  check: forAll(histories, (subject, history) => {
    for (const { at, strategy, tree, view } of inlineWalk(subject, history)) {
      if (at !== 'rest') continue
      const { slowdownRuns, stopRuns } = strategy.stallLimits(view)
      const runs = levelAt(tree.version, 0).runs.length
      const neverWait = slowdownRuns === Number.POSITIVE_INFINITY
      if (runs < slowdownRuns && (slowdownRuns < stopRuns || neverWait)) continue
      const limits = `slowdownRuns ${slowdownRuns}, stopRuns ${stopRuns}`
      const message = `level 0 rests with ${runs} runs at ${limits}`
      throw new Violation(message, { version: tree.version })
    }
  }),
}

export const boundedRuns: Rule = {
  name: 'bounded-runs',
  sentence:
    'At rest there are at most stopRuns · (1 + log2(memtables written)) · runsSlack runs: the empty ' +
    "tree's stopRuns, and the slack it declares (1). Its largest parameter must explain more than " +
    '100. Drops bound a tree without merging.',
  check: forAll(
    longLoads,
    (subject, history) => {
      const idle = subject.create()
      const empty = viewOf({ ...startTree(idle), version: EMPTY_VERSION })
      const { stopRuns } = idle.stallLimits(empty)
      const { drops, runsSlack } = subject.module
      if (drops) return
      const runsOfEver = RUNS_MAX + 2 * largestParameter(subject)
      let inherited: number | null = null
      for (const { at, tree } of inlineWalk(subject, history)) {
        const runs = runCount(tree.version)
        inherited ??= runs
        if (at !== 'rest') continue
        const memtables = (tree.nextSeq - 1) / MEMTABLE_ENTRIES
        const declared = stopRuns * (1 + Math.log2(Math.max(memtables, 1))) * runsSlack
        const runsMax = Math.min(declared, runsOfEver) + inherited
        if (runs <= runsMax) continue
        const message =
          `${runs} runs after ${Math.round(memtables)} memtables; ` +
          (declared <= runsOfEver
            ? `${stopRuns} · (1 + log2) · ${runsSlack} allows ${Math.floor(runsMax)}`
            : `its parameters explain at most ${runsMax}`)
        throw new Violation(message, { version: tree.version })
      }
    },
    COSTLY,
  ),
}

/** Runs allowed whatever stall limits and slack it declares … */
const RUNS_MAX = 100

/** … unless a parameter, such as a size ratio, explains more. */
function largestParameter({ module, params: given }: Subject): number {
  const numbers = Object.values(module.parse(given)).filter((value) => typeof value === 'number')
  return Math.max(0, ...numbers)
}
