import { describe, expect, test } from 'vitest'
import { STRATEGIES } from '../catalog.ts'
import {
  type ComparedStream,
  comparedStreams,
  exactFigures,
  expectNear,
  meanOver,
  statisticalFigures,
} from './testing/two-modes.ts'

/** These merge or drop whole runs, which are alike in both modes. */
const whole = [
  ...['leveling', 'tiering', 'lazy-leveling', 'fluid', 'k-lsm', 'lsm-bush', 'spooky'],
  ...['fifo', 'time-window'],
]
/** These too, but from seed to seed they vary by more than the bar, in both modes. */
const wavering = ['universal']
/** These merge table by table. */
const partial = [
  ...['leveling-partial', '1-leveling', 'dynamic-leveled', 'fragmented'],
  ...['incremental-tiering', 'unified'],
]
/** These pick as leveling-partial does, by default and without tombstones. */
const derived = ['composed', 'delete-aware']

test('every strategy is in one of the claims', () => {
  const claimed = [...whole, ...wavering, ...partial, ...derived]
  expect(claimed.toSorted()).toEqual([...STRATEGIES.keys()].toSorted())
})

describe.each(whole)('%s', (name) => {
  test.each(comparedStreams)('$name: within 3 % of exact keys', (stream) => {
    expectNear(statisticalFigures(name, stream), exactFigures(name, stream), 0.03)
  })
})

/**
 * Chance decides whether runs within 1 % of each other's size merge, and that changes all later
 * merges. Over seeds, the writes of one simulation have a standard deviation of 9 % (uniform
 * updates), 3 % (zipfian) or 8 % (deletes) in either mode, and tombstones 21 %. So a mean of ten
 * simulations is known to 3 %, a mean of twenty to 2 %, and tombstones to 5 %.
 */
describe.each(wavering)('%s', (name) => {
  test.each(comparedStreams)('$name: within 3 % of exact keys, mean of 20 seeds', (stream) => {
    const isLoad = stream.run === null
    const exact = meanOver(isLoad ? 1 : 20, (seed) => exactFigures(name, stream, seed))
    const statistical = meanOver(isLoad ? 1 : 20, (seed) => statisticalFigures(name, stream, seed))
    expectNear(statistical, exact, 0.03, 0.1)
  })
})

describe.each(partial)('%s', (name) => {
  test.each(comparedStreams)('$name: within 5 % of exact keys, mean of 5 seeds', (stream) => {
    within5Percent(name, stream)
  })
})

describe('composed', () => {
  test.each(comparedStreams)('$name: as leveling-partial', (stream) => {
    asLevelingPartial('composed', stream)
  })
})

describe('delete-aware', () => {
  const hasDeletes = ({ run }: ComparedStream) => run !== null && run.mix.delete > 0

  test.each(comparedStreams.filter((stream) => !hasDeletes(stream)))(
    '$name: as leveling-partial',
    (stream) => asLevelingPartial('delete-aware', stream),
  )

  test.each(comparedStreams.filter(hasDeletes))(
    '$name: within 5 % of exact keys, mean of 5 seeds',
    (stream) => within5Percent('delete-aware', stream),
  )
})

function within5Percent(name: string, stream: ComparedStream): void {
  const exact = meanOver(5, (seed) => exactFigures(name, stream, seed))
  const statistical = meanOver(5, (seed) => statisticalFigures(name, stream, seed))
  expectNear(statistical, exact, 0.05)
}

/** Expects the picks of leveling-partial in both modes, so its figures hold for this one too. */
function asLevelingPartial(name: string, stream: ComparedStream): void {
  for (const figures of [exactFigures, statisticalFigures]) {
    expect(figures(name, stream, 1)).toEqual(figures('leveling-partial', stream, 1))
  }
}
