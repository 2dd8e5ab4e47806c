/**
 * Owns reading which modules of Node a strategy imports. A strategy is a pure function, so it has
 * no use for files, processes, clocks or the network. The module and the files that it imports by
 * relative paths are read; packages are not.
 */

import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** An import that no strategy needs. */
export interface ForeignImport {
  /** The file that imports it. */
  readonly path: string
  /** What it imports, as written. */
  readonly module: string
  /** The impure members it uses, where the module has pure ones too. */
  readonly members: readonly string[]
}

/** Modules of Node that only compute. */
const HARMLESS = new Set([
  'assert',
  'assert/strict',
  'buffer',
  'events',
  'path',
  'path/posix',
  'path/win32',
  'punycode',
  'querystring',
  'string_decoder',
  'url',
  'util',
  'util/types',
  'zlib',
])

/** Hashes are pure, and a hash of the view is how a strategy makes a random choice. */
const IMPURE_IN_CRYPTO = /\b(random\w+|getRandomValues|webcrypto|subtle|generate\w+)\b/g

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<![:'"`\\])\/\/.*/g
/** `import … from 'x'`, `export … from 'x'`, `import 'x'`; types only are left out. */
const STATEMENTS =
  /\b(?:import|export)(?!\s+type\b)\s*(?:[\w*{}\s,$]*?\bfrom\s*)?['"]([^'"\n]+)['"]/g
/** `import('x')`, `require('x')`, `process.getBuiltinModule('x')`. */
const CALLS = /\b(?:import|require|getBuiltinModule)\s*\(\s*['"`]([^'"`\n]+)['"`]/g

export function foreignImports(path: string): readonly ForeignImport[] {
  const found: ForeignImport[] = []
  const seen = new Set<string>()
  const waiting = [path]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    // A file that does not exist is reported by the loader.
    if (seen.has(next) || !existsSync(next)) continue
    seen.add(next)
    const text = readFileSync(next, 'utf8').replaceAll(COMMENTS, '')
    for (const pattern of [STATEMENTS, CALLS]) {
      for (const [, module] of text.matchAll(pattern)) {
        if (module!.startsWith('.')) waiting.push(resolve(dirname(next), module!))
        else if (module!.startsWith('file:')) waiting.push(fileURLToPath(module!))
        else if (isBuiltin(module!)) found.push(...foreignOf(next, module!, text))
      }
    }
  }
  return found
}

function foreignOf(path: string, module: string, text: string): readonly ForeignImport[] {
  const name = module.replace(/^node:/, '')
  if (HARMLESS.has(name)) return []
  if (name !== 'crypto') return [{ path, module, members: [] }]
  const members = [...new Set(text.match(IMPURE_IN_CRYPTO))]
  return members.length === 0 ? [] : [{ path, module, members }]
}
