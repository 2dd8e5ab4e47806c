/**
 * Owns what a database is opened with: where, under which strategy and options, and what is injected.
 * Invariant: the options' names for what is handed in are true, since the folder's record keeps them.
 */

import type { Clock } from '../base/clock.ts'
import { invalidArgument } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { CompactionStrategy } from '../compaction/strategy.ts'
import type { ValueLogPolicy } from '../compaction/value-log-policy.ts'
import type { Storage } from '../storage/storage.ts'
import type { DatabaseEvent } from './events.ts'
import type { EngineOptions, EngineOptionsInput } from './options.ts'

export interface OpenOptions {
  readonly storage: Storage
  /** Created when missing. */
  readonly folder: string
  readonly strategy: CompactionStrategy
  /** The strategy's parameters, for the folder's record only. */
  readonly strategyParameters?: Json
  readonly options?: EngineOptionsInput
  readonly clock?: Clock
  /** Root seed of everything random inside the engine (memtable node heights). */
  readonly seed?: number
  /** Which segments of the value log are collected: what the option `valueLog.gcPolicy` names. */
  readonly valueLogPolicy?: ValueLogPolicy | null
  /** Called in the midst of flushes and compactions: it may read and call `write`, nothing else. */
  readonly onEvent?: (event: DatabaseEvent) => void
}

export interface WriteOptions {
  /** Acknowledge only when the write survives a power loss. Default: handed to the system. */
  readonly sync?: boolean
}

/** The policy, if it is the one that `valueLog.gcPolicy` names; `LSM_INVALID_ARGUMENT` otherwise. */
export function checkPolicy(
  { valueLog: { gcPolicy } }: EngineOptions,
  policy: ValueLogPolicy | null,
): ValueLogPolicy | null {
  const given = policy?.name ?? 'none'
  if (given === gcPolicy) return policy
  const message = `engine option valueLog.gcPolicy is ${gcPolicy}, the policy handed in is ${given}`
  throw invalidArgument(message, { option: 'valueLog.gcPolicy' })
}
