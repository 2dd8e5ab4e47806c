import { describe, expect, test } from 'vitest'
import { cutPowerEverywhere, historyOf } from '../engine/testing/faults/power-cuts.ts'
import { seeded } from '../engine/testing/interleavings.ts'
import { STRATEGIES } from './catalog.ts'
import { smallestRatio } from './testing/smallest-ratio.ts'

const SEED = 20_261_121
/** Every image is opened three times, so only one strategy gets the long history. */
const STEPS = 50
const STEPS_LONGEST = 150

describe('power lost before any storage call, the last write torn at every sector', () => {
  test.each(
    [...STRATEGIES.values()].flatMap((module) => [
      [module.name, 'inline', module] as const,
      [module.name, seeded(SEED), module] as const,
    ]),
  )('leaves a prefix of the batches under %s, jobs %s', (_, schedule, module) => {
    const isLong = module.name === 'leveling-partial' && schedule === 'inline'
    const { calls, images, manifestRolls } = cutPowerEverywhere({
      history: historyOf(isLong ? STEPS_LONGEST : STEPS, SEED),
      strategy: () => module.create(smallestRatio(module)),
      options: { memtableBytes: 4096, blockBytes: 512, manifestRollBytes: 0 },
      randomImages: 2,
      tears: true,
      seed: SEED,
      schedule,
    })
    console.log(`${module.name}: ${calls} storage calls, ${images} images, seed ${SEED}`)
    expect(images).toBeGreaterThan(calls * 6)
    // A strategy that never merges makes few edits, and so few rolls.
    expect(manifestRolls).toBeGreaterThan(module.name === 'fifo' ? 0 : 1)
  })
})
