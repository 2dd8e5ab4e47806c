import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import type { RunResult } from '../../../results/schema.ts'
import { endStarted, startCommand, varve } from '../../cli/testing/start-command.ts'

const root = mkdtempSync(join(tmpdir(), 'varve-jobs-'))
afterAll(() => rmSync(root, { recursive: true }))
afterAll(endStarted)

const patient = { timeout: 240_000 }
const sweep = [
  '--strategy=leveling,tiering',
  ...['--records=100', '--operations=100', '--set=memtableBytes=64KiB'],
]
const exp = (...flags: string[]) => startCommand(varve('exp', ...flags)).ended

/** A result without what the machine decides. */
function counted(text: string): Partial<RunResult> {
  const { environment, timed: _, gates, ...rest } = JSON.parse(text) as RunResult
  const { startedAt: __, ...machine } = environment
  return {
    ...rest,
    environment: machine as RunResult['environment'],
    gates: gates.filter(({ covers }) => covers?.includes('amplification')),
  }
}

/** What is printed, without times: of the closing table only the first columns are counted. */
const withoutTimes = (text: string, out: string) =>
  text
    .replaceAll(out, 'OUT')
    .replaceAll(/done in .*/g, 'done')
    .split('\n')
    .filter((line) => !/[│┌├└┬┼]/.test(line))

describe.concurrent('runs at once', patient, () => {
  test('leave the files and lines of runs in turn, apart from times', async () => {
    const [one, two] = [join(root, 'one'), join(root, 'two')]
    const inTurn = await exp(...sweep, `--out=${one}`)
    const atOnce = await exp(...sweep, '--jobs=2', `--out=${two}`)
    expect(atOnce.code).toBe(0)
    expect(withoutTimes(atOnce.stderr, two)).toEqual(withoutTimes(inTurn.stderr, one))
    expect(withoutTimes(atOnce.stdout, two)).toEqual(withoutTimes(inTurn.stdout, one))
    expect(readdirSync(two)).toEqual(readdirSync(one))
    const results = readdirSync(one).filter((name) => name.endsWith('-r0.json'))
    expect(results).toHaveLength(2)
    for (const name of results) {
      const [first, second] = [one, two].map((out) => readFileSync(join(out, name), 'utf8'))
      expect(JSON.stringify(counted(second!))).toBe(JSON.stringify(counted(first!)))
      const gates = new Map(
        (JSON.parse(second!) as RunResult).gates.map((gate) => [gate.name, gate.passed]),
      )
      expect(gates.get('alone')).toBe(false)
      if (process.platform === 'linux') expect(gates.get('operating-system')).toBe(true)
    }
  })

  test('an interrupt ends all of them, and leaves no file', async () => {
    const out = join(root, 'interrupted')
    const endless = ['--records=400k', '--operations=400k', '--jobs=2']
    const run = startCommand(
      varve('exp', '--strategy=leveling,tiering', ...endless, `--out=${out}`),
    )
    const open = () =>
      (existsSync(out) ? readdirSync(out) : []).filter((name) => name.endsWith('.db'))
    while (open().length < 2 && run.child.exitCode === null) await sleep(20)
    run.child.kill('SIGTERM')
    const { code, stdout, stderr } = await run.ended
    expect({ code, stdout, stderr }).toEqual({
      code: 143,
      stdout: '',
      stderr: 'exp: interrupted\n',
    })
    expect(readdirSync(out)).toEqual([])
  })

  test('are refused for a suite that measures times', async () => {
    const { code, stderr } = await exp(
      '--suite=background',
      '--jobs=2',
      `--out=${join(root, 'no')}`,
    )
    expect(code).toBe(2)
    expect(stderr).toBe(
      'exp: --jobs: the suite background measures times, so its runs are done in turn\n',
    )
  })
})
