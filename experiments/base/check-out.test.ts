import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkOutFile, checkOutFileMade, checkOutFolder, checkResultFile } from './check-out.ts'
import { UsageError } from './usage-error.ts'

let folder = ''
let file = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve out '))
  file = join(folder, 'a file')
  writeFileSync(file, '')
})
afterAll(() => rmSync(folder, { recursive: true }))

test('a file may be new or old, in a folder that is there', () => {
  checkOutFile('out', join(folder, 'new'))
  checkOutFile('out', file)
  checkOutFile('out', 'relative')
  checkOutFileMade('out', join(folder, 'made', 'on the way', 'new'))
})

test('a folder may be there, or missing with those above it', () => {
  checkOutFolder('out', folder)
  checkOutFolder('out', join(folder, 'made', 'below'))
  checkOutFolder('out', 'relative/new')
})

test('a folder in the place of a result is found before the run', () => {
  checkResultFile(file)
  checkResultFile(join(folder, 'new.json'))
  expect(() => checkResultFile(folder)).toThrow(`a result goes to ${folder}, which is a folder`)
})

test('what cannot be written is the caller’s mistake, in a line', () => {
  const none = join(folder, 'no')
  const mistakes: readonly (readonly [() => void, string])[] = [
    [() => checkOutFile('record', folder), `--record: ${folder} is a folder; name a file in it`],
    [() => checkOutFileMade('out', folder), `--out: ${folder} is a folder; name a file in it`],
    [() => checkOutFile('out', join(none, 'x')), `--out: there is no folder ${none}`],
    [() => checkOutFileMade('out', join(file, 'x')), `--out: ${file} is a file, not a folder`],
    [() => checkOutFolder('aged', join(file, 'x', 'y')), `--aged: ${file} is a file, not a folder`],
  ]
  for (const [work, line] of mistakes) expect(work).toThrow(new UsageError(line))
})
