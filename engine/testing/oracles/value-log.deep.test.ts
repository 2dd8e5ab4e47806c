// The value log under long scripts, and under power cuts with the last write torn at every sector.

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setParanoid } from '../../base/assert.ts'
import { cutPowerEverywhere, historyWithCollections } from '../faults/power-cuts.ts'
import { everyNth, RESTLESS_LOG, restless } from '../fixtures.ts'
import { schedules, seeded } from '../interleavings.ts'
import { runScript, type Setup, scripts } from './model.ts'

beforeAll(() => setParanoid(true))
afterAll(() => setParanoid(false))

const small = { memtableBytes: 4096, blockBytes: 512, blockCacheBytes: 16 * 1024 }
const compressions = ['none', 'lz4', 'zstd'] as const

const setups: readonly Setup[] = [
  ...compressions.map((compression, index) => ({
    name: `a log collected all the time, ${compression}`,
    create: () => everyNth(2 + index),
    options: { ...small, valueLog: { ...RESTLESS_LOG, compression, gcRate: 8 / (1 + index) } },
    valueLogPolicy: restless,
  })),
  {
    name: 'all values in a log nobody collects',
    create: () => everyNth(2),
    options: { ...small, blockCacheBytes: 0, valueLog: { thresholdBytes: 1 } },
  },
]

test('a database with a log and a sorted map answer alike over 40,000 steps', () => {
  fc.assert(
    fc.property(scripts(1000), schedules, (script, schedule) =>
      runScript(script, setups, schedule),
    ),
    { numRuns: 40, endOnFailure: true },
  )
})

test.each(['inline', seeded(1)] as const)(
  'power lost before any storage call leaves every synced value, no dangling pointer, %s',
  (schedule) => {
    const seed = 20_261_121
    const { calls, images } = cutPowerEverywhere({
      history: historyWithCollections(22, seed),
      strategy: () => everyNth(3),
      options: { ...small, manifestRollBytes: 0, valueLog: RESTLESS_LOG },
      valueLogPolicy: restless,
      randomImages: 2,
      tears: true,
      seed,
      schedule,
    })
    console.log(`${calls} storage calls, ${images} images, seed ${seed}`)
    expect(images).toBeGreaterThan(calls * 6)
  },
)
