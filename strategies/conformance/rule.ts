/**
 * Owns the form of a rule and its check: random cases are drawn from a seed, and the first failing
 * case is shrunk. A check ends within its budget of time; a strategy that needs more is too slow.
 *
 * Invariant: equal subjects, seeds and runs give equal findings, unless a budget ends the check.
 */

import fc from 'fast-check'
import { isLsmError } from '../../engine/base/errors.ts'
import { Budget, withinTime } from './meter.ts'
import type { Subject } from './subject.ts'
import { type Scene, TooSlow, Violation } from './violation.ts'

/** One thing that every strategy must keep. */
export interface Rule {
  /** kebab-case. */
  readonly name: string
  /** The rule in one sentence. */
  readonly sentence: string
  /** Null if the rule holds for all cases tried. */
  check(subject: Subject, effort: Effort): Finding | null
  /** What the check saw that breaks no rule and is worth knowing; null if nothing. */
  note?(subject: Subject): string | null
}

/** How much is tried. */
export interface Effort {
  /** Of every random history. */
  readonly seed: number
  /** Histories tried for each rule; costly rules try a fifth. */
  readonly runs: number
}

/** How a rule was broken. */
export interface Finding {
  readonly message: string
  readonly scene: Scene
  /** The smallest case found that breaks the rule. */
  readonly counterexample: unknown
  /** It takes so long that no other rule should be asked. */
  readonly tooSlow: boolean
}

/** Most cases tried to shrink a counter-example; enough to reach a few flushes. */
const SHRINKS_MAX = 800

/** Share of the usual runs and shrinks, for a rule whose cases take long. */
export const COSTLY = 1 / 5

/** Usual histories, for which the budget below is meant; it grows with their number. */
const RUNS = 50
/** A hundred times what a rule takes with our slowest strategy. */
const RULE_MS = 10_000
/** Shrinking makes a counter-example readable; the verdict is known before. */
const SHRINK_MS = 3_000
/** Wall time of one history. It takes some ten ms. */
const CASE_MS = 10_000

/** Makes a rule's check from `look`, which throws for a case that breaks the rule. */
export function forAll<Case>(
  cases: fc.Arbitrary<Case>,
  look: (subject: Subject, one: Case) => void,
  share = 1,
): Rule['check'] {
  return (subject, { seed, runs }) => {
    const numRuns = Math.ceil(runs * share)
    const budget = new Budget(subject.meter, RULE_MS * Math.max(1, runs / RUNS))
    let shrinking: Budget | null = null
    let tried = 0
    let shrinks = 0
    const property = fc.property(cases, (one) => {
      if (shrinking === null) tried++
      // Cases are counted first, so that equal seeds usually end at the same case.
      else if (shrinks++ >= SHRINKS_MAX * share || shrinking.isSpent) return
      try {
        if (shrinking === null && budget.isSpent) {
          throw new TooSlow(`${tried - 1} of ${numRuns} histories took ${budget.told}`)
        }
        withinTime(CASE_MS, 'of one history', () => look(subject, one))
      } catch (error) {
        // To shrink a case that takes too long would take too long as well.
        const limitMs = error instanceof TooSlow ? -1 : SHRINK_MS
        shrinking ??= new Budget(subject.meter, limitMs)
        throw error
      }
    })
    const details = fc.check(property, { seed, numRuns })
    if (!details.failed) return null
    return findingOf(details.errorInstance, details.counterexample?.[0])
  }
}

/** Makes a rule's check from `look`, which throws if the rule is broken and needs no history. */
export function once(look: (subject: Subject) => void, limitMs = CASE_MS): Rule['check'] {
  return (subject) => {
    try {
      withinTime(limitMs, 'of its rule', () => look(subject))
      return null
    } catch (error) {
      return findingOf(error, null)
    }
  }
}

/** An error that the strategy itself throws counts as breaking the rule that is checked. */
export function findingOf(error: unknown, counterexample: unknown): Finding {
  if (error instanceof Violation) {
    const { message, scene } = error
    return { message, scene, counterexample, tooSlow: error instanceof TooSlow }
  }
  // The guard's message names the strategy and the field. The place is that of the caught error.
  const isTold = isLsmError(error)
  const source = isTold ? error.cause : error
  const told = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const message = isTold ? error.message : told
  const where = source instanceof Error ? (source.stack?.match(/\n\s+at (.*)/)?.[1] ?? '') : ''
  const full = where === '' ? message : `${message} (${where})`
  return { message: full, scene: {}, counterexample, tooSlow: false }
}
