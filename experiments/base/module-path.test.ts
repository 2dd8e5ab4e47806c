import { expect, test } from 'vitest'
import { modulePath } from './module-path.ts'

test.each([
  ['/a/b/c.ts', '/a/b/page/main.ts'],
  ['/a/b/c.js', '/a/b/page/main.js'],
])('beside %s', (filename, expected) => {
  const meta = { filename, dirname: '/a/b' } as ImportMeta
  expect(modulePath(meta, 'page/main')).toBe(expected)
})
