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

/** Whole runs are merged, or forgotten: a run of either mode is like any other. */
const whole = [
  ...['leveling', 'tiering', 'lazy-leveling', 'fluid', 'k-lsm', 'lsm-bush', 'spooky'],
  ...['fifo', 'time-window'],
]
/** So they are here, but in both modes one run differs from the next by more than the bar. */
const wavering = ['universal']
/** Table by table. */
const partial = ['leveling-partial', '1-leveling', 'dynamic-leveled', 'fragmented']
/** Leveling-partial, until told otherwise or met by a tombstone. */
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
 * Runs within 1 % of each other's size are merged or not, and so are all that come after. Over equal
 * streams of other seeds the writes of one run spread by 9 % of their mean (uniform updates; standard
 * deviation), 3 % (zipfian) and 8 % (deletes) in either mode, tombstones by 21 %: a mean of ten runs is
 * known to 3 % and no nearer, one of twenty to 2 %, and tombstones to 5 %.
 */
describe.each(wavering)('%s', (name) => {
  test.each(comparedStreams)('$name: within 3 % of exact keys, mean of 20 seeds', (stream) => {
    const isLoad = stream.run === null
    const exact = meanOver(isLoad ? 1 : 20, (seed) => exactFigures(name, stream, seed))
    const statistical = meanOver(isLoad ? 1 : 100, (seed) => statisticalFigures(name, stream, seed))
    expectNear(statistical, exact, 0.03, 0.1)
  })
})

describe.each(partial)('%s', (name) => {
  test.each(comparedStreams)('$name: within 5 % of exact keys, mean of 10 seeds', (stream) => {
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
    '$name: within 5 % of exact keys, mean of 10 seeds',
    (stream) => within5Percent('delete-aware', stream),
  )
})

function within5Percent(name: string, stream: ComparedStream): void {
  const exact = meanOver(10, (seed) => exactFigures(name, stream, seed))
  const statistical = meanOver(10, (seed) => statisticalFigures(name, stream, seed))
  expectNear(statistical, exact, 0.05)
}

/** The same picks in either mode, so what is claimed of the one is of the other. */
function asLevelingPartial(name: string, stream: ComparedStream): void {
  for (const figures of [exactFigures, statisticalFigures]) {
    expect(figures(name, stream, 1)).toEqual(figures('leveling-partial', stream, 1))
  }
}
