/**
 * Owns the entry of the package for programs that embed the engine: the engine's public face, and
 * `open`, which needs only a folder. Invariant: strategy and policies have their defaults here;
 * `open` passes all other options on to `Database.open` as they are.
 *
 * @module varve
 */

import { checkOptions } from '../engine/base/arguments.ts'
import { invalidArgument } from '../engine/base/errors.ts'
import {
  type CompactionStrategy,
  Database,
  type Json,
  type OpenOptions,
  parseEngineOptions,
} from '../engine/index.ts'
import { STRATEGIES } from './catalog.ts'
import { didYouMean } from './parameters.ts'
import { schedulingPolicyOf } from './scheduling/index.ts'
import { valueLogPolicyOf } from './vlog-gc/index.ts'

export * from '../engine/index.ts'

/** How to open a folder. */
export interface OpenFolderOptions extends Omit<OpenOptions, 'folder' | 'strategy'> {
  /** The name of a registered strategy, or a strategy. Default: leveling as RocksDB does it. */
  readonly strategy?: string | CompactionStrategy
  /**
   * Parameters of a strategy that is given by its name; of any other, for the folder's record only.
   */
  readonly strategyParameters?: Json
}

const DEFAULT_STRATEGY = 'leveling-partial'

const OPTIONS = [
  'strategy',
  'strategyParameters',
  'storage',
  'options',
  'clock',
  'timers',
  'seed',
  'valueLogPolicy',
  'scheduling',
  'schedulingPolicy',
  'onEvent',
] as const satisfies readonly (keyof OpenFolderOptions)[]

/**
 * Opens the database in `folder`, which is created when it is missing. The caller closes it.
 * Errors: those of `Database.open`, and `LSM_INVALID_ARGUMENT` for an unknown strategy or a bad
 * parameter.
 */
export function open(folder: string, options: OpenFolderOptions = {}): Database {
  const given = checkOptions(options, OPTIONS, 'open')
  const { valueLog, scheduling } = parseEngineOptions(given.options ?? {})
  return Database.open({
    ...given,
    ...strategyOf(given),
    folder,
    valueLogPolicy: given.valueLogPolicy ?? valueLogPolicyOf(valueLog),
    schedulingPolicy: given.schedulingPolicy ?? schedulingPolicyOf(scheduling),
  })
}

/** The strategy and the parameters that the folder's record keeps. */
function strategyOf(
  given: OpenFolderOptions,
): Pick<OpenOptions, 'strategy' | 'strategyParameters'> {
  const { strategy = DEFAULT_STRATEGY, strategyParameters } = given
  if (typeof strategy !== 'string') return { strategy }
  const module = STRATEGIES.get(strategy)
  if (module === undefined) {
    const known = [...STRATEGIES.keys()]
    const hint = didYouMean(strategy, known) || `; known are ${known.join(', ')}`
    throw invalidArgument(`no strategy is called ${strategy}${hint}`, { strategy })
  }
  const parameters = module.parse((strategyParameters ?? {}) as Readonly<Record<string, unknown>>)
  return { strategy: module.create(parameters), strategyParameters: parameters as Json }
}
