/** Owns a whole check of one strategy: every rule asked, one after another, and what came of it. */

import { RULES } from './catalog.ts'
import type { Effort, Finding, Rule } from './rule.ts'
import type { Subject } from './subject.ts'

export interface Verdict {
  readonly rule: Rule
  /** Null: the rule holds for all cases tried. */
  readonly finding: Finding | null
}

/**
 * Verdicts as they come; a generator, so that a caller may show each or stop at the first. Where
 * its parameters are so unsound that it cannot be created the other rules are not asked.
 */
export function* conform(
  subject: Subject,
  effort: Effort,
  rules: readonly Rule[] = RULES,
): Generator<Verdict, void, undefined> {
  for (const rule of rules) {
    const finding = rule.check(subject, effort)
    yield { rule, finding }
    if (finding !== null && !canBeCreated(subject)) return
  }
}

function canBeCreated(subject: Subject): boolean {
  try {
    subject.create()
    return true
  } catch {
    return false
  }
}
