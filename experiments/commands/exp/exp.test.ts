import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { parseResult } from '../../../results/parse-result.ts'
import { endStarted, startCommand, varve } from '../../cli/testing/start-command.ts'

/** Some file. */
const main = join(import.meta.dirname, '../../main.ts')
const root = mkdtempSync(join(tmpdir(), 'varve-main-'))
afterAll(() => rmSync(root, { recursive: true }))

afterAll(endStarted)

const small = ['--records=400', '--operations=400', '--set=memtableBytes=64KiB']
/** Does not end within a test. */
const endless = ['--records=1M', '--operations=1M']

/** Each test starts processes while other tests run. */
const patient = { timeout: 120_000 }

const startExp = (...flags: string[]) => startCommand(varve('exp', ...flags))
const exp = (...flags: string[]) => startExp(...flags).ended
const outFolder = (name: string) => join(root, name)

/** Waits until `run` has its database open in `out`; returns that folder's name. */
async function databaseOpen(out: string, run: ChildProcess): Promise<string> {
  while (run.exitCode === null) {
    const name = existsSync(out) && readdirSync(out).find((entry) => entry.endsWith('.db'))
    if (name && existsSync(join(out, name, 'CURRENT'))) return name
    await sleep(20)
  }
  throw new Error(`the run ended with ${run.exitCode} before its database was open`)
}

describe.concurrent('the command', patient, () => {
  test('runs from nothing to a result, a chart and a table', async () => {
    const out = outFolder('one')
    const { code, stdout, stderr } = await exp(...small, `--out=${out}`)
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^ycsb-a × tiering: done in [^\n]+\n$/),
    })
    expect(stdout).toMatch(/│ tiering +│ ycsb-a +│/)
    const [json] = readdirSync(out).filter((name) => /-r0\.json$/.test(name))
    expect(json).toMatch(/^ycsb-a-tiering-[0-9a-f]{8}-r0\.json$/)
    const stem = json!.replace(/\.json$/, '')
    expect(readdirSync(out)).toEqual(
      ['.json', '.png', '.svg', '.vl.json'].map((end) => `${stem}${end}`),
    )
    for (const end of ['.json', '.svg']) expect(stdout).toContain(join(out, `${stem}${end}`))
    const result = parseResult(readFileSync(join(out, json!), 'utf8'), json!)
    const system = result.gates.find((gate) => gate.name === 'operating-system')
    if (process.platform === 'linux') expect(system).toMatchObject({ passed: true })
  })

  test('with jobs in threads, the system has seen written what the ledger counts', async () => {
    const out = outFolder('threads')
    const flags = ['--scheduling=threads', '--quiet', `--out=${out}`]
    expect((await exp(...small, ...flags)).code).toBe(0)
    const [json] = readdirSync(out).filter((name) => /-r0\.json$/.test(name))
    const { gates, timed } = parseResult(readFileSync(join(out, json!), 'utf8'), json!)
    const byName = new Map(gates.map(({ name, passed }) => [name, passed]))
    expect([byName.get('conservation'), byName.get('answers')]).toEqual([true, true])
    if (process.platform === 'linux') expect(byName.get('operating-system')).toBe(true)
    // A memtable may fill to twice its size while its freeze is prepared.
    expect(timed.background!.jobs.length).toBeGreaterThan(3)
  })

  test('--quiet prints nothing, --keep leaves the database', async () => {
    const out = outFolder('quiet')
    const flags = ['--records=100', '--operations=100', '--quiet', '--keep', `--out=${out}`]
    const { stdout, stderr } = await exp(...flags)
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' })
    expect(readdirSync(out).some((name) => name.endsWith('.db'))).toBe(true)
  })

  test('--help names every flag, --list every strategy, and its defaults by name', async () => {
    const help = await exp('--help')
    expect(help.code).toBe(0)
    expect(help.stdout).toContain('--value-bytes=SIZE')
    const list = await exp('--list')
    expect(list.stdout.split('\n').length).toBeLessThan(60)
    expect(list.stdout).toMatch(/Strategies.*\n(?: .+\n)* {2}tiering +\S/)
    expect(list.stdout).toMatch(/Suites \(--suite\)\n(?: .+\n)* {2}counts +\S/)
    expect((await exp('--list=strategies')).stdout).toMatch(/ {2}tiering: .*\n {4}T=4 /)
    expect((await exp('--list=memtableBytes')).stdout).toContain('memtableBytes=1 MiB')
  })
})

describe.concurrent('mistakes: one line, exit code 2, nothing written', patient, () => {
  test.each([
    [
      ['--strategi=x'],
      'exp: unknown flag "--strategi"; did you mean "--strategy"? (--help lists all)',
    ],
    [['--list=teiring'], 'exp: unknown name to list "teiring"; did you mean "tiering"?'],
    [['--strategy=teiring'], 'exp: unknown strategy "teiring"; did you mean "tiering"?'],
    [[`--aged=${main}`], `exp: --aged: ${main} is a file, not a folder`],
    [[`--record=${root}`], `exp: --record: ${root} is a folder; name a file in it`],
    [['--suite=cuonts'], 'exp: unknown suite "cuonts"; did you mean "counts"?'],
    [
      ['--suite=counts', '--strategy=tiering'],
      'exp: --strategy: not with --suite, which decides its own runs',
    ],
    [['--param=T=1'], 'exp: tiering parameter T=1: expected integer 2 … 1000'],
  ])('%j', async (flags, line) => {
    const out = outFolder(flags.join())
    const { code, stdout, stderr } = await exp(...flags, `--out=${out}`)
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `${line}\n` })
    expect(existsSync(out)).toBe(false)
  })

  test('--debug adds the stack', async () => {
    const { stderr } = await exp('--strategy=teiring', '--debug')
    expect(stderr).toMatch(/\n {4}at /)
  })
})

describe.concurrent('failures: one line, exit code 1, no half-written result', patient, () => {
  test('a strategy that throws', async () => {
    const path = join(root, 'broken.ts')
    writeFileSync(
      path,
      `import { z } from ${JSON.stringify(import.meta.resolve('zod'))}
       import { defineStrategy } from ${JSON.stringify(join(import.meta.dirname, '../../../strategies/index.ts'))}
       export default defineStrategy({
         name: 'broken', description: '', params: z.object({}),
         primitives: { trigger: [], layout: 'none', granularity: [], movement: [] },
         pick: () => { throw new Error('picked wrongly') },
       })`,
    )
    const out = outFolder('broken')
    const { code, stdout, stderr } = await exp(...small, `--strategy=${path}`, `--out=${out}`)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^exp: .*picked wrongly\n$/)
    expect(readdirSync(out)).toEqual([])
  })

  test.runIf(process.platform === 'linux')('files that may not grow further', async () => {
    const out = outFolder('limited')
    // The limit's signal is ignored, so that the write fails instead of ending the process.
    const script = 'trap "" XFSZ; ulimit -f 16; exec "$@"'
    const command = ['bash', '-c', script, 'bash', ...varve('exp')]
    const { code, stderr } = await startCommand([...command, ...small, `--out=${out}`]).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/^exp: .*\n$/)
    expect(readdirSync(out)).toEqual([])
  })

  test('a folder in use, whose owner is not disturbed', async () => {
    const out = outFolder('locked')
    const owner = startExp(...endless, `--out=${out}`)
    const database = await databaseOpen(out, owner.child)
    const second = await exp(...endless, `--out=${out}`)
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(/^exp: .*already open in process \d+.*\n$/)
    expect(readdirSync(out)).toEqual([database])
    owner.child.kill('SIGKILL')
    await owner.ended
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s: the database folder goes, a finished run stays', async (signal, code) => {
    const out = outFolder(signal)
    const first = await exp(...small, `--out=${out}`, '--quiet')
    expect(first.code).toBe(0)
    const before = readdirSync(out)
    const run = startExp(...endless, `--out=${out}`)
    await databaseOpen(out, run.child)
    run.child.kill(signal)
    const { code: ended, stdout, stderr } = await run.ended
    expect({ ended, stdout, stderr }).toEqual({
      ended: code,
      stdout: '',
      stderr: 'exp: interrupted\n',
    })
    expect(readdirSync(out)).toEqual(before)
  })
})
