import { expect, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import { expectSameEdits } from './testing/same-edits.ts'
import { churn } from './testing/streams.ts'

/** No runs stop writers, because the simulator does not ask for limits. */
const unlimited = () => ({ slowdownRuns: Infinity, stopRuns: Infinity })

test.each([
  'leveling',
  'tiering',
  'lazy-leveling',
  'leveling-partial',
  'universal',
  'unified',
  'fragmented',
])('%s makes the engine’s edits with jobs that end in any order', (name) => {
  for (const seed of [1, 3]) {
    const strategy = { ...STRATEGIES.get(name)!.create(), stallLimits: unlimited }
    const interleaved = { seed, memtablesMax: 1 + seed, backgroundJobs: seed }
    expectSameEdits(
      { strategy, memtableBytes: 4096, blockBytes: 512, interleaved },
      churn(1500, 300, seed),
    )
  }
  expect.hasAssertions()
})
