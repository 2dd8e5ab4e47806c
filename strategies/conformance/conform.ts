/** Owns the whole check of one strategy: every rule in turn, each with its verdict. */

import { RULES, RULES_OF_THE_BORDER } from './catalog.ts'
import type { Effort, Finding, Rule } from './rule.ts'
import { setTraps } from './rules/traps.ts'
import type { Subject } from './subject.ts'

/** What checking one rule found. */
export interface Verdict {
  readonly rule: Rule
  /** Null if the rule holds for all cases tried. */
  readonly finding: Finding | null
  /** What is worth knowing although no rule is broken; null if nothing is. */
  readonly note: string | null
}

/**
 * Yields verdicts one by one, so a caller may show each or stop at the first. The other rules are
 * left out if the strategy cannot be created under its parameters, if it is too slow, if its
 * answers have no sound form or if it changes its view, since they would fail for the same reason.
 */
export function* conform(
  subject: Subject,
  effort: Effort,
  rules: readonly Rule[] = RULES,
): Generator<Verdict, void, undefined> {
  let atBorder = false
  for (const rule of rules) {
    if (atBorder && !RULES_OF_THE_BORDER.includes(rule)) return
    const finding = checkTrapped(rule, subject, effort)
    const note = finding === null ? (rule.note?.(subject) ?? null) : null
    yield { rule, finding, note }
    if (finding === null) continue
    if (finding.tooSlow || !canBeCreated(subject)) return
    atBorder ||= RULES_OF_THE_BORDER.includes(rule)
  }
}

/** With the traps set, so that a strategy cannot end the process before a rule finds out. */
function checkTrapped(rule: Rule, subject: Subject, effort: Effort): Finding | null {
  const removeTraps = setTraps()
  try {
    return rule.check(subject, effort)
  } finally {
    removeTraps()
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
