/**
 * Owns the list of rules, in the order of checking: rules whose failure explains others come first.
 */

import type { Rule } from './rule.ts'
import { sameEverywhere, sameInSimulator } from './rules/agreement.ts'
import { answers, snapshots } from './rules/answers.ts'
import { boundedState, boundedWrites, manyTables, quick } from './rules/cost.ts'
import { params } from './rules/module.ts'
import {
  frozenView,
  imports,
  noClockOrRandomness,
  noIdentity,
  noMemory,
  stateIsJson,
  wellFormed,
} from './rules/purity.ts'
import { jobsInAnyOrder, recency, safeBesideJobs, safePicks, tombstones } from './rules/safety.ts'
import { boundedRuns, progress, stallLimits } from './rules/shape.ts'
import { nextDue, urgency } from './rules/urgency.ts'

/** A strategy that breaks one of these rules breaks every other rule in the same way. */
export const RULES_OF_THE_BORDER: readonly Rule[] = [wellFormed, frozenView]

/** All rules a strategy must keep. */
export const RULES: readonly Rule[] = [
  params,
  quick,
  wellFormed,
  frozenView,
  safePicks,
  safeBesideJobs,
  jobsInAnyOrder,
  recency,
  tombstones,
  progress,
  boundedRuns,
  stallLimits,
  boundedWrites,
  boundedState,
  imports,
  noClockOrRandomness,
  noMemory,
  noIdentity,
  stateIsJson,
  urgency,
  nextDue,
  answers,
  snapshots,
  sameEverywhere,
  sameInSimulator,
  manyTables,
]
