/**
 * Owns the names of the policies of value-log collection, and creates a policy from a database's
 * `valueLog` options, to be given to `Database.open` as `valueLogPolicy`.
 */

import { checkPlain } from '../../engine/base/arguments.ts'
import { invalidArgument } from '../../engine/base/errors.ts'
import type { ValueLogPolicy } from '../../engine/compaction/value-log-policy.ts'
import { type AgeCutoffParameters, ageCutoff } from './age-cutoff.ts'
import { fifo } from './fifo.ts'
import type { LogSpaceParameters } from './log-space.ts'
import { mostGarbage } from './most-garbage.ts'

export interface ValueLogPolicyOptions extends LogSpaceParameters, AgeCutoffParameters {
  /** One of `VALUE_LOG_POLICIES`, or 'none'. */
  readonly gcPolicy: string
}

/** The policies of value-log collection by the name that `valueLog.gcPolicy` takes. */
export const VALUE_LOG_POLICIES: ReadonlyMap<
  string,
  (options: ValueLogPolicyOptions) => ValueLogPolicy
> = new Map<string, (options: ValueLogPolicyOptions) => ValueLogPolicy>([
  ['fifo', fifo],
  ['most-garbage', mostGarbage],
  ['age-cutoff', ageCutoff],
])

/** The policy that the options name; null for 'none'. `LSM_INVALID_ARGUMENT` if it is unknown. */
export function valueLogPolicyOf(options: ValueLogPolicyOptions): ValueLogPolicy | null {
  checkPlain(options, 'the value-log options')
  if (options.gcPolicy === 'none') return null
  const create = VALUE_LOG_POLICIES.get(options.gcPolicy)
  if (create === undefined) {
    const names = ['none', ...VALUE_LOG_POLICIES.keys()].join(', ')
    throw invalidArgument(`no value-log policy is called ${options.gcPolicy}; there are ${names}`)
  }
  return create(options)
}
