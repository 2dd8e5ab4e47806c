/** Owns the throughput of a run whose workload has several phases: all of them together. */

import type { Timed } from '../../results/schema.ts'

/** Operations a second over all run phases; null where nothing was timed. */
export function runThroughput({ phases }: Pick<Timed, 'phases'>): number | null {
  let operations = 0
  let seconds = 0
  for (const { name, wallSeconds, throughputPerSecond } of phases) {
    if (name !== 'run' || throughputPerSecond === null) continue
    operations += throughputPerSecond * wallSeconds
    seconds += wallSeconds
  }
  return seconds === 0 ? null : operations / seconds
}
