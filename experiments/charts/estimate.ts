/**
 * Owns the figure of a design as tables and charts quote it: the mean over its samples and, if
 * there are several, the mean's 95 % interval (BCa bootstrap, `measure/bootstrap.ts`).
 */
import { type AnyResult, type DesignGroup, sampleValues } from '../../results/identity.ts'
import { bootstrapMean, meanOf } from '../measure/bootstrap.ts'

const OPTIONS = { level: 0.95, seed: 42, resamples: 2_000 }

export const INTERVAL_DEFINITION = '95 % interval of the mean over seeds, BCa bootstrap'

export interface Estimate {
  readonly mean: number
  /** The number of samples that have the figure. */
  readonly samples: number
  /** The interval of the mean; null for one sample. */
  readonly interval: { readonly low: number; readonly high: number } | null
}

/** Null if no sample has the figure. */
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
