import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Interrupted } from '../base/interrupted.ts'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { memory, NODE_FLAGS } from './memory.ts'
import { runSuite } from './run-suite.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-memory-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

/** Each test starts a process, which takes time. */
const patient = { timeout: 120_000 }

test('a small load stays within its budgets, and its samples are kept', patient, async () => {
  const { signal } = new AbortController()
  const context = {
    scale: 'smoke',
    seed: 42,
    outFolder,
    signal,
    jobs: 1,
    plansOf: suitePlans,
    onProgress: () => {},
  } as const
  const { result } = await runSuite(memory, context)
  expect(result.claims.filter(({ held }) => !held)).toEqual([])
  // A load this small says nothing about threads.
  expect(result.claims).toHaveLength(3)
  expect(result.runs.map(({ params }) => params.scheduling)).toEqual(['inline', 'threads'])
  for (const run of result.runs) {
    expect(run.figures.entries).toBe(100_000)
    expect(run.series).toHaveLength(100)
    expect(run.series.at(-1)).toMatchObject({ records: 100_000 })
  }
  expect(readdirSync(outFolder)).toEqual(['suite-memory-smoke.json'])
})

test('an interrupt ends the process and leaves no files', patient, async () => {
  const interrupt = new AbortController()
  const out = mkdtempSync(join(outFolder, 'interrupted-'))
  const running = memory.run({
    scale: 'full',
    seed: 42,
    outFolder: out,
    signal: interrupt.signal,
    jobs: 1,
    plansOf: suitePlans,
    onProgress: () => interrupt.abort(),
  })
  await expect(running).rejects.toThrow(Interrupted)
  expect(readdirSync(out)).toEqual([])
})

test('the measured process runs under the flags of the command', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(scripts.exp).toBe(`node ${NODE_FLAGS.join(' ')} experiments/main.ts exp`)
})
