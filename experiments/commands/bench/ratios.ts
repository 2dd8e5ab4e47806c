/**
 * Owns medians and ratios. A ratio is taken within each round, where both stores met the same
 * machine; of the ratios of all rounds the median is shown, and the interval between two of them
 * that holds the true median with the stated confidence, whatever their distribution (order
 * statistics; Conover, "Practical Nonparametric Statistics", 3.2).
 */
import {
  isLessBetter,
  type RaceFigure,
  type RaceRatio,
  VARVE_ENGINES,
} from '../../../results/race-schema.ts'

const CONFIDENCE_WANTED = 0.95

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * The narrowest interval of order statistics whose confidence is at least 95 %; the whole range,
 * with its smaller confidence, if there are fewer than six values.
 */
export function intervalOf(values: readonly number[]): {
  readonly low: number
  readonly high: number
  readonly confidence: number
} {
  const sorted = values.toSorted((a, b) => a - b)
  const count = sorted.length
  let cut = 0
  while (2 * (cut + 1) < count && confidenceOf(count, cut + 1) >= CONFIDENCE_WANTED) cut++
  return {
    low: sorted[cut]!,
    high: sorted[count - 1 - cut]!,
    confidence: Math.max(confidenceOf(count, cut), 0),
  }
}

/** That the median lies between the values left after cutting `cut` of them at each end. */
function confidenceOf(count: number, cut: number): number {
  let tail = 0
  let ways = 1
  for (let k = 0; k <= cut; k++) {
    tail += ways
    ways = (ways * (count - k)) / (k + 1)
  }
  return 1 - (2 * tail) / 2 ** count
}

/** Each executor of Varve to each other store, for every benchmark that both ran. */
export function ratiosOf(figures: readonly RaceFigure[]): readonly RaceRatio[] {
  const isVarve = (engine: string) => VARVE_ENGINES.some((name) => name === engine)
  return figures
    .filter(({ engine }) => isVarve(engine))
    .flatMap((ours) =>
      figures
        .filter((theirs) => !isVarve(theirs.engine) && isSameRace(ours, theirs))
        .map((theirs) => ratioOf(ours, theirs)),
    )
}

function isSameRace(ours: RaceFigure, theirs: RaceFigure): boolean {
  return ours.benchmark === theirs.benchmark && ours.compression === theirs.compression
}

function ratioOf(ours: RaceFigure, theirs: RaceFigure): RaceRatio {
  const ratios = ours.rounds.map((value, round) => {
    const other = theirs.rounds[round]!
    return isLessBetter(ours.benchmark) ? other / value : value / other
  })
  return {
    benchmark: ours.benchmark,
    compression: ours.compression,
    varve: ours.engine as RaceRatio['varve'],
    peer: theirs.engine,
    median: medianOf(ratios),
    ...intervalOf(ratios),
  }
}
