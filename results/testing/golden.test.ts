import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { expectGolden } from './golden.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-golden-'))
const path = join(folder, 'x.svg')
writeFileSync(path, 'first\nsecond line\nthird\n')
afterAll(() => rmSync(folder, { recursive: true }))

test('an equal file passes', () => {
  expectGolden(path, 'first\nsecond line\nthird\n', 'npm run x')
})

test.each([
  ['first\nsecond time\nthird\n', 'line 2, column 8'],
  ['first\nsecond line\nthird\nfourth\n', 'line 4, column 1'],
  ['first\nsecond line\nthird', 'line 4, column 1'],
])('a difference is shown with its place and the renewing command: %j', (actual, place) => {
  const expected = new RegExp(`x\\.svg: ${place} [^]*If the change is wanted: npm run x;`)
  expect(() => expectGolden(path, actual, 'npm run x')).toThrow(expected)
})

test('a missing file is a difference', () => {
  expect(() => expectGolden(join(folder, 'none'), 'text', 'npm run x')).toThrow('npm run x')
})
