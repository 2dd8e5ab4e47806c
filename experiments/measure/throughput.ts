/** Owns the throughput of a run: one figure for all its run phases. */

import type { Timed } from '../../results/schema.ts'

/** Operations a second over all run phases; null if none was timed. */
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
