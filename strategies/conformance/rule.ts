/**
 * Owns the form of a rule and its check: random cases are drawn from a seed, and the first failing
 * case is shrunk. Invariant: equal subjects, seeds and runs give equal findings.
 */

import fc from 'fast-check'
import { isLsmError } from '../../engine/base/errors.ts'
import type { Subject } from './subject.ts'
import { type Scene, Violation } from './violation.ts'

/** One thing that every strategy must keep. */
export interface Rule {
  /** kebab-case. */
  readonly name: string
  /** The rule in one sentence. */
  readonly sentence: string
  /** Null if the rule holds for all cases tried. */
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

/** Most cases tried to shrink a counter-example; enough to reach a few flushes. */
const SHRINKS_MAX = 800

/** Share of the usual runs and shrinks, for a rule whose cases take long. */
export const COSTLY = 1 / 5

/** Makes a rule's check from `look`, which throws for a case that breaks the rule. */
export function forAll<Case>(
  cases: fc.Arbitrary<Case>,
  look: (subject: Subject, one: Case) => void,
  share = 1,
): Rule['check'] {
  return (subject, { seed, runs }) => {
    let shrinks = -1
    const property = fc.property(cases, (one) => {
      // Cases are counted, not timed, so that equal seeds end at the same case.
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

/** An error that the strategy itself throws counts as breaking the rule that is checked. */
export function findingOf(error: unknown, counterexample: unknown): Finding {
  if (error instanceof Violation) {
    return { message: error.message, scene: error.scene, counterexample }
  }
  // The guard's message names the strategy and the field. The place is that of the caught error.
  const isTold = isLsmError(error)
  const source = isTold ? error.cause : error
  const told = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const message = isTold ? error.message : told
  const where = source instanceof Error ? (source.stack?.match(/\n\s+at (.*)/)?.[1] ?? '') : ''
  return { message: where === '' ? message : `${message} (${where})`, scene: {}, counterexample }
}
