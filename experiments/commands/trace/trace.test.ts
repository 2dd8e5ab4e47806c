import { execFile, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { REFERENCE_TRACES, sha256Of } from '../../../workloads/testing/reference.ts'
import { dispatch } from '../../cli/program.ts'
import { varve } from '../../cli/testing/start-command.ts'
import { VERBS } from '../catalog.ts'

const [node, ...script] = varve('trace') as [string, ...string[]]
/** A file that is not a trace. */
const text = import.meta.filename
const referenceHash = REFERENCE_TRACES.find(({ workload }) => workload === 'ycsb-a')!.sha256

interface Outcome {
  readonly code: number
  readonly stdout: Uint8Array
  readonly stderr: string
}

async function trace(...args: string[]): Promise<Outcome> {
  const options = { encoding: 'buffer', maxBuffer: 2 ** 26 } as const
  try {
    const run = await promisify(execFile)(node, [...script, ...args], options)
    return { code: 0, stdout: run.stdout, stderr: run.stderr.toString() }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: Buffer; stderr: Buffer }
    return { code, stdout, stderr: stderr.toString() }
  }
}

/** The same without a separate process: what it prints. */
async function inProcess(...args: string[]) {
  const printed = { stdout: '', stderr: '' }
  const keep = (name: keyof typeof printed) => (text: string | Uint8Array) => {
    printed[name] += String(text)
    return true
  }
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep('stdout')),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep('stderr')),
  ]
  try {
    await runTrace(args)
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return printed
}

const runTrace = (args: readonly string[]) =>
  dispatch(VERBS, ['trace', ...args], () => new AbortController().signal)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-trace-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('varve trace', () => {
  test('generates YCSB’s own trace on standard output', async () => {
    const { code, stdout, stderr } = await trace(
      ...['generate', '--workload=ycsb-a', '--records=1000', '--operations=10000'],
      ...['--seed=42', '--format=ycsb'],
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(sha256Of([stdout])).toBe(referenceHash)
  })

  test('writes a file atomically, leaving no temporary file', async () => {
    const path = join(folder, 'a.txt')
    expect(await inProcess('generate', '--out', path)).toEqual({ stdout: '', stderr: '' })
    expect(sha256Of([readFileSync(path)])).toBe(referenceHash)
    expect(readdirSync(folder)).toEqual(['a.txt'])
  })

  test('takes parameters of the workload by name', async () => {
    const path = join(folder, 'one')
    await inProcess(
      ...['generate', '--records=1', '--operations=0', '--phase=load', `--out=${path}`],
      ...['--param=fieldcount=1', '--param', 'fieldlength=4', '--param=insertorder=ordered'],
    )
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    rmSync(path)
    expect(lines.at(-1)).toMatch(/^INSERT usertable user0 \[ field0=.{4} \]$/)
  })

  test('takes a trace through every verb', async () => {
    const at = (name: string) => join(folder, name)
    await inProcess('record', '--records=50', '--operations=100', `--out=${at('own')}`)
    await inProcess('export', at('own'), '--format=ycsb', `--out=${at('text')}`)
    const brought = await inProcess('import', at('text'), '--format=ycsb', `--out=${at('again')}`)
    expect(brought.stdout).toMatch(/again: 150 operations, .*\n14 lines .*, 0 malformed/)
    await inProcess('export', at('again'), '--format=csv', '--phase=load', `--out=${at('csv')}`)
    const rows: string[][] = parse(readFileSync(at('csv')))
    expect(rows).toHaveLength(51)
    expect(rows.every((row) => row.length === rows[0]!.length)).toBe(true)
    const figures = []
    for (const name of ['own', 'again']) {
      const { stdout } = await inProcess('stats', at(name), '--json')
      const { operationsByKind, keys, values, reuse } = JSON.parse(stdout)
      figures.push({ operationsByKind, keys, values, reuse })
    }
    expect(figures[1]).toEqual(figures[0])
    const text = await inProcess('stats', at('text'), '--format=ycsb')
    expect(text.stdout).toMatch(/^operations +150: read/)
    expect(text.stderr).toContain('0 malformed')
    for (const name of ['own', 'text', 'again', 'csv']) rmSync(at(name))
  })

  test('reports malformed lines, and stops after the limit', async () => {
    const bad = join(folder, 'bad')
    writeFileSync(bad, 'READ user1\nWRITE user2\nREAD user3\n')
    const out = join(folder, 'never')
    const stopped = await trace('import', bad, '--format=ycsb', `--out=${out}`)
    expect(stopped.code).toBe(2)
    expect(stopped.stderr).toContain(`${bad}:2: neither an operation`)
    expect(stopped.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(readdirSync(folder)).toEqual(['a.txt', 'bad'])
    const args = ['import', bad, '--format=ycsb', `--out=${out}`, '--errors-max=1']
    const passed = await inProcess(...args)
    expect(passed.stderr).toContain(`${bad}:2: neither an operation`)
    expect(passed.stdout).toContain('1 malformed')
    rmSync(out)
    rmSync(bad)
  })

  test('shows its help', async () => {
    expect((await inProcess('--help')).stdout).toContain('--workload')
    expect((await inProcess('import', '--help')).stdout).toContain('--errors-max')
  })

  test.each([
    [['generate', '--workload=ycsb-aa'], 'unknown workload "ycsb-aa"; did you mean "ycsb-a"?'],
    [['generate', '--recrods=5'], 'unknown flag "--recrods"; did you mean "--records"?'],
    [['generate', '--records=0'], 'ycsb-a: 0 records; it takes 1 to 2147483647'],
    [['generate', '--records'], '--records needs a value'],
    [['generate', '--param=fieldcuont=1'], 'did you mean "fieldcount"?'],
    [['generat'], 'did you mean "generate"?'],
    [['import'], 'name a file to import'],
    [['import', '/nowhere'], 'there is no /nowhere'],
    [['import', text], '--format is needed: ycsb, rocksdb'],
    [['import', text, '--format=ycbs'], 'did you mean "ycsb"?'],
    [['import', text, '--format=rocksdb', '--out=/tmp/varve-none'], 'not a RocksDB trace'],
    [['stats', text], 'not a trace'],
    [['stats', import.meta.dirname], 'is a folder; name a trace'],
    [['export', text, '--format=csv'], 'not a trace'],
    [['export', text, '--format=csv', `--out=${text}`], 'is read; name another file'],
    [['generate', `--out=${import.meta.dirname}`], 'is a folder; name a file in it'],
    [['generate', '--out=/nowhere/a.txt'], '--out: there is no folder /nowhere'],
    [['generate', '--compression=none'], '--compression: only with --format=native, not ycsb'],
    [['record'], '--out=FILE is needed'],
    [['--format=ycsb'], 'no command before --format=ycsb'],
  ])('%j is a mistake: one line', async (args, message) => {
    const refused = await runTrace(args).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Error)
    expect((refused as Error).message).toContain(message)
    expect((refused as Error).message).not.toContain('\n')
  })

  test('a mistake ends it with exit code 2 and one line', async () => {
    const { code, stdout, stderr } = await trace('generate', '--workload=ycsb-aa')
    expect({ code, printed: stdout.length }).toEqual({ code: 2, printed: 0 })
    expect(stderr).toMatch(/^trace: unknown workload "ycsb-aa"; did you mean "ycsb-a"\?.*\n$/)
  })

  test('ends by a signal also when standard output is a file', async () => {
    const path = join(folder, 'redirected')
    const descriptor = openSync(path, 'w')
    const stdio: StdioOptions = ['ignore', descriptor, 'ignore']
    const child = spawn(node, [...script, 'generate', '--records=5M'], { stdio })
    closeSync(descriptor)
    await vi.waitUntil(() => statSync(path).size > 0, { timeout: 30_000 })
    child.kill('SIGINT')
    expect((await once(child, 'close'))[0]).toBe(130)
  })

  test.each([
    ['SIGINT', 130, 'generate'],
    ['SIGTERM', 143, 'record'],
    ['SIGHUP', 129, 'generate'],
  ] as const)('after %s no partial file is left', async (signal, ended, verb) => {
    const own = mkdtempSync(join(folder, 'interrupted '))
    const child = spawn(node, [...script, verb, '--records=5M', `--out=${join(own, 'a')}`])
    let stderr = ''
    child.stderr.on('data', (text) => {
      stderr += text
    })
    await vi.waitUntil(() => readdirSync(own).length > 0, { timeout: 30_000 })
    child.kill(signal)
    const [code] = await once(child, 'close')
    expect({ code, stderr }).toEqual({ code: ended, stderr: 'trace: interrupted\n' })
    expect(readdirSync(own)).toEqual([])
  })
})
