import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseResult } from '../../results/parse-result.ts'
import type { RunResult } from '../../results/schema.ts'
import type { SweepContext } from '../base/context.ts'
import { Interrupted } from '../base/interrupted.ts'
import { parseCommand } from '../cli/request.ts'
import { resolvePlans } from '../cli/resolve.ts'
import { overDefaults } from '../cli/testing/over-defaults.ts'
import { runSweep } from './sweep.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-sweep-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function sweep(change: Partial<SweepContext> = {}, ...more: string[]) {
  const flags = ['--strategy=leveling,tiering', '--records=200', '--operations=200']
  const command = parseCommand(overDefaults([...flags, '--storage=memory'], more))
  if (command.kind !== 'run') throw new Error(command.kind)
  const reused: string[] = []
  const context: SweepContext = {
    outFolder: folder,
    keep: false,
    force: false,
    signal: new AbortController().signal,
    terminalWritten: () => ({ bytes: 0, calls: 0 }),
    onProgress() {},
    onReuse: (path) => reused.push(path),
    ...change,
  }
  return { ...(await runSweep(await resolvePlans(command.request), context)), reused }
}

const resultNames = () => readdirSync(folder).filter((name) => name.endsWith('-r0.json'))

test('an interrupted sweep keeps its results, and resumes where it stopped', async () => {
  const interrupt = new AbortController()
  const interrupted = sweep({
    signal: interrupt.signal,
    onProgress: (what) => what.includes('tiering: run') && interrupt.abort(),
  })
  await expect(interrupted).rejects.toThrow(Interrupted)
  expect(resultNames()).toHaveLength(1)
  const resumed = await sweep()
  expect(resumed.reused).toEqual([resumed.resultPaths[0]])
  expect(resumed.results.map(({ config }) => config.strategy.name)).toEqual(['leveling', 'tiering'])
})

test('damaged results, results of other code and forced runs are measured again', async () => {
  const { resultPaths } = await sweep()
  const [first, second] = resultPaths as [string, string]
  writeFileSync(first, readFileSync(first, 'utf8').slice(0, 1000))
  const other = readFileSync(second, 'utf8').replace(
    /"varveVersion": "[^"]*"/,
    '"varveVersion": "x"',
  )
  writeFileSync(second, other)
  expect((await sweep()).reused).toEqual([])
  expect((await sweep()).reused).toEqual(resultPaths)
  expect((await sweep({ force: true })).reused).toEqual([])
})

test('a result measured beside other runs is only reused by runs that are done so too', async () => {
  const beside = await sweep({ runsAtOnce: 2 })
  const gate = beside.results[0]!.gates.find(({ name }) => name === 'alone')!
  expect(gate).toMatchObject({ passed: false, covers: ['time'] })
  expect(gate.remedy).toEqual(beside.results[0]!.command)
  expect((await sweep({ runsAtOnce: 2 })).reused).toEqual(beside.resultPaths)
  const alone = await sweep()
  expect(alone.reused).toEqual([])
  expect(alone.results[0]!.gates.map(({ name }) => name)).not.toContain('alone')
  expect((await sweep({ runsAtOnce: 2 })).reused).toEqual(alone.resultPaths)
})

test('reused results have the sweep’s new number of seeds', async () => {
  const seeds = ({ gates }: RunResult) => gates.find(({ name }) => name === 'several-seeds')!
  const one = await sweep({}, '--strategy=tiering')
  expect(seeds(one.results[0]!)).toMatchObject({ passed: false })
  const ten = await sweep({}, '--strategy=tiering', '--repeat=10')
  expect(ten.reused).toEqual(one.resultPaths)
  expect(ten.results.every((result) => seeds(result).passed)).toBe(true)
  const written = parseResult(readFileSync(one.resultPaths[0]!, 'utf8'), one.resultPaths[0]!)
  expect(seeds(written)).toMatchObject({ passed: true })
})

test('a result without the folder that is to be kept is measured again', async () => {
  const kept = () => readdirSync(folder).filter((name) => name.endsWith('.db'))
  const { results } = await sweep({}, '--storage=node')
  expect(kept()).toEqual([])
  expect(await sweep({ keep: true }, '--storage=node')).toMatchObject({ reused: [] })
  expect(kept()).toEqual(results.map(({ id }) => `${id}.db`).toSorted())
  const { reused } = await sweep({ keep: true }, '--storage=node')
  expect(reused).toHaveLength(results.length)
})

test('ten repeats of one stream of operations are one sample', async () => {
  const flags = ['--strategy=tiering', '--workload=ycsb-load', '--operations=0', '--repeat=10']
  const { results } = await sweep({}, ...flags)
  const traces = results.map(({ deterministic }) => deterministic.traceHash)
  expect(new Set(traces).size).toBe(1)
  for (const { gates } of results) {
    const seeds = gates.find(({ name }) => name === 'several-seeds')!
    expect(seeds).toMatchObject({ passed: false })
    expect(seeds.why).toMatch(/^10 repeats of one stream of operations are one sample/)
    expect(seeds).not.toHaveProperty('remedy')
  }
})

test('progress grows from nothing to all of the sweep', async () => {
  const fractions: number[] = []
  await sweep({ onProgress: (_what, _done, _total, fraction) => fractions.push(fraction) })
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
  expect(fractions.at(-1)).toBe(1)
})
