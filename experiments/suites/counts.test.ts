import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { suiteResultSchema } from '../../results/suite-schema.ts'
import { lookOf } from '../cli/terminal.ts'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { suiteTables } from '../commands/exp/suite-table.ts'
import { counts } from './counts.ts'
import { papersRawBytes } from './load-buffers.ts'
import { runSuite } from './run-suite.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-counts-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

test('every claim holds at smoke scale, and the result is whole', {
  timeout: 120_000,
}, async () => {
  const fractions: number[] = []
  const { result, path } = await runSuite(counts, {
    scale: 'smoke',
    seed: 42,
    outFolder,
    signal: new AbortController().signal,
    jobs: 1,
    plansOf: suitePlans,
    onProgress: (_what, _done, _total, fraction) => fractions.push(fraction),
  })
  expect(result.claims.filter(({ held }) => !held)).toEqual([])
  const engine = (run: string) => {
    const { figures } = result.runs.find(({ name }) => name === run)!
    return [figures.papersBuffers, figures.levelZeroRunBuffers]
  }
  for (const order of ['hashed', 'sequential']) {
    expect(engine(`T=4 F=63 ${order} leveling`)).toEqual([288, 335])
    expect(engine(`T=4 F=63 ${order} lazy-leveling`)).toEqual([207, 224])
    expect(engine(`T=4 F=63 ${order} tiering`)).toEqual([144, 159])
  }
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
  expect(fractions.at(-1)).toBeCloseTo(1, 12)
  expect(readdirSync(outFolder)).toEqual(['suite-counts-smoke.json'])
  expect(suiteResultSchema.parse(JSON.parse(readFileSync(path, 'utf8')))).toEqual(result)
  expect(suiteTables(counts, result, lookOf({}))).toContain(
    `${result.claims.length} of ${result.claims.length} claims held`,
  )
})

test('runs at once give the findings of runs in turn, and leave no other file', {
  timeout: 120_000,
}, async () => {
  const findings = async (jobs: number) => {
    const told: string[] = []
    const fractions: number[] = []
    const { runs, claims, otherRssBytes } = await counts.run({
      scale: 'smoke',
      seed: 42,
      outFolder,
      signal: new AbortController().signal,
      jobs,
      plansOf: suitePlans,
      onProgress: (_what, _done, _total, fraction) => fractions.push(fraction),
      onEnded: (what) => told.push(what),
    })
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
    expect(fractions.at(-1)).toBeCloseTo(1, 12)
    const counted = runs.map(({ wallSeconds: _, ...run }) => run)
    return { text: JSON.stringify({ counted, claims, told }), otherRssBytes }
  }
  const before = readdirSync(outFolder)
  const inTurn = await findings(1)
  const atOnce = await findings(2)
  expect(atOnce.text).toBe(inTurn.text)
  expect(inTurn.otherRssBytes).toBeUndefined()
  expect(atOnce.otherRssBytes).toBeGreaterThan(50e6)
  expect(readdirSync(outFolder)).toEqual(before)
})

test("the papers' count leaves out a flush that its own arrival merges", () => {
  const side = (tables: readonly number[]) => [
    { level: 0, run: 0, tables, bytes: 0, rawBytes: tables.length * 10 },
  ]
  const flush = (table: number) => ({ kind: 'flush', inputs: [], outputs: side([table]) }) as const
  const merge = (inputs: readonly number[], outputs: readonly number[]) =>
    ({ kind: 'merge', inputs: side(inputs), outputs: side(outputs) }) as const
  const move = (table: number) =>
    ({ kind: 'move', inputs: side([table]), outputs: side([table]) }) as const
  expect(papersRawBytes([flush(1), flush(2)])).toBe(20)
  expect(papersRawBytes([flush(1), flush(2), merge([2, 1], [3, 4])])).toBe(30)
  expect(papersRawBytes([flush(1), move(1), flush(2), merge([2, 1], [3, 4])])).toBe(30)
  // A flush merged by a later arrival was written; a flush that moves and is then merged was not.
  expect(papersRawBytes([flush(1), flush(2), merge([1], [3])])).toBe(30)
  expect(papersRawBytes([flush(1), move(1), merge([1], [2])])).toBe(10)
  // A flush that its arrival merges twice is left out once.
  expect(papersRawBytes([flush(1), merge([1], [2]), merge([2], [3])])).toBe(20)
})
