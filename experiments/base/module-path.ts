/**
 * Owns the paths of modules that are read or started as files, not imported. Invariant: they have
 * the extension of the module that names them, `.ts` in the checkout and `.js` in the built
 * package.
 */

import { extname, join } from 'node:path'

/** The module `name`, a path without extension, relative to the module that `meta` belongs to. */
export function modulePath(meta: ImportMeta, name: string): string {
  return join(meta.dirname, `${name}${extname(meta.filename)}`)
}
