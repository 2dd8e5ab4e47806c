import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { COMPARED } from '../../strategies/simulator/testing/scales.ts'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { agreement } from './agreement.ts'
import { runSuite } from './run-suite.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-agreement-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

test('every claim holds at smoke scale, for every strategy on every load', async () => {
  const fractions: number[] = []
  const { result } = await runSuite(agreement, {
    scale: 'smoke',
    seed: 42,
    outFolder,
    signal: new AbortController().signal,
    plansOf: suitePlans,
    onProgress: (_what, _done, _total, fraction) => fractions.push(fraction),
  })
  expect(result.claims.filter(({ held }) => !held)).toEqual([])
  expect(result.runs).toHaveLength(3 * COMPARED.length)
  for (const { name, figures } of result.runs) {
    expect(figures.engineEdits, name).toBeGreaterThan(10)
  }
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
  expect(fractions.at(-1)).toBeCloseTo(1, 12)
  expect(readdirSync(outFolder)).toEqual(['suite-agreement-smoke.json'])
})
