/**
 * Owns the checks of value-log settings that their types cannot make: the policy must exist, and
 * the target must have a value log.
 */
import type { EngineOptions } from '../../engine/index.ts'
import { VALUE_LOG_POLICIES } from '../../strategies/vlog-gc/index.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'

export function checkValueLog({ valueLog }: EngineOptions, target: string): void {
  const { gcPolicy, thresholdBytes } = valueLog
  const known = ['none', ...VALUE_LOG_POLICIES.keys()]
  if (!known.includes(gcPolicy)) throw unknownName('valueLog.gcPolicy', gcPolicy, known)
  if (thresholdBytes === null || target === 'varve') return
  throw new UsageError(`engine option valueLog.thresholdBytes: target ${target} has no value log`)
}
