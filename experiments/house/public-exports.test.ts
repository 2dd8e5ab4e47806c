/** Every public export has a docstring, because the API reference is made from docstrings. */

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

test('the reference lists the exports of the package', () => {
  const { exports } = JSON.parse(fromDisk('package.json'))
  expect(entries.map((path) => `./${path}`)).toEqual(Object.values(exports))
})

describe('every export has a docstring:', () => {
  test.each(entries)('%s', (entry) => {
    expect(publicExports(entry, fromDisk).length).toBeGreaterThan(10)
    expect(undocumented(entry, fromDisk)).toEqual([])
  })
})

describe('an undocumented export is found', () => {
  const planted = (files: Readonly<Record<string, string>>) => {
    return undocumented('a/index.ts', (path) => files[path]!)
  }

  test('under its name in the file that declares it', () => {
    const face = "export { one, type Two } from './b.ts'\nexport type * from '../c.ts'"
    const b =
      '/** Header. */\n\nexport const one = 1\n/** Two. */\nexport type Two = 2\nexport type Own = 3'
    const c = '/** Has one. */\nexport interface Three {}\nexport interface Four {}'
    expect(planted({ 'a/index.ts': face, 'a/b.ts': b, 'c.ts': c })).toEqual([
      'a/b.ts:3: one',
      'c.ts:3: Four',
    ])
  })

  test('and so are the public methods of a class that follows no interface', () => {
    const methods = 'open() {}\n#hidden() {}\nprivate inner() {}\n/** Ends. */\nclose() {}\n'
    const face = `/** A. */\nexport class A implements Disposable {\n${methods}}
/** B. */\nexport class B implements Storage {\n${methods}}`
    expect(planted({ 'a/index.ts': face })).toEqual(['a/index.ts:3: A.open'])
  })
})
