/**
 * Owns what a check is made of: a strategy module under fixed parameters, twice. The second copy is
 * another instance of the module, so that nothing the first remembers is known to it.
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
  /** As given: defaults are filled in at each creation, so that unsound ones are seen by a rule. */
  readonly params: Readonly<Record<string, unknown>>
  /** What the owner of the data agrees to lose. */
  readonly retention: Retention
  /** Guarded, as in the engine. */
  create(): CompactionStrategy
  /** Of the module loaded anew; a registered one is its own copy. */
  createCopy(): CompactionStrategy
}

/** A strategy that declares drops may forget what was written more than an hour ago. */
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

/** A query makes it another module to the loader, with variables of its own. */
async function loadCopy(path: string): Promise<StrategyModule> {
  const url = pathToFileURL(resolve(path)).href
  const { default: copy } = (await import(`${url}?copy`)) as { default: StrategyModule }
  return copy
}
