import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { tuner } from './tuner.ts'

test('at smoke scale predictions and choices hold against measured designs', {
  timeout: 120_000,
}, async () => {
  const fractions: number[] = []
  const { runs, claims } = await tuner.run({
    scale: 'smoke',
    seed: 42,
    outFolder: tmpdir(),
    signal: new AbortController().signal,
    jobs: 1,
    plansOf: suitePlans,
    onProgress: (_what, _done, _total, fraction) => fractions.push(fraction),
  })
  expect(claims.filter(({ held }) => !held)).toEqual([])
  expect(claims.filter(({ name }) => name.includes('regret'))).toHaveLength(6)
  expect(new Set(runs.map(({ name }) => name)).size).toBe(runs.length)
  expect(runs.every(({ figures }) => figures.isSteady === 'yes')).toBe(true)
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
})
