/**
 * Owns the bundling of a page's script: the entry module and its imports, without types, as one
 * text for one inline script. Only relative imports of unrenamed names are accepted. Two modules
 * that declare the same name give a script that does not parse, which is an error here.
 */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, resolve } from 'node:path'
import { Script } from 'node:vm'
import { assert } from '../../engine/base/assert.ts'

const IMPORT = /^import\s+([^'"]*?)\s*from\s+['"]([^'"]+)['"]\n/gm
const EXPORT = /^export (?=(?:async )?(?:function|const|let|class)\b)/gm

/**
 * The code of all modules that `entry` (an absolute path) needs, each once, then the code of
 * `entry`. In the built package, `entry` is a script that this function made before.
 */
export function inlineScript(entry: string): string {
  if (entry.endsWith('.js')) return readFileSync(entry, 'utf8')
  const texts = new Map<string, string>()
  collect(entry, texts)
  const script = [...texts.values()].join('\n')
  // Parsed but not run, so that a name declared twice is an error here, not in the browser.
  new Script(`(async () => {${script}\n})`, { filename: entry })
  return script
}

function collect(path: string, texts: Map<string, string>): void {
  if (texts.has(path)) return
  // The mark ends circular imports. The module gets its place after its imports.
  texts.set(path, '')
  const code = stripTypeScriptTypes(readFileSync(path, 'utf8'))
  for (const [, names, from] of code.matchAll(IMPORT)) {
    assert(from!.startsWith('.'), `${path}: a page cannot import ${from}`)
    assert(!/\bas\b|^\w/.test(names!), `${path}: a page imports names as they are`)
    if (/\w/.test(names!)) collect(resolve(dirname(path), from!), texts)
  }
  texts.delete(path)
  const bare = code.replaceAll(IMPORT, '').replaceAll(EXPORT, '')
  assert(!/^(?:import|export)\b/m.test(bare), `${path}: an import or export of a form unknown here`)
  texts.set(path, bare.replaceAll(/[ \t]+$/gm, '').replaceAll(/\n{2,}/g, '\n'))
}
