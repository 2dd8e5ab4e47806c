/** Everything a user can import says what it means: the API reference is made from docstrings. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { publicExports } from './public-exports.ts'

const root = join(import.meta.dirname, '../..')
const typedoc = JSON.parse(readFileSync(join(root, 'docs/typedoc.json'), 'utf8'))
const entries: readonly string[] = typedoc.entryPoints.map((path: string) => join('docs', path))

const fromDisk = (path: string) => readFileSync(join(root, path), 'utf8')
const undocumented = (entry: string, read: (path: string) => string) => {
  return publicExports(entry, read)
    .filter(({ isDocumented }) => !isDocumented)
    .map(({ path, line, name }) => `${path}:${line}: ${name}`)
}

describe('every export has a docstring:', () => {
  test.each(entries)('%s', (entry) => {
    expect(publicExports(entry, fromDisk).length).toBeGreaterThan(10)
    expect(undocumented(entry, fromDisk)).toEqual([])
  })
})
