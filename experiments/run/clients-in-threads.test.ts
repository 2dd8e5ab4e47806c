// Runs whose clients read in threads, in a process of their own: the system counts all bytes of a
// process, so nothing else may happen in it.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { contradictionsIn } from '../../results/consistency/contradictions.ts'
import { type RunResult, runResultSchema } from '../../results/schema.ts'
import { endStarted, startCommand, varve } from '../cli/testing/start-command.ts'

const root = mkdtempSync(join(tmpdir(), 'varve-clients-'))
afterAll(() => rmSync(root, { recursive: true }))
afterAll(endStarted)

const THREADS = ['--scheduling=threads', '--set=memtableBytes=64KiB', '--clients=3']

async function resultOf(name: string, ...flags: string[]): Promise<RunResult> {
  const out = join(root, name)
  const operations = flags.some((flag) => flag.startsWith('--operations='))
    ? []
    : ['--operations=2000']
  const size = ['--records=2000', '--quiet', ...operations]
  const { code, stderr } = await startCommand(
    varve('exp', ...THREADS, ...size, `--out=${out}`, ...flags),
  ).ended
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const [file] = readdirSync(out).filter((entry) => entry.endsWith('.json'))
  return runResultSchema.parse(JSON.parse(readFileSync(join(out, file!), 'utf8')))
}

const readsOf = ({ deterministic }: RunResult) => deterministic.readAmplification

describe.concurrent('clients in threads', { timeout: 120_000 }, () => {
  test.each([
    ['gets and updates', ['--workload=ycsb-a']],
    ['updates of a field, which read', ['--workload=ycsb-a', '--param=writeallfields=false']],
    ['read-modify-writes', ['--workload=ycsb-f']],
    ['scans', ['--workload=ycsb-e', '--operations=500']],
    ['an open loop', ['--workload=ycsb-b', '--rate=4k']],
    ['a share of the sustainable rate', ['--workload=ycsb-b', '--rate=50%', '--operations=500']],
  ])('%s: the system counts the same bytes, and every answer is right', async (name, flags) => {
    const result = await resultOf(name, ...flags)
    expect(contradictionsIn(result)).toEqual([])
    const passed = (gate: string) => result.gates.find((known) => known.name === gate)!.passed
    expect(passed('conservation')).toBe(true)
    expect(passed('answers')).toBe(true)
    expect(passed('drained')).toBe(true)
    expect(passed('repeatable')).toBe(false)
    expect(passed('operating-system')).toBe(true)
    expect(result.timed.background!.clientsIn).toBe('threads')
    // Each read is in one account, and each get was compared or left because of a write beside it.
    const { getHit, getMiss, updateRead } = readsOf(result)
    const { gets, overlapped = 0 } = result.deterministic.answers!
    const read = getHit.operations + getMiss.operations + updateRead.operations
    const first = name === 'read-modify-writes' ? getHit.operations - updateRead.operations : 0
    if (name === 'read-modify-writes') expect(first).toBeGreaterThan(0)
    else if (name !== 'scans') expect(gets + overlapped).toBe(read)
    expect(getMiss.operations).toBe(0)
  })

  test('an interrupt ends the threads, and leaves no file', async () => {
    const out = join(root, 'interrupted')
    const endless = ['--workload=ycsb-b', '--records=2000', '--operations=1M']
    const run = startCommand(varve('exp', ...THREADS, ...endless, `--out=${out}`))
    const threadsOf = () => readdirSync(`/proc/${run.child.pid}/task`).length
    const isOpen = () => existsSync(out) && readdirSync(out).some((name) => name.endsWith('.db'))
    const isRunning = () => run.child.exitCode === null
    while (isRunning() && !isOpen()) await sleep(20)
    const before = threadsOf()
    // Two workers for jobs, and one for each client.
    while (isRunning() && threadsOf() < before + 3) await sleep(20)
    await sleep(200)
    run.child.kill('SIGINT')
    const { code, stderr } = await run.ended
    expect(code).toBe(130)
    expect(stderr).toMatch(/^exp: interrupted\n$/m)
    expect(readdirSync(out)).toEqual([])
  })
})
