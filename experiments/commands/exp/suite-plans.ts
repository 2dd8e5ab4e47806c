/**
 * Owns the plans that a suite requests with flags of `exp`, so that suites do not read flags
 * themselves.
 */
import { isEngineTarget, parseCommand } from '../../cli/request.ts'
import { resolvePlans } from '../../cli/resolve.ts'
import { resolvePeerPlans } from '../../cli/resolve-peers.ts'
import type { SuitePlans } from '../../suites/suite.ts'

export async function suitePlans(flags: readonly string[]): Promise<SuitePlans> {
  const command = parseCommand(flags)
  if (command.kind !== 'run') throw new Error(`a suite asks for runs, not ${command.kind}`)
  const { request } = command
  return {
    own: request.target.some(isEngineTarget) ? await resolvePlans(request) : [],
    peers: await resolvePeerPlans(request),
  }
}
