/**
 * Owns the list of rules, in the order of checking: rules whose failure explains others come first.
 */

import type { Rule } from './rule.ts'
import { sameEverywhere, sameInSimulator } from './rules/agreement.ts'
import { answers } from './rules/answers.ts'
import { params } from './rules/module.ts'
import {
  frozenView,
  noClockOrRandomness,
  noIdentity,
  noMemory,
  stateIsJson,
  wellFormed,
} from './rules/purity.ts'
import { recency, safeBesideJobs, safeInstalls, safePicks, tombstones } from './rules/safety.ts'
import { boundedRuns, progress, stallLimits } from './rules/shape.ts'
import { nextDue, urgency } from './rules/urgency.ts'

/** A strategy that breaks one of these rules breaks every other rule in the same way. */
export const RULES_OF_THE_BORDER: readonly Rule[] = [wellFormed, frozenView]

/** All rules a strategy must keep. */
export const RULES: readonly Rule[] = [
  params,
  wellFormed,
  frozenView,
  safePicks,
  safeBesideJobs,
  safeInstalls,
  recency,
  tombstones,
  progress,
  boundedRuns,
  stallLimits,
  noMemory,
  noClockOrRandomness,
  noIdentity,
  stateIsJson,
  urgency,
  nextDue,
  answers,
  sameEverywhere,
  sameInSimulator,
]
