import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { listing } from '../commands/exp/listing.ts'
import { chooseWorkload } from './choose-workload.ts'
import { parseCommand } from './request.ts'
import { resolvePlans } from './resolve.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-workload-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

async function plan(...flags: string[]) {
  const command = parseCommand(flags)
  if (command.kind !== 'run') throw new Error(command.kind)
  return (await resolvePlans(command.request))[0]!
}

const spec = { phases: [{ keys: { distribution: 'zipfian' }, steps: [{ operation: 'update' }] }] }

describe('a YCSB property file', () => {
  const path = file('workloadx', 'recordcount=70\noperationcount=90\nthreadcount=4\nfieldcount=2\n')

  test('says how many records and operations there are, unless a flag does', async () => {
    expect((await plan(`--workload=${path}`)).config).toMatchObject({ records: 70, operations: 90 })
    const { config } = await plan(`--workload=${path}`, '--records=50')
    expect(config).toMatchObject({ records: 50, operations: 90, workload: { name: 'workloadx' } })
    expect(config.workload.params).toMatchObject({ fieldcount: 2, fieldlength: 100 })
  })

  test('names properties without effect', async () => {
    const { notes } = await plan(`--workload=${path}`)
    expect(notes).toEqual([`${path}: without effect on the operations: threadcount`])
  })

  test('names its histogram by a path beside it', () => {
    const named = 'fieldlengthdistribution=histogram\nfieldlengthhistogram=h.txt'
    expect(() => chooseWorkload(file('workloadh', named))).toThrow(`cannot read ${folder}/h.txt`)
    file('h.txt', 'BlockSize\t10\n0\t1\n')
    const { definition } = chooseWorkload(file('workloadh', named))
    expect(definition.parse({})).toMatchObject({ fieldlengthhistogram: 'BlockSize\t10\n0\t1\n' })
  })
})

describe('a spec', () => {
  const path = file('mine.json', spec)

  test('is part of a run’s identity, and its command gives the same run', async () => {
    const one = await plan(`--workload=${path}`)
    const two = await plan(`--workload=${path}`, '--param=phases.0.keys.theta=0.5')
    expect(two.id).not.toBe(one.id)
    expect(two.config.workload.params).toMatchObject({ phases: [{ keys: { theta: 0.5 } }] })
    expect((await plan(...two.command.slice(4))).id).toBe(two.id)
    file('mine.json', { ...spec, values: { bytes: 10 } })
    expect((await plan(`--workload=${path}`)).id).not.toBe(one.id)
    file('mine.json', spec)
    expect((await plan(`--workload=${path}`)).id).toBe(one.id)
  })

  test('gives the compression of its values', async () => {
    const half = file('half.json', { ...spec, values: { compressionRatio: 0.5 } })
    const { valueCompression } = (await plan(`--workload=${half}`)).config.workload
    expect(valueCompression!.targetRatio).toBe(0.5)
    expect(valueCompression!.achievedRatio).toBeCloseTo(0.5, 1)
  })
})

describe('mistakes', () => {
  test.each([
    [
      'fillsek',
      'unknown workload "fillsek"; did you mean "fillseq"? (a file is named with its folder: ./fillsek)',
    ],
    ['./nowhere.json', '--workload: cannot read ./nowhere.json (ENOENT)'],
    [folder, `--workload: cannot read ${folder} (EISDIR)`],
    [
      file('bad.json', { phases: [{ steps: [{ operation: 'reed' }] }] }),
      'bad.phases.0.steps.0.operation: "reed"; did you mean "read"?',
    ],
    [
      file('bad', 'recordcont=1'),
      'bad, line 1: unknown YCSB property "recordcont"; did you mean "recordcount"?',
    ],
  ])('%s', (given, message) => {
    expect(() => chooseWorkload(given)).toThrow(expect.objectContaining({ name: 'UsageError' }))
    expect(() => chooseWorkload(given)).toThrow(message)
  })

  test('keys too narrow for the number of records', async () => {
    const narrow = file('narrow.json', { ...spec, keys: { parts: [{ width: 2 }] } })
    const planned = plan(`--workload=${narrow}`, '--records=1k')
    await expect(planned).rejects.toMatchObject({ name: 'UsageError' })
    await expect(planned).rejects.toThrow('keys.parts.0.width: 2 is too narrow for 1000 values')
  })
})

test('--list=workloads shows a parameter of a family once, and what its members change', async () => {
  const text = await listing('workloads')
  expect(text.match(/ value_size=100 /g)).toHaveLength(1)
  expect(text.match(/ maxscanlength=/g)).toHaveLength(2)
  expect(text).toContain('defaults: RocksDB tools/db_bench_tool.cc')
  expect(text).toMatch(/keyrange_dist_a=14\.18/)
})
