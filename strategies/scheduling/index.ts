/**
 * Owns the names of the scheduling policies, and creates a policy from its name, to be given to
 * `Database.open` as `schedulingPolicy`.
 */

import { checkText } from '../../engine/base/arguments.ts'
import { invalidArgument } from '../../engine/base/errors.ts'
import type { SchedulingPolicy } from '../../engine/scheduling/policy.ts'
import { fair } from './fair.ts'
import { greedy } from './greedy.ts'
import { rocksdb } from './rocksdb.ts'
import { silk } from './silk.ts'
import { single } from './single.ts'

/** The scheduling policies by the name that the engine option `scheduling` takes. */
export const SCHEDULING_POLICIES: ReadonlyMap<string, () => SchedulingPolicy> = new Map([
  ['fair', fair],
  ['greedy', greedy],
  ['single', single],
  ['silk', silk],
  ['rocksdb', rocksdb],
])

const DEFAULT_POLICY = 'fair'

/** The policy with this name; fair if it is left out. `LSM_INVALID_ARGUMENT` if there is none. */
export function schedulingPolicyOf(name: string = DEFAULT_POLICY): SchedulingPolicy {
  checkText(name, 'scheduling')
  const create = SCHEDULING_POLICIES.get(name)
  if (create !== undefined) return create()
  const names = [...SCHEDULING_POLICIES.keys()].join(', ')
  throw invalidArgument(`no scheduling policy is called ${name}; there are ${names}`)
}
