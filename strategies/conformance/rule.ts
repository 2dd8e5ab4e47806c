/**
 * Owns what a rule is, and how one is checked: over random cases from a seed, the first failing one
 * shrunk. Invariant: equal subjects, seeds and runs give equal findings.
 */

import fc from 'fast-check'
import { isLsmError } from '../../engine/base/errors.ts'
import type { Subject } from './subject.ts'
import { type Scene, Violation } from './violation.ts'

/** One thing that every strategy must keep. */
export interface Rule {
  /** kebab-case. */
  readonly name: string
  /** What holds, in one sentence. */
  readonly sentence: string
  /** Null when it holds for all cases tried. */
  check(subject: Subject, effort: Effort): Finding | null
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
}

/** Cases tried to make a counter-example smaller: enough for a handful of flushes. */
const SHRINKS_MAX = 800

/** Of the runs and shrinks of other rules, for one whose cases take long. */
export const COSTLY = 1 / 5

/** A rule's check: `look` throws for a case that breaks it. */
export function forAll<Case>(
  cases: fc.Arbitrary<Case>,
  look: (subject: Subject, one: Case) => void,
  share = 1,
): Rule['check'] {
  return (subject, { seed, runs }) => {
    let shrinks = -1
    const property = fc.property(cases, (one) => {
      // Counted, not timed: an interrupted search must end at the same place every time.
      if (shrinks >= SHRINKS_MAX * share) return
      if (shrinks >= 0) shrinks++
      try {
        look(subject, one)
      } catch (error) {
        shrinks = Math.max(shrinks, 0)
        throw error
      }
    })
    const details = fc.check(property, { seed, numRuns: Math.ceil(runs * share) })
    if (!details.failed) return null
    return findingOf(details.errorInstance, details.counterexample?.[0])
  }
}

/** What the strategy itself threw breaks the rule that was being checked. */
export function findingOf(error: unknown, counterexample: unknown): Finding {
  if (error instanceof Violation) {
    return { message: error.message, scene: error.scene, counterexample }
  }
  // What the guard tells names the strategy and the field; the place is that of what it caught.
  const isTold = isLsmError(error)
  const source = isTold ? error.cause : error
  const told = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const message = isTold ? error.message : told
  const where = source instanceof Error ? (source.stack?.match(/\n\s+at (.*)/)?.[1] ?? '') : ''
  return { message: where === '' ? message : `${message} (${where})`, scene: {}, counterexample }
}
