/**
 * Owns the subject of a check: a strategy module under fixed parameters, and a second copy of it.
 * The copy is another instance of the module, so it knows nothing of what the first remembers.
 * Modules are loaded while traps are set, so that clocks they take from globals are seen in use.
 */

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { guardStrategy } from '../../engine/compaction/guarded-strategy.ts'
import type { CompactionStrategy } from '../../engine/compaction/strategy.ts'
import type { Retention } from '../../engine/compaction/validate-spec.ts'
import { STRATEGIES } from '../catalog.ts'
import type { StrategyModule } from '../define-strategy.ts'
import { importWithOurs, loadStrategy } from '../load-strategy.ts'
import { type ForeignImport, foreignImports } from './foreign-imports.ts'
import { Meter, metered } from './meter.ts'
import { setTraps } from './rules/traps.ts'

/** A strategy to check. */
export interface Subject {
  readonly module: StrategyModule
  /** As given. Defaults are filled in at each creation, so that a rule can see unsound ones. */
  readonly params: Readonly<Record<string, unknown>>
  /** The data that its owner agrees to lose. */
  readonly retention: Retention
  /** What all strategies of the subject have cost. */
  readonly meter: Meter
  /** Picks made while jobs ran, and how many of these had to wait for a job. */
  readonly beside: { picks: number; waiting: number }
  /** Imports of the module that no strategy needs; none of a registered module. */
  readonly foreign: readonly ForeignImport[]
  /** Names of the global variables before the module was loaded. */
  readonly globals: ReadonlySet<string>
  /** Guarded, as in the engine. */
  create(): CompactionStrategy
  /** The strategy of the copy; a registered module serves as its own copy. */
  createCopy(): CompactionStrategy
}

/** A strategy that declares drops may drop what was written more than an hour ago. */
const RETENTION_MS = 3_600_000

/**
 * The strategy of this registered name or path, under the parameters that `paramsOf` gives for it.
 * Errors: `LSM_INVALID_ARGUMENT`, one line.
 */
export async function loadSubject(
  nameOrPath: string,
  paramsOf: (module: StrategyModule) => Readonly<Record<string, unknown>> = () => ({}),
  retention: Partial<Retention> = {},
): Promise<Subject> {
  const isRegistered = STRATEGIES.has(nameOrPath)
  const foreign = isRegistered ? [] : foreignImports(resolve(nameOrPath))
  const globals = new Set(Object.keys(globalThis))
  const removeTraps = setTraps()
  try {
    const module = await loadStrategy(nameOrPath)
    const copy = isRegistered ? module : await loadCopy(nameOrPath)
    const meter = new Meter()
    const createFrom = (one: StrategyModule, params: Subject['params']) =>
      guardStrategy(metered(one.create(params), meter))
    const params = paramsOf(module)
    return {
      module,
      params,
      meter,
      beside: { picks: 0, waiting: 0 },
      foreign,
      globals,
      retention: module.drops
        ? { maxAgeMs: retention.maxAgeMs ?? RETENTION_MS, maxBytes: retention.maxBytes ?? null }
        : { maxAgeMs: null, maxBytes: null },
      create: () => createFrom(module, params),
      createCopy: () => createFrom(copy, params),
    }
  } finally {
    removeTraps()
  }
}

/** The query in the URL makes the loader create another module, with its own variables. */
async function loadCopy(path: string): Promise<StrategyModule> {
  const url = pathToFileURL(resolve(path)).href
  const { default: copy } = await importWithOurs(`${url}?copy`)
  return copy as StrategyModule
}
