import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'
import { UsageError } from './usage-error.ts'

const root = mkdtempSync(join(tmpdir(), 'varve-make-folder-'))
afterAll(() => rmSync(root, { recursive: true }))

test('makes what is missing on the way, and nothing twice', () => {
  const folder = join(root, 'a', 'b', 'c')
  makeFolder(folder)
  makeFolder(folder)
  expect(statSync(folder).isDirectory()).toBe(true)
})

test('a path that can be no folder is a mistake of the caller', () => {
  writeFileSync(join(root, 'file'), '')
  symlinkSync(join(root, 'nowhere'), join(root, 'dangling'))
  for (const name of ['file', 'file/x/y', 'dangling', 'dangling/x']) {
    expect(() => makeFolder(join(root, name))).toThrow(UsageError)
  }
})

test.runIf(process.platform === 'linux')(
  'a folder under /proc is refused, not tried for ever',
  () => {
    expect(() => makeFolder('/proc/varve/deep')).toThrow(
      'cannot make the folder /proc/varve (ENOENT)',
    )
  },
)
