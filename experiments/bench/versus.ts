/**
 * Owns the comparison of a micro-benchmark with the same one of another checkout. Both alternate in
 * one process, so a change of the machine's load falls on both. Invariant: the order changes with
 * each round, so neither always runs second.
 */

import { bootstrapMean, type Interval } from '../measure/bootstrap.ts'
import type { BenchCase } from './bench-case.ts'

/** How long a comparison goes on; it has at least `roundsMin` rounds. */
export interface Duration {
  readonly warmupRounds: number
  readonly roundsMin: number
  readonly ms: number
}

/** Operations per second of this checkout, by round, and what `ratio` says of all rounds. */
export interface Comparison {
  readonly opsPerSecond: readonly number[]
  /** This checkout's speed as a multiple of the other's: geometric mean and 95 % interval. */
  readonly ratio: Interval
}

/** `nowMs` is a clock of high resolution. */
export async function compareCases(
  here: BenchCase,
  there: BenchCase,
  { warmupRounds, roundsMin, ms }: Duration,
  nowMs: () => number = () => performance.now(),
): Promise<Comparison> {
  const runHere = here.setup()
  const runThere = there.setup()
  const timed = async (run: () => void | Promise<void>, operations: number) => {
    const startMs = nowMs()
    await run()
    return (1000 * operations) / (nowMs() - startMs)
  }
  const opsPerSecond: number[] = []
  const logRatios: number[] = []
  const round = async (isHereFirst: boolean) => {
    const before = isHereFirst ? null : await timed(runThere, there.opsPerIteration)
    const own = await timed(runHere, here.opsPerIteration)
    const other = before ?? (await timed(runThere, there.opsPerIteration))
    return [own, other] as const
  }
  for (let index = 0; index < warmupRounds; index++) await round(true)
  const startMs = nowMs()
  for (let index = 0; index < roundsMin || nowMs() - startMs < ms; index++) {
    const [own, other] = await round(index % 2 === 0)
    opsPerSecond.push(own)
    logRatios.push(Math.log(own / other))
  }
  const { mean, low, high } = bootstrapMean(logRatios, { seed: 1, level: 0.95 })
  const ratio = { mean: Math.exp(mean), low: Math.exp(low), high: Math.exp(high) }
  return { opsPerSecond, ratio }
}
