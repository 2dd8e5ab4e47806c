import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { describeCode, describeEnvironment } from './environment.ts'

test('code is a version with a digest of its sources, and a commit where there is one', () => {
  const code = describeCode()
  expect(code.varveVersion).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/)
  if (code.commit === null) expect(code.dirty).toBe(false)
  else expect(code.commit).toMatch(/^[0-9a-f]{40}$/)
})

test('the machine is described, with the file system of the folder', () => {
  const code = { commit: null, dirty: false, varveVersion: '1' }
  const startedAt = new Date('2026-01-02T03:04:05.678Z')
  expect(describeEnvironment(tmpdir(), startedAt, code)).toMatchObject({
    node: process.version,
    fileSystem: expect.stringMatching(/./),
    startedAt: '2026-01-02T03:04:05.678Z',
    ...code,
  })
})

test.runIf(process.platform === 'linux')('the innermost mount counts', () => {
  const code = { commit: null, dirty: false, varveVersion: '1' }
  expect(describeEnvironment('/proc/self', new Date(0), code).fileSystem).toBe('proc')
})
