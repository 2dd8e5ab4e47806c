/**
 * Owns the options of `Database.open`: their checks and their defaults. Invariants: an option of a
 * wrong kind is refused before the folder is touched; an option that is undefined counts as absent;
 * the names in `valueLog.gcPolicy` and `scheduling` are those of the injected policies, since the
 * folder's record keeps the names.
 */

import { z } from 'zod'
import { checkObject, checkOptions, checkText, checkWhole, show } from '../base/arguments.ts'
import { type Clock, systemClock, type Timers } from '../base/clock.ts'
import { invalidArgument } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { checkStrategy } from '../compaction/guarded-strategy.ts'
import type { CompactionStrategy } from '../compaction/strategy.ts'
import type { ValueLogPolicy } from '../compaction/value-log-policy.ts'
import type { ExecutorFactory } from '../scheduling/executor-factory.ts'
import type { SchedulingPolicy } from '../scheduling/policy.ts'
import { EncryptedStorage } from '../storage/encryption/encrypted-storage.ts'
import { NodeStorage } from '../storage/node-storage.ts'
import type { Storage } from '../storage/storage.ts'
import type { DatabaseEvent } from './events.ts'
import { type EngineOptions, type EngineOptionsInput, parseEngineOptions } from './options.ts'

/** What `Database.open` takes. `folder` and `strategy` are required. */
export interface OpenOptions {
  /** Created when missing. */
  readonly folder: string
  readonly strategy: CompactionStrategy
  /** Default: the file system, with a ledger that only this database counts in. */
  readonly storage?: Storage
  /** The strategy's parameters, for the folder's record only. Default null. */
  readonly strategyParameters?: Json
  /** Those left out have the defaults of `engineOptionsSchema`. */
  readonly options?: EngineOptionsInput
  /** Default: the system's time. */
  readonly clock?: Clock
  /**
   * Timers that follow `clock`. With them, a compaction that only time makes due starts by itself;
   * without them only where jobs run beside writes, and by the system's timers.
   */
  readonly timers?: Timers
  /** Root seed of everything random inside the engine (memtable node heights). Default 0. */
  readonly seed?: number
  /** Which segments of the value log are collected: the policy that `valueLog.gcPolicy` names. */
  readonly valueLogPolicy?: ValueLogPolicy | null
  /**
   * Who runs flushes and compactions: `inline` (the default) inside the call that makes them due,
   * so that equal operations give equal files; `threads` in worker threads beside the calls, which
   * needs a storage that threads can share, as `NodeStorage`; or an executor of the given factory.
   */
  readonly scheduling?: 'inline' | 'threads' | ExecutorFactory
  /**
   * How jobs share workers and bandwidth: the policy that the engine option `scheduling` names.
   * Without one, flushes run first, then the oldest merges, `backgroundJobs` jobs at once.
   */
  readonly schedulingPolicy?: SchedulingPolicy | null
  /**
   * Called in the middle of the database's work. It may read, and it may call `put`, `delete` and
   * `write`; it must not call `writeSync`, `flush`, `compact`, `ingest`, `checkpoint`,
   * `collectValueLog` or `close`.
   */
  readonly onEvent?: (event: DatabaseEvent) => void
}

/** Checked options with their defaults. */
export interface OpenSettings extends Required<Omit<OpenOptions, 'timers'>> {
  readonly options: EngineOptions
  readonly timers: Timers | null
}

const OPEN_OPTIONS = [
  'storage',
  'folder',
  'strategy',
  'strategyParameters',
  'options',
  'clock',
  'timers',
  'seed',
  'valueLogPolicy',
  'scheduling',
  'schedulingPolicy',
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

/** A checked copy of `open` with the defaults; `LSM_INVALID_ARGUMENT` naming the option. */
export function openSettings(open: OpenOptions): OpenSettings {
  const {
    folder,
    strategy,
    storage = new NodeStorage(),
    strategyParameters = null,
    options: engineOptions = {},
    clock = systemClock,
    timers,
    seed = 0,
    valueLogPolicy = null,
    scheduling = 'inline',
    schedulingPolicy = null,
    onEvent = () => {},
  } = checkOptions(open, OPEN_OPTIONS, 'open')
  checkPlace(storage, folder)
  checkStrategy(strategy)
  checkJson(strategyParameters, 'strategyParameters')
  checkObject(clock, 'clock', ['nowMs', 'elapsedNs'])
  if (timers !== undefined) checkObject(timers, 'timers', ['after'])
  checkWhole(seed, 'seed', Number.MIN_SAFE_INTEGER)
  if (typeof onEvent !== 'function') {
    throw invalidArgument(`onEvent must be a function, not ${show(onEvent)}`)
  }
  checkScheduling(scheduling, storage)
  const options = parseEngineOptions(engineOptions)
  if (options.encryption !== undefined && !(storage instanceof EncryptedStorage)) {
    throw invalidArgument(
      `engine option encryption is ${options.encryption}, but the storage does not encrypt: give ` +
        'an EncryptedStorage',
      { option: 'encryption' },
    )
  }
  if (options.directReads === true && storage.direct === undefined) {
    throw invalidArgument(
      'engine option directReads needs a storage of real files, as NodeStorage: this one has no ' +
        'page cache to avoid',
      { option: 'directReads' },
    )
  }
  checkValueLogPolicy(options, valueLogPolicy)
  checkSchedulingPolicy(options, schedulingPolicy)
  return {
    folder,
    strategy,
    storage,
    strategyParameters,
    options,
    clock,
    timers: timers ?? null,
    seed,
    valueLogPolicy,
    scheduling,
    schedulingPolicy,
    onEvent,
  }
}

function checkScheduling(scheduling: unknown, storage: Storage): void {
  if (scheduling === 'threads' && storage.share === undefined) {
    throw invalidArgument(
      "scheduling 'threads' needs a storage that threads can share, as NodeStorage: take 'inline'",
    )
  }
  if (scheduling === 'inline' || scheduling === 'threads' || typeof scheduling === 'function')
    return
  throw invalidArgument(
    `scheduling must be 'inline', 'threads' or a function, not ${show(scheduling)}`,
  )
}

/** JSON drops `undefined` and writes `NaN` as null, so they would be read back as other values. */
function checkJson(value: unknown, name: string): void {
  let isJson = false
  try {
    JSON.stringify(value)
    isJson = z.json().safeParse(value).success
  } catch {
    // It holds itself, or a bigint.
  }
  if (isJson) return
  throw invalidArgument(`${name} must be JSON, without undefined, NaN or instances of classes`)
}

/** Checks a storage and the name of a folder in it. `name` is what errors call the folder. */
export function checkPlace(storage: Storage, folder: string, name = 'folder'): void {
  checkObject(storage, 'storage', STORAGE_METHODS)
  checkText(folder, name)
  if (folder === '') throw invalidArgument(`${name} is empty: it must name a folder`)
  if (folder.includes('\0')) throw invalidArgument(`${name} holds a zero character`)
}

/** The policy must be the one that `valueLog.gcPolicy` names. */
function checkValueLogPolicy({ valueLog }: EngineOptions, policy: ValueLogPolicy | null): void {
  if (policy !== null) {
    checkObject(policy, 'valueLogPolicy', ['pick', 'relocateBelow'])
    checkText(policy.name, "the value-log policy's name")
  }
  const given = policy?.name ?? 'none'
  if (given === valueLog.gcPolicy) return
  throw invalidArgument(
    `engine option valueLog.gcPolicy is ${valueLog.gcPolicy}, but the given policy is ${given}`,
    { option: 'valueLog.gcPolicy' },
  )
}

/** The policy must be the one that `scheduling` names. A limit on bandwidth needs a policy. */
function checkSchedulingPolicy(
  { scheduling, compactionBytesPerSecond }: EngineOptions,
  policy: SchedulingPolicy | null,
): void {
  if (policy !== null) {
    checkObject(policy, 'schedulingPolicy', ['mergesMax', 'plan'])
    checkText(policy.name, "the scheduling policy's name")
  }
  const given = policy?.name ?? 'none'
  if (policy === null && compactionBytesPerSecond !== undefined) {
    throw invalidArgument(
      'engine option compactionBytesPerSecond needs a scheduling policy, which divides the bytes',
      { option: 'compactionBytesPerSecond' },
    )
  }
  if (scheduling === undefined || given === scheduling) return
  throw invalidArgument(
    `engine option scheduling is ${scheduling}, but the given policy is ${given}`,
    { option: 'scheduling' },
  )
}
