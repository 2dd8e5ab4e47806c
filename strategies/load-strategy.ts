/**
 * Owns finding the strategy that a user typed: a registered name, or the path of a module whose
 * default export comes from `defineStrategy`. Mistakes are `LSM_INVALID_ARGUMENT`, one line each.
 *
 * A module may lie anywhere. Where Node finds no `varve` or `zod` from its folder, it gets ours.
 */

import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checkText } from '../engine/base/arguments.ts'
import { invalidArgument, LsmError } from '../engine/base/errors.ts'
import { STRATEGIES } from './catalog.ts'
import type { StrategyModule } from './define-strategy.ts'
import { didYouMean } from './parameters.ts'

/** The strategy with this name or path. Paths are relative to the working folder. */
export async function loadStrategy(nameOrPath: string): Promise<StrategyModule> {
  checkText(nameOrPath, "a strategy's name")
  const registered = STRATEGIES.get(nameOrPath)
  if (registered !== undefined) return registered
  if (looksLikePath(nameOrPath)) return importStrategy(resolve(nameOrPath))
  const known = [...STRATEGIES.keys()]
  const hint = didYouMean(nameOrPath, known) || `; known are ${known.join(', ')}, or give a path`
  throw invalidArgument(`no strategy is called ${nameOrPath}${hint}`, { strategy: nameOrPath })
}

/** Whether a strategy is given by the path of its module, not by a registered name. */
export function looksLikePath(text: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(text)
}

/** The packages that a strategy needs: ourselves, and the schemas of its parameters. */
const OURS = /^(varve|zod)(\/|$)/

/** Imports the module at this URL, for which `varve` and `zod` exist wherever it lies. */
export async function importWithOurs(url: string): Promise<Readonly<Record<string, unknown>>> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context)
      } catch (error) {
        if (!OURS.test(specifier)) throw error
        return next(specifier, { ...context, parentURL: import.meta.url })
      }
    },
  })
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>
  } finally {
    hooks.deregister()
  }
}

async function importStrategy(path: string): Promise<StrategyModule> {
  const url = pathToFileURL(path).href
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = await importWithOurs(url)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    const missing = cause instanceof Error && 'url' in cause && cause.url === url
    const line = `strategy module ${path} ${missing ? 'does not exist' : `cannot be loaded: ${why}`}`
    throw new LsmError('LSM_INVALID_ARGUMENT', line, { data: { path }, cause })
  }
  if (!('default' in exported)) {
    throw invalidArgument(`strategy module ${path} has no default export`, { path })
  }
  if (!isStrategyModule(exported.default)) {
    const line = `the default export of ${path} is no strategy; make it with defineStrategy`
    throw invalidArgument(line, { path })
  }
  return exported.default
}

/** Judged by shape, not by identity: the module may have loaded its own copy of this package. */
function isStrategyModule(value: unknown): value is StrategyModule {
  if (typeof value !== 'object' || value === null) return false
  const { name, params, primitives, parse, create } = value as Partial<StrategyModule>
  return (
    typeof name === 'string' &&
    typeof params === 'object' &&
    typeof primitives === 'object' &&
    typeof parse === 'function' &&
    typeof create === 'function'
  )
}
