import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { callVarve } from '../cli/testing/start-command.ts'

const root = join(import.meta.dirname, '../..')
const broken = (name: string) => join(root, 'strategies', 'conformance', 'broken', `${name}.ts`)

const conform = (...argv: string[]) => callVarve(['conform', ...argv], root)

describe('npm run conform', () => {
  test('checks a strategy against rules and says how many hold', () => {
    const { code, stdout } = conform('tiering', '--param=T=2', '--rule=recency', '--runs=3')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^tiering, T 2: 3 histories for each rule, seed 42\n\n {2}holds {3}recency\n/,
    )
    expect(stdout).toContain('1 rules hold, 0 broken')
  })

  test('shows a broken rule with tree, pick and the command that shows it again', () => {
    const path = broken('ignores-jobs')
    const flags = ['--rule=safe-beside-jobs', '--seed=7', '--runs=20']
    const { code, stdout } = conform(path, ...flags)
    expect(code).toBe(1)
    for (const part of ['BROKEN  safe-beside-jobs', 'tree:', 'running:', 'pick:', 'after:']) {
      expect(stdout).toContain(part)
    }
    const again = /again: npm run conform -- (.*)\n/.exec(stdout)![1]!
    expect(conform(...again.split(' ')).stdout).toBe(stdout)
  })

  test('checks no other rule if the strategy cannot be created', () => {
    const { code, stdout } = conform(broken('unsound-defaults'))
    expect({ code, end: stdout.trim().split('\n').at(-1) }).toEqual({
      code: 1,
      end: '0 rules hold, 1 broken, 25 not asked',
    })
  })

  test('gives a verdict on a strategy that ends the process', () => {
    const { code, stdout } = conform(broken('ends-the-process'), '--rule=well-formed', '--runs=5')
    expect(code).toBe(1)
    expect(stdout).toContain('a strategy must not call process.exit')
  })

  test('finds varve and zod for a module outside the checkout', () => {
    const folder = mkdtempSync(join(tmpdir(), 'conform-'))
    const path = join(folder, 'mine.ts')
    copyFileSync(join(root, 'strategies', 'examples', 'size-tiered.ts'), path)
    const { code, stdout } = conform(path, '--rule=params')
    rmSync(folder, { recursive: true })
    expect({ code, end: stdout.trim().split('\n').at(-1) }).toEqual({
      code: 0,
      end: '1 rules hold, 0 broken',
    })
  })

  test('prints verdicts as JSON', () => {
    const { code, stdout } = conform(broken('never-urgent'), '--rule=urgency', '--runs=5', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      strategy: 'never-urgent',
      seed: 42,
      rules: [{ name: 'urgency', holds: false, message: expect.stringContaining('highest score') }],
    })
  })

  test('lists its rules', () => {
    const { code, stdout } = conform('--list')
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toMatch(/^params +Every parameter has a default/)
  })

  test.each([
    [[], 'name a strategy, or the path of a module'],
    [['tierin'], 'no strategy is called tierin; did you mean tiering?'],
    [['./nope.ts'], 'does not exist'],
    [['tiering', '--param=X=1'], 'unknown tiering parameter "X"'],
    [['tiering', '--param=T=1'], 'tiering parameter T=1: expected integer 2 … 1000'],
    [['tiering', '--rule=recensy'], 'unknown rule "recensy"; did you mean "recency"?'],
    [['tiering', '--runs=0'], '--runs: "0" is not a whole number from 1 to'],
    [['tiering', '--rums=3'], 'unknown flag "--rums"; did you mean "--runs"?'],
    [['tiering', 'leveling'], 'unexpected argument "leveling"'],
  ])('%j is a mistake: one line', (argv, line) => {
    const { code, stdout, stderr } = conform(...argv)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(line)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
