/**
 * Owns the check that no figure of a result contradicts another. The schema must have accepted the
 * result: numbers are finite, counts and bytes are whole and not negative, shares are in [0, 1].
 */
import type { AnyResult } from '../identity.ts'
import { isPeerResult } from '../peer-schema.ts'
import { checkDeterministic } from './deterministic.ts'
import { type Contradiction, Findings } from './findings.ts'
import { checkPeer } from './peer.ts'
import { checkTimed } from './timed.ts'

export type { Contradiction } from './findings.ts'

/** Every contradiction found; empty for a sound result. */
export function contradictionsIn(result: AnyResult): readonly Contradiction[] {
  const findings = new Findings()
  if (isPeerResult(result)) checkPeer(result, findings)
  else checkDeterministic(result, findings)
  checkTimed(result, findings)
  const names = result.gates.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) findings.add('gates', `two gates are named ${twice}`)
  return findings.contradictions
}

/** Throws an error with one line that names the first field that contradicts another. */
export function assertConsistent(result: AnyResult): void {
  const [first, ...more] = contradictionsIn(result)
  if (first === undefined) return
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
  throw new Error(`${result.id}: ${first.field}: ${first.why}${rest}; no result was written`)
}
