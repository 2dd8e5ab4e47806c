import { describe, expect, test } from 'vitest'
import { cutPowerEverywhere, historyOf } from '../engine/testing/faults/power-cuts.ts'
import { seeded } from '../engine/testing/interleavings.ts'
import { STRATEGIES } from './catalog.ts'
import { smallestRatio } from './testing/smallest-ratio.ts'

const SEED = 20_261_121
/** Every image is opened three times, so only one strategy gets the long history. */
const STEPS = 110
const STEPS_LONGEST = 150
const LONGEST = 'leveling-partial'

const SCHEDULES = ['inline', seeded(SEED)] as const
/** Strategies run under one of the schedules, in turn. VARVE_ALL_SCALES=1 runs all under both. */
const cases = [...STRATEGIES.values()].flatMap((module, index) => {
  const isUnderBoth = module.name === LONGEST || Boolean(process.env.VARVE_ALL_SCALES)
  const schedules = isUnderBoth ? SCHEDULES : [SCHEDULES[index % 2]!]
  return schedules.map((schedule) => [module.name, schedule, module] as const)
})

describe('power lost before any storage call, the last write torn at every sector', () => {
  test.each(cases)('leaves a prefix of the batches under %s, jobs %s', (_, schedule, module) => {
    const isLongest = module.name === LONGEST && schedule === 'inline'
    const steps = isLongest ? STEPS_LONGEST : STEPS
    const { calls, images, manifestRolls } = cutPowerEverywhere({
      history: historyOf(steps, SEED),
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
