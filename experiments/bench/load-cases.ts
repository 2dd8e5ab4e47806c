/**
 * Owns the finding of micro-benchmarks: those of this checkout, or of another one. Code of two
 * checkouts lives side by side in one process, as each file is a module of its own.
 */

import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isFolder } from '../base/make-folder.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import type { BenchCase } from './bench-case.ts'

/** The top of this checkout. */
export const CHECKOUT = resolve(import.meta.dirname, '../..')

interface BenchModule {
  readonly cases: readonly BenchCase[]
}

/** The cases of the checkout at `root`, in a fixed order. `UsageError` if it has none. */
export async function loadCases(root = CHECKOUT): Promise<readonly BenchCase[]> {
  const folder = join(resolve(root), 'experiments/bench')
  if (!isFolder(folder)) throw new UsageError(`${root} is not a checkout: there is no ${folder}`)
  const names = readdirSync(folder).filter((name) => name.endsWith('.bench.ts'))
  const modules = names
    .sort()
    .map((name) => import(pathToFileURL(join(folder, name)).href) as Promise<BenchModule>)
  return (await Promise.all(modules)).flatMap(({ cases }) => cases)
}

/** The case called `name`, or the only one whose name contains it. Throws `UsageError`. */
export function findCase(cases: readonly BenchCase[], name: string): BenchCase {
  const exact = cases.find((benchCase) => benchCase.name === name)
  if (exact !== undefined) return exact
  const found = cases.filter((benchCase) => name !== '' && benchCase.name.includes(name))
  if (found.length === 1) return found[0]!
  const names = cases.map((benchCase) => benchCase.name)
  if (found.length === 0 && name !== '') throw unknownName('benchmark', name, names)
  const matching = found.length === 0 ? names : found.map((benchCase) => benchCase.name)
  throw new UsageError(`name one benchmark of: ${matching.join('; ')}`)
}
