/**
 * Owns the subject of a check: a strategy module under fixed parameters, and a second copy of it.
 * The copy is another instance of the module, so it knows nothing of what the first remembers.
 */

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { guardStrategy } from '../../engine/compaction/guarded-strategy.ts'
import type { CompactionStrategy } from '../../engine/compaction/strategy.ts'
import type { Retention } from '../../engine/compaction/validate-spec.ts'
import { STRATEGIES } from '../catalog.ts'
import type { StrategyModule } from '../define-strategy.ts'
import { loadStrategy } from '../load-strategy.ts'

/** A strategy to check. */
export interface Subject {
  readonly module: StrategyModule
  /** As given. Defaults are filled in at each creation, so that a rule can see unsound ones. */
  readonly params: Readonly<Record<string, unknown>>
  /** The data that its owner agrees to lose. */
  readonly retention: Retention
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
  const module = await loadStrategy(nameOrPath)
  const copy = STRATEGIES.has(nameOrPath) ? module : await loadCopy(nameOrPath)
  return subjectOf(module, paramsOf(module), copy, retention)
}

function subjectOf(
  module: StrategyModule,
  params: Readonly<Record<string, unknown>> = {},
  copy: StrategyModule = module,
  retention: Partial<Retention> = {},
): Subject {
  return {
    module,
    params,
    retention: module.drops
      ? { maxAgeMs: retention.maxAgeMs ?? RETENTION_MS, maxBytes: retention.maxBytes ?? null }
      : { maxAgeMs: null, maxBytes: null },
    create: () => guardStrategy(module.create(params)),
    createCopy: () => guardStrategy(copy.create(params)),
  }
}

/** The query in the URL makes the loader create another module, with its own variables. */
async function loadCopy(path: string): Promise<StrategyModule> {
  const url = pathToFileURL(resolve(path)).href
  const { default: copy } = (await import(`${url}?copy`)) as { default: StrategyModule }
  return copy
}
