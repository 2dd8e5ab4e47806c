import { describe, expect, test } from 'vitest'
import type { SafetyRule } from '../../compaction/resolved-spec.ts'
import { schedulesFrom } from '../interleavings.ts'
import { runAdversary } from './adversary.ts'

const KINDS = ['merge', 'move', 'drop'] as const
/** The rules that a single job can break. `inputs-free` needs a pair of jobs. */
const RULES: readonly SafetyRule[] = [
  'inputs-exist',
  'inputs-contiguous',
  'place-exists',
  'outputs-ordered',
  'form',
  'recency',
  'destination-disjoint',
  'drop-retention',
  'drop-oldest',
  'progress',
]

describe('a strategy that picks anything at all', () => {
  test('is refused by name or does no harm, and both are put to the test', () => {
    const { offered, accepted, shares, refusals, pairs } = runAdversary(17, 20, 50)
    expect(offered).toBeGreaterThan(900)
    expect(accepted / offered).toBeGreaterThan(0.3)
    for (const kind of KINDS) expect(shares[`${kind}, closed`]![0], kind).toBeGreaterThan(0)
    for (const rule of RULES) expect(refusals[rule], rule).toBeGreaterThan(0)
    expect(pairs).toBeGreaterThan(10)
  })

  test.each(schedulesFrom(17, 2).slice(1))('is so with jobs that run as %s', (schedule) => {
    const { offered, accepted } = runAdversary(18, 6, 50, schedule)
    expect(offered).toBeGreaterThan(250)
    expect(accepted / offered).toBeGreaterThan(0.3)
  })

  test('is the same again from the same seed', () => {
    expect(runAdversary(3, 1, 30)).toEqual(runAdversary(3, 1, 30))
  })
})
