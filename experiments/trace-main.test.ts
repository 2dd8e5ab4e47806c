import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REFERENCE_TRACES, sha256Of } from '../workloads/testing/reference.ts'

const script = join(import.meta.dirname, 'trace-main.ts')
const referenceHash = REFERENCE_TRACES.find(({ workload }) => workload === 'ycsb-a')!.sha256

interface Outcome {
  readonly code: number
  readonly stdout: Uint8Array
  readonly stderr: string
}

async function trace(...args: string[]): Promise<Outcome> {
  const options = { encoding: 'buffer', maxBuffer: 2 ** 26 } as const
  try {
    const run = await promisify(execFile)(process.execPath, [script, ...args], options)
    return { code: 0, stdout: run.stdout, stderr: run.stderr.toString() }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: Buffer; stderr: Buffer }
    return { code, stdout, stderr: stderr.toString() }
  }
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-trace-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('npm run trace', () => {
  test('generates YCSB’s own trace on standard output', async () => {
    const { code, stdout, stderr } = await trace(
      ...['generate', '--workload=ycsb-a', '--records=1000', '--operations=10000'],
      ...['--seed=42', '--format=ycsb'],
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(sha256Of([stdout])).toBe(referenceHash)
  })

  test('writes a file whole, leaving no temporary', async () => {
    const path = join(folder, 'a.txt')
    const { code, stdout } = await trace('generate', '--out', path)
    expect({ code, printed: stdout.length }).toEqual({ code: 0, printed: 0 })
    expect(sha256Of([readFileSync(path)])).toBe(referenceHash)
    expect(readdirSync(folder)).toEqual(['a.txt'])
  })

  test('takes parameters of the workload by name', async () => {
    const { stdout } = await trace(
      ...['generate', '--records=1', '--operations=0', '--phase=load'],
      ...['--param=fieldcount=1', '--param', 'fieldlength=4', '--param=insertorder=ordered'],
    )
    const lines = stdout.toString().trimEnd().split('\n')
    expect(lines.at(-1)).toMatch(/^INSERT usertable user0 \[ field0=.{4} \]$/)
  })

  test('shows its help', async () => {
    const { code, stdout } = await trace('--help')
    expect(code).toBe(0)
    expect(stdout.toString()).toContain('--workload')
  })

  test.each([
    [['generate', '--workload=ycsb-aa'], 'unknown workload "ycsb-aa"; did you mean "ycsb-a"?'],
    [['generate', '--recrods=5'], 'unknown flag "--recrods"; did you mean "--records"?'],
    [['generate', '--records=0'], 'ycsb-a: 0 records; it takes 1 to 2147483647'],
    [['generate', '--records'], '--records needs a value'],
    [['generate', '--param=fieldcuont=1'], 'did you mean "fieldcount"?'],
    [['generat'], 'did you mean "generate"?'],
  ])('%j is a mistake: one line, exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await trace(...args)
    expect({ code, printed: stdout.length }).toEqual({ code: 2, printed: 0 })
    expect(stderr).toContain(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  test('a folder that is not there is a failure: one line, exit code 1', async () => {
    const { code, stderr } = await trace('generate', `--out=${join(folder, 'none', 'a.txt')}`)
    expect(code).toBe(1)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})
