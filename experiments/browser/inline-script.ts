/**
 * Owns the way of a page's code into the page: the module and what it imports, types stripped, as
 * one text for one inline script. The rest of the page's world stays out: only relative imports of
 * names are taken, and two modules that declare one name make a script that does not even parse.
 */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, resolve } from 'node:path'
import { Script } from 'node:vm'
import { assert } from '../../engine/base/assert.ts'

const IMPORT = /^import\s+([^'"]*?)\s*from\s+['"]([^'"]+)['"]\n/gm
const EXPORT = /^export (?=(?:async )?(?:function|const|let|class)\b)/gm

/**
 * The code of `entry` (an absolute path) after that of all modules it needs, each once. In the
 * built package `entry` is a script that this function made.
 */
export function inlineScript(entry: string): string {
  if (entry.endsWith('.js')) return readFileSync(entry, 'utf8')
  const texts = new Map<string, string>()
  collect(entry, texts)
  const script = [...texts.values()].join('\n')
  // Parsed, not run: a name declared twice is told here, not to whoever opens the page.
  new Script(`(async () => {${script}\n})`, { filename: entry })
  return script
}

function collect(path: string, texts: Map<string, string>): void {
  if (texts.has(path)) return
  // Its place is taken when its imports are in; until then the mark stops a circle.
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
