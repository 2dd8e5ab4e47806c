import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { RunResult } from '../../../results/schema.ts'
import { sampleResult } from '../../../results/testing/sample-result.ts'
import { digestOf } from '../../base/digest.ts'
import { Charts, mayDrawBeside } from './write-charts.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-charts-'))
afterAll(() => rmSync(folder, { recursive: true }))

const patient = { timeout: 120_000 }
const signal = new AbortController().signal
const results = ['leveling', 'tiering'].map((strategy) => sampleResult({ strategy }))
/** Digests, because the difference of two pictures is nothing to print. */
const digest = (path: string) => digestOf([readFileSync(path)])
const images = (out: string) => readdirSync(out).map((name) => digest(join(out, name)))

async function drawn(begun: readonly RunResult[], out: string): Promise<readonly string[]> {
  mkdirSync(out)
  const charts = new Charts(out, signal)
  try {
    for (const result of begun) charts.begin(result)
    return await charts.finish(results, [])
  } finally {
    await charts.close()
  }
}

test('every run gets a chart, and the runs of one workload get one together', patient, async () => {
  const [late, early] = [join(folder, 'late'), join(folder, 'early')]
  const paths = await drawn([], late)
  const charts = paths.filter((path) => path.endsWith('.svg'))
  expect(charts.map((path) => basename(path, '.svg'))).toEqual([
    ...results.map((result) => result.id),
    expect.stringMatching(/^ycsb-a-comparison-[0-9a-f]{8}$/),
  ])
  // The first is drawn again, because its result was judged again; the second was drawn at once.
  const [first, second] = results
  const gates = first!.gates.map((gate) => ({ ...gate, passed: false }))
  const unfinished = { ...first!, gates }
  expect(await drawn([unfinished, second!], early)).toEqual(
    paths.map((path) => join(early, basename(path))),
  )
  expect(images(early)).toEqual(images(late))
  const alone = join(folder, 'alone')
  mkdirSync(alone)
  const single = new Charts(alone, signal)
  expect((await single.finish([first!], [])).map(digest)).toEqual(paths.slice(0, 3).map(digest))
  await single.close()
})

test('an error of a chart is that of drawing in turn, the first in order', patient, async () => {
  const charts = new Charts(join(folder, 'nowhere'), signal)
  const failing = charts.finish(results, [])
  await expect(failing).rejects.toThrow(new RegExp(`ENOENT.*${results[0]!.id}`))
  await charts.close()
})

test('a timed run shares the machine with no chart, unless there are cores for it', () => {
  const { config } = results[0]!
  const inline = { simulation: null, config }
  const simulated = { simulation: { mode: 'exact' }, config } as const
  const scheduling = { executor: 'threads' } as NonNullable<typeof config.scheduling>
  const inThreads = { simulation: null, config: { ...config, scheduling } }
  expect(mayDrawBeside([inline, simulated], 1, 2)).toBe(false)
  expect(mayDrawBeside([inline, simulated], 1, 4)).toBe(true)
  expect(mayDrawBeside([inline, inThreads], 1, 64)).toBe(false)
  expect(mayDrawBeside([simulated], 1, 2)).toBe(true)
  expect(mayDrawBeside([simulated], 1, 1)).toBe(false)
  expect(mayDrawBeside([inline, inline], 2, 2)).toBe(true)
})
