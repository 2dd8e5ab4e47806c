/** Owns a whole check of one strategy: every rule asked, one after another, and what came of it. */

import { RULES } from './catalog.ts'
import type { Effort, Finding, Rule } from './rule.ts'
import { params } from './rules/module.ts'
import type { Subject } from './subject.ts'

export interface Verdict {
  readonly rule: Rule
  /** Null: the rule holds for all cases tried. */
  readonly finding: Finding | null
}

/**
 * Verdicts as they come; a generator, so that a caller may show each or stop at the first. Where
 * parameters are unsound nothing can be created, so the rest is not asked.
 */
export function* conform(
  subject: Subject,
  effort: Effort,
  rules: readonly Rule[] = RULES,
): Generator<Verdict, void, undefined> {
  for (const rule of rules) {
    const finding = rule.check(subject, effort)
    yield { rule, finding }
    if (rule === params && finding !== null) return
  }
}
