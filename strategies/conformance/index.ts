/**
 * Owns the public face of the conformance kit: what `varve/conformance` exports. With `fast-check`
 * installed, `conform(await loadSubject(path), { seed, runs })` checks a strategy in any test
 * runner.
 *
 * @module varve/conformance
 */

export type { Retention } from '../../engine/compaction/validate-spec.ts'
export { RULES } from './catalog.ts'
export { conform, type Verdict } from './conform.ts'
export { printFinding } from './report.ts'
export type { Effort, Finding, Rule } from './rule.ts'
export { loadSubject, type Subject } from './subject.ts'
export type { Scene } from './violation.ts'
