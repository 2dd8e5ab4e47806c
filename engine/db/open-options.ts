/**
 * Owns what a database is opened with: where, under which strategy and options, and what is injected.
 * Invariants: what is of a wrong kind is refused before the folder is touched; option names match the
 * injected objects, since the folder's record keeps the names.
 */

import { z } from 'zod'
import { checkObject, checkOptions, checkText, checkWhole, show } from '../base/arguments.ts'
import type { Clock } from '../base/clock.ts'
import { invalidArgument } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { checkStrategy } from '../compaction/guarded-strategy.ts'
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

const OPEN_OPTIONS = [
  'storage',
  'folder',
  'strategy',
  'strategyParameters',
  'options',
  'clock',
  'seed',
  'valueLogPolicy',
  'onEvent',
] as const satisfies readonly (keyof OpenOptions)[]

const STORAGE_METHODS = [
  'appendTo',
  'create',
  'link',
  'list',
  'lock',
  'makeFolder',
  'open',
  'readAll',
  'remove',
  'rename',
  'resolve',
  'size',
  'syncFolder',
  'truncate',
] as const satisfies readonly (keyof Storage)[]

/** `LSM_INVALID_ARGUMENT` naming the option, before anything is touched. */
export function checkOpenOptions(open: OpenOptions): void {
  checkOptions(open, OPEN_OPTIONS, 'open')
  const { storage, folder, strategy, strategyParameters, clock, seed, valueLogPolicy, onEvent } =
    open
  checkPlace(storage, folder)
  checkStrategy(strategy)
  checkJson(strategyParameters ?? null, 'strategyParameters')
  if (clock !== undefined) checkObject(clock, 'clock', ['nowMs'])
  if (seed !== undefined) checkWhole(seed, 'seed', Number.MIN_SAFE_INTEGER)
  if (onEvent !== undefined && typeof onEvent !== 'function') {
    throw invalidArgument(`onEvent must be a function, not ${show(onEvent)}`)
  }
  if (valueLogPolicy === undefined || valueLogPolicy === null) return
  checkObject(valueLogPolicy, 'valueLogPolicy', ['pick', 'relocateBelow'])
  checkText(valueLogPolicy.name, "the value-log policy's name")
}

/** JSON leaves `undefined` out and writes `NaN` as null: what is read back would be another value. */
function checkJson(value: unknown, name: string): void {
  let isJson = false
  try {
    JSON.stringify(value)
    isJson = z.json().safeParse(value).success
  } catch {
    // It holds itself, or a bigint.
  }
  if (isJson) return
  throw invalidArgument(`${name} must be JSON, and nothing in it undefined, NaN or of a class`)
}

/** Where a database lies, or is to lie: a storage and the name of a folder in it. */
export function checkPlace(storage: Storage, folder: string, name = 'folder'): void {
  checkObject(storage, 'storage', STORAGE_METHODS)
  checkText(folder, name)
  if (folder === '') throw invalidArgument(`${name} is empty: it must name a folder`)
  if (folder.includes('\0')) throw invalidArgument(`${name} holds a zero character`)
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
