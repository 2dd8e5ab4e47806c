/**
 * An example of a user's strategy: size-tiered compaction as in Cassandra. All runs stay in level
 * 0; when enough neighbours are of similar size, they merge into one. Unlike in Cassandra, only
 * neighbours in age merge, because a reader stops at the first run that has the key.
 */

import { defineStrategy, levelAt, outputTo, type Run, wholeRuns } from 'varve/strategies'
import { z } from 'zod'

export default defineStrategy({
  name: 'size-tiered',
  description: 'Merges neighbouring runs of similar size (Cassandra)',
  params: z.object({
    minRuns: z.int().min(2).default(4).describe('Cassandra: min_threshold, 4'),
    maxRuns: z.int().min(2).default(32).describe('Cassandra: max_threshold, 32'),
    bucketHigh: z.number().min(1).default(1.5).describe('Cassandra: bucket_high, 1.5'),
  }),
  primitives: {
    trigger: ['sorted runs'],
    layout: 'tiering',
    granularity: ['sorted runs'],
    movement: ['not applicable (entire runs)'],
  },

  pick(view, { minRuns, maxRuns, bucketHigh }) {
    if (view.inProgress.length > 0) return null
    const { runs } = levelAt(view.version, 0)
    const sizes = sizesInOrder(runs)
    for (let from = 0; from + minRuns <= runs.length; from++) {
      const fits = (_: Run, at: number) => sizes[from + at]! <= bucketHigh * sizes[from]!
      const bucket = runs.slice(from, from + maxRuns).filter(fits)
      if (bucket.length < minRuns) continue
      const place = { level: 0, run: bucket.at(-1)!.id }
      return {
        kind: 'merge',
        inputs: wholeRuns(0, bucket),
        outputs: [outputTo(place, null, 10)],
        nextState: view.state,
        reason: {
          trigger: 'sorted runs',
          formula: 'runs in bucket ≥ minRuns',
          values: { runs: bucket.length, minRuns, bytes: sizes[from]! },
        },
      }
    }
    return null
  },
})

/** Raw bytes of each run or of the largest newer one: a run among larger ones goes with them. */
function sizesInOrder(runs: readonly Run[]): readonly number[] {
  let largest = 0
  return runs.map((run) => {
    largest = Math.max(largest, run.totals.rawBytes)
    return largest
  })
}
