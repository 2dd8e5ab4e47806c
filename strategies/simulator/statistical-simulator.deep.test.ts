import { describe, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import {
  comparedStreams,
  exactFigures,
  expectNear,
  type Figures,
  statisticalFigures,
} from './testing/two-modes.ts'

const whole = ['leveling', 'tiering', 'lazy-leveling', 'fluid', 'k-lsm', 'lsm-bush', 'spooky']

describe.each(whole)('%s', (name) => {
  test.each(comparedStreams)('$name: within 3 % of exact keys', (stream) => {
    const module = STRATEGIES.get(name)!
    const exact = exactFigures(module.create(), stream)
    expectNear(statisticalFigures(module.create(), stream, 1), exact, 0.03)
  })
})

const partial = ['leveling-partial', '1-leveling', 'dynamic-leveled', 'fragmented']

describe.each(partial)('%s', (name) => {
  test.each(comparedStreams)('$name: within 5 % of exact keys, mean of 10 seeds', (stream) => {
    const strategy = STRATEGIES.get(name)!.create()
    const exact = meanOver(10, (seed) => exactFigures(strategy, stream, seed))
    const statistical = meanOver(10, (seed) => statisticalFigures(strategy, stream, seed))
    expectNear(statistical, exact, 0.05)
  })
})

function meanOver(seeds: number, figures: (seed: number) => Figures): Figures {
  const all = Array.from({ length: seeds }, (_, seed) => figures(seed + 1))
  const mean = (figure: keyof Figures) =>
    all.reduce((sum, one) => sum + one[figure], 0) / all.length
  return {
    writeAmplification: mean('writeAmplification'),
    rawBytes: mean('rawBytes'),
    tableBytes: mean('tableBytes'),
    tombstones: mean('tombstones'),
  }
}
