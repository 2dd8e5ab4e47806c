/**
 * Owns the definition of a kind of figure: a name, a line of help, and a pure function from results
 * to a spec with its data embedded. If the results lack something that a kind needs, the kind says
 * so in one line.
 */

import { invalidArgument } from '../../engine/base/errors.ts'
import type { AnyResult } from '../../results/identity.ts'
import { isPeerResult, type PeerResult } from '../../results/peer-schema.ts'
import type { RunResult } from '../../results/schema.ts'
import type { SuiteResult } from '../../results/suite-schema.ts'
import { inStrategyOrder } from './strategy-styles.ts'
import type { Preset, VegaLiteSpec } from './theme.ts'

/** What a file of results may hold. */
export type ResultDocument = AnyResult | SuiteResult

export interface ChartKind {
  /** As `--kind` takes it, kebab-case. */
  readonly name: string
  /** One line for the help. */
  readonly description: string
  /**
   * Whether it draws results of peers beside ours. Left out if a peer's result lacks what the
   * figure shows.
   */
  readonly drawsPeers?: true
  /**
   * The figure, laid out for `preset`. If the results lack a field, throws `LSM_INVALID_ARGUMENT`
   * with one line that names the field.
   */
  specOf(results: readonly ResultDocument[], preset: Preset): VegaLiteSpec
}

export function isSuite(document: ResultDocument): document is SuiteResult {
  return 'suite' in document
}

/**
 * Our own runs among `documents`, in the order of strategies. Throws `LSM_INVALID_ARGUMENT` if
 * there is none.
 */
export function runsFor(kind: string, documents: readonly ResultDocument[]): readonly RunResult[] {
  const runs = documents.filter(
    (document): document is RunResult => !isSuite(document) && !isPeerResult(document),
  )
  if (runs.length > 0) return inStrategyOrder(runs)
  const what = documents.some((document) => !isSuite(document)) ? 'peers' : 'suites'
  throw unfit(kind, 'config', `these are results of ${what}, not of runs`)
}

export function peersIn(documents: readonly ResultDocument[]): readonly PeerResult[] {
  return documents.filter(
    (document): document is PeerResult => !isSuite(document) && isPeerResult(document),
  )
}

/** An error of one line that names the missing field. */
export function unfit(kind: string, field: string, why: string): Error {
  return invalidArgument(`${kind}: ${field}: ${why}`, { kind, field })
}
