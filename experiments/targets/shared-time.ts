/**
 * Owns the clock that threads of one process share. `performance.now()` starts at zero in each
 * thread, so a reading means the same in all threads only with the origin of its thread: its
 * distance from the system's monotonic clock, which does not change.
 */
import { systemClock } from '../../engine/index.ts'

/** How often the distance is measured; the quickest measurement is the best. */
const ATTEMPTS = 20

/** Nanoseconds from the system's monotonic zero to the zero of this thread's `systemClock`. */
export function clockOriginNs(): number {
  let originNs = 0
  let shortestNs = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const beforeNs = monotonicNs()
    const readNs = systemClock.elapsedNs()
    const afterNs = monotonicNs()
    if (afterNs - beforeNs >= shortestNs) continue
    shortestNs = afterNs - beforeNs
    originNs = Math.round((beforeNs + afterNs) / 2 - readNs)
  }
  return originNs
}

/** Reads this thread's `systemClock` as the thread whose origin is `originNs` reads its own. */
export function elapsedNsOn(originNs: number): () => number {
  const aheadNs = clockOriginNs() - originNs
  return () => systemClock.elapsedNs() + aheadNs
}

function monotonicNs(): number {
  const [seconds, ns] = process.hrtime()
  return seconds * 1e9 + ns
}
