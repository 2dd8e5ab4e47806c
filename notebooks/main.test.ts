import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const script = join(import.meta.dirname, 'main.ts')
const notebooks = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args])
  return { code: status, stdout: stdout.toString(), stderr: stderr.toString() }
}

test('--help builds nothing', () => {
  const { code, stdout, stderr } = notebooks('--help')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^Builds the notebooks .*\n\n {2}npm run notebooks\n/)
})

test.each([['previw'], ['preview', '--port=1']])('%j is refused in one line', (...args) => {
  const stderr = `notebooks: unknown argument "${args.at(-1)}"; known: preview, --help\n`
  expect(notebooks(...args)).toEqual({ code: 2, stdout: '', stderr })
})
