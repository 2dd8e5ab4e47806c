/** How often a call claims a difference where there is none, with the correction and without. */
import { describe, expect, test } from 'vitest'
import { createRandom, deriveSeed, type Random } from '../../engine/base/random.ts'
import { bootstrapMean, meanOf } from '../measure/bootstrap.ts'
import { normalQuantile } from '../measure/quantiles.ts'
import { signFlipP } from '../measure/significance.ts'
import type { Estimate, EstimatedComparison } from './comparison.ts'
import { correctionText, judge, probabilityText } from './family.ts'

const LEVEL = 0.95

function estimateOf(differences: readonly number[], seed: number, change: Partial<Estimate> = {}) {
  const { low, high } = bootstrapMean(differences, { seed, level: LEVEL, resamples: 200 })
  const estimate: Estimate = {
    metric: 'WA total',
    better: 'lower',
    meanA: 1,
    meanB: 1,
    difference: meanOf(differences),
    relative: null,
    low,
    high,
    p: signFlipP(differences, seed),
    primary: false,
    labels: [],
    withheld: null,
    ...change,
  }
  return estimate
}

function comparisonOf(pairs: number, metrics: readonly Estimate[]): EstimatedComparison {
  return {
    a: 'one',
    b: 'other',
    designs: { a: '1', b: '2' },
    workload: 'ycsb-a',
    pairs,
    unpaired: 0,
    level: LEVEL,
    resamples: 200,
    seed: 42,
    configDifferences: [],
    metrics,
    leftOut: [],
  }
}

const claims = (verdict: string) => verdict === 'better' || verdict === 'worse'

/** Shares of calls with a false claim: 3 comparisons of 5 metrics, 12 pairs, no difference. */
function falseClaims(calls: number, draw: (random: Random) => number) {
  let [corrected, plain] = [0, 0]
  for (let call = 0; call < calls; call++) {
    const random = createRandom(deriveSeed(call, 'null'))
    const sample = () => Array.from({ length: 12 }, () => draw(random))
    const estimated = Array.from({ length: 3 }, () =>
      comparisonOf(
        12,
        Array.from({ length: 5 }, () => estimateOf(sample(), call)),
      ),
    )
    const { comparisons } = judge(estimated, [], LEVEL)
    const metrics = comparisons.flatMap((comparison) => comparison.metrics)
    if (metrics.some(({ verdict }) => claims(verdict))) corrected++
    if (metrics.some(({ low, high }) => low! > 0 || high! < 0)) plain++
  }
  return { corrected: corrected / calls, plain: plain / calls }
}

describe('fifteen differences of nothing', () => {
  test('normal values: about one call in twenty claims one; without the correction, half', () => {
    const draw = (random: Random) => normalQuantile(random.nextDouble() * (1 - 2e-9) + 1e-9)
    const { corrected, plain } = falseClaims(500, draw)
    expect(corrected).toBeGreaterThan(0.02)
    expect(corrected).toBeLessThan(0.065)
    expect(plain).toBeGreaterThan(0.4)
  })

  test('two values only, where tests that assume a normal law fail', () => {
    const { corrected, plain } = falseClaims(500, (random) => (random.nextDouble() < 0.5 ? 1 : -1))
    expect(corrected).toBeLessThan(0.065)
    expect(plain).toBeGreaterThan(0.2)
  })
})

describe('the family', () => {
  const certain = (count: number) => Array.from({ length: count }, (_, at) => -1 - at / 100)

  test('holds the differences of all comparisons, and Holm’s step is on the smallest first', () => {
    const weak = [...certain(9), 0.5]
    const { comparisons, family } = judge(
      [
        comparisonOf(10, [estimateOf(certain(10), 1), estimateOf(weak, 1)]),
        comparisonOf(10, [estimateOf([...certain(5), 1, 2, 1, 2, 1], 1)]),
      ],
      [],
      LEVEL,
    )
    expect(family).toEqual({ size: 3, metrics: [], level: LEVEL, pairsMin: 10 })
    const [first, second] = comparisons.map(({ metrics }) => metrics)
    expect(first![0]).toMatchObject({ p: 2 / 1024, pAdjusted: 6 / 1024, verdict: 'better' })
    expect(first![1]!.pAdjusted).toBe(2 * first![1]!.p!)
    expect(second![0]!.verdict).toBe('no significant difference')
  })

  test('leaves out what gets no verdict', () => {
    const withheld = (['not claimed', 'exploratory', 'too few seeds'] as const).map((verdict) =>
      estimateOf(certain(10), 1, { withheld: verdict }),
    )
    const estimated = [comparisonOf(10, [estimateOf(certain(10), 1), ...withheld])]
    const { comparisons, family } = judge(estimated, [], LEVEL)
    expect(family.size).toBe(1)
    expect(comparisons[0]!.metrics.map(({ verdict, pAdjusted }) => [verdict, pAdjusted])).toEqual([
      ['better', 2 / 1024],
      ['not claimed', null],
      ['exploratory', null],
      ['too few seeds', null],
    ])
  })

  test('of many differences needs more pairs than ten, and says how many', () => {
    const estimates = (pairs: number) =>
      Array.from({ length: 40 }, () => estimateOf(certain(pairs), 1))
    const verdicts = (pairs: number) => {
      const { comparisons, family } = judge([comparisonOf(pairs, estimates(pairs))], [], LEVEL)
      return [family.pairsMin, comparisons[0]!.metrics[0]!.verdict]
    }
    expect(verdicts(10)).toEqual([11, 'too few seeds'])
    expect(verdicts(11)).toEqual([11, 'better'])
  })

  test('claims nothing whose own interval holds zero', () => {
    const wide = estimateOf(certain(10), 1, { low: -3, high: 0.1 })
    const { comparisons } = judge([comparisonOf(10, [wide])], [], LEVEL)
    expect(comparisons[0]!.metrics[0]!.verdict).toBe('no significant difference')
  })
})

test('what verdicts are corrected for is said in words', () => {
  const family = { size: 30, metrics: [], level: 0.95, pairsMin: 11 }
  expect(correctionText(family)).toBe(
    'Verdicts: sign-flip test, corrected for the 30 differences of this call (Holm 1979): at ' +
      'most 5 % risk of one or more false verdicts. Each interval is for one difference alone.',
  )
  expect(correctionText({ ...family, size: 4, metrics: ['WA total', 'WA lsm'] })).toContain(
    'corrected for the 4 differences of WA total and WA lsm, asked for beforehand (*) (Holm',
  )
  expect([0.00001, 0.001953125, 1].map(probabilityText)).toEqual(['<0.0001', '0.002', '1'])
})
