import { describe, expect, test } from 'vitest'
import { cutPowerEverywhere, historyOf } from '../../engine/testing/power-cuts.ts'
import { STRATEGIES } from '../catalog.ts'

const SEED = 20_261_121

describe('power lost before any storage call, the last write torn at every sector', () => {
  test.each([...STRATEGIES.values()].map((module) => [module.name, module] as const))(
    'leaves a prefix of the batches under %s',
    (_, module) => {
      const { calls, images, manifestRolls } = cutPowerEverywhere({
        history: historyOf(150, SEED),
        strategy: () => module.create({ T: 2, ...('K' in module.params.shape && { K: 1 }) }),
        options: { memtableBytes: 4096, blockBytes: 512, manifestRollBytes: 0 },
        randomImages: 4,
        tears: true,
        seed: SEED,
      })
      console.log(`${module.name}: ${calls} storage calls, ${images} images, seed ${SEED}`)
      expect(images).toBeGreaterThan(calls * 8)
      expect(manifestRolls).toBeGreaterThan(1)
    },
  )
})
