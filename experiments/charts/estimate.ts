/**
 * Owns a design's figure as tables and figures quote it: the mean over its samples, with the 95 %
 * interval of that mean (BCa bootstrap, `measure/bootstrap.ts`) where there are several.
 */
import { type AnyResult, type DesignGroup, sampleValues } from '../../results/identity.ts'
import { bootstrapMean, meanOf } from '../measure/bootstrap.ts'

const OPTIONS = { level: 0.95, seed: 42, resamples: 2_000 }

export const INTERVAL_DEFINITION = '95 % interval of the mean over seeds, BCa bootstrap'

export interface Estimate {
  readonly mean: number
  /** Samples that have the figure. */
  readonly samples: number
  /** Of the mean; null for one sample. */
  readonly interval: { readonly low: number; readonly high: number } | null
}

/** Null where no sample has the figure. */
export function estimateOf<Result extends AnyResult>(
  group: Pick<DesignGroup<Result>, 'samples'>,
  figure: (result: Result) => number | null,
): Estimate | null {
  const values = sampleValues(group, figure)
  const [only, ...others] = values
  if (only === undefined) return null
  if (others.length === 0) return { mean: only, samples: 1, interval: null }
  const { low, high } = bootstrapMean(values, OPTIONS)
  return { mean: meanOf(values), samples: values.length, interval: { low, high } }
}
