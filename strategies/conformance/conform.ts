/** Owns a whole check of one strategy: every rule asked, one after another, and what came of it. */

import { RULES, RULES_OF_THE_BORDER } from './catalog.ts'
import type { Effort, Finding, Rule } from './rule.ts'
import type { Subject } from './subject.ts'

/** What checking one rule found. */
export interface Verdict {
  readonly rule: Rule
  /** Null: the rule holds for all cases tried. */
  readonly finding: Finding | null
}

/**
 * Verdicts as they come; a generator, so that a caller may show each or stop at the first. Where its
 * parameters are so unsound that it cannot be created, its answers have no sound form or it changes
 * its view, the other rules are not asked: they would all say the same.
 */
export function* conform(
  subject: Subject,
  effort: Effort,
  rules: readonly Rule[] = RULES,
): Generator<Verdict, void, undefined> {
  let atBorder = false
  for (const rule of rules) {
    if (atBorder && !RULES_OF_THE_BORDER.includes(rule)) return
    const finding = rule.check(subject, effort)
    yield { rule, finding }
    if (finding === null) continue
    if (!canBeCreated(subject)) return
    atBorder ||= RULES_OF_THE_BORDER.includes(rule)
  }
}

function canBeCreated({ module, params }: Subject): boolean {
  try {
    module.create(params)
    return true
  } catch {
    return false
  }
}
