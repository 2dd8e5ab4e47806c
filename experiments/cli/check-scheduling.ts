/** Owns the check that the scheduling policy of a command exists, which its type cannot make. */

import type { EngineOptions } from '../../engine/index.ts'
import { SCHEDULING_POLICIES } from '../../strategies/scheduling/index.ts'
import { unknownName } from '../base/usage-error.ts'

export function checkScheduling({ scheduling }: EngineOptions): void {
  if (scheduling === undefined || SCHEDULING_POLICIES.has(scheduling)) return
  throw unknownName('scheduling', scheduling, [...SCHEDULING_POLICIES.keys()])
}
