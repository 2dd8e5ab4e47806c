/**
 * Owns the intended start times of an open loop's operations. A schedule is a mean rate, a spacing
 * (regular, or exponential gaps: a Poisson process) and a shape, which makes the rate vary: the
 * constant schedule is read on a warped clock, t = Λ⁻¹(arrivals ÷ rate).
 *
 * Invariant: a schedule depends on its rate, shape and seed, never on the target; its times never
 * decrease.
 */
import { createRandom, deriveSeed } from '../../engine/index.ts'
import type { Operation } from '../../workloads/index.ts'
import { UsageError } from '../base/usage-error.ts'

export interface Arrivals {
  /** The intended start of the next operation, nanoseconds from the start of its phase. */
  nextNs(operation: Operation): number
}

/** The time, in seconds, by which a schedule of mean rate 1 has made `count` arrivals. */
export type Shape = (count: number) => number

export const steady: Shape = (count) => count

/** Enough halvings to divide hours into less than a nanosecond. */
const BISECTIONS = 44

/** Rate 1 + amplitude · sin(2π t ÷ period), the form of RocksDB's mixgraph; 0 ≤ amplitude ≤ 1. */
export function sine(amplitude: number, periodSeconds: number): Shape {
  const swing = (amplitude * periodSeconds) / (2 * Math.PI)
  const arrived = (t: number) => t + swing * (1 - Math.cos((2 * Math.PI * t) / periodSeconds))
  return (count) => {
    let low = Math.max(0, count - 2 * swing)
    let high = count
    for (let i = 0; i < BISECTIONS && high - low > 1e-10; i++) {
      const middle = (low + high) / 2
      if (arrived(middle) < count) low = middle
      else high = middle
    }
    return high
  }
}

/** Each share lasts `stepSeconds`, in turn and repeatedly. They are scaled to a mean of 1. */
export function steps(shares: readonly number[], stepSeconds: number): Shape {
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const arrivalsOf = shares.map((share) => (share / mean) * stepSeconds)
  const period = shares.length * stepSeconds
  return (count) => {
    const whole = Math.floor(count / period)
    let left = count - whole * period
    let step = 0
    while (step < shares.length - 1 && left >= arrivalsOf[step]!) left -= arrivalsOf[step++]!
    const within = arrivalsOf[step]! === 0 ? 0 : left / arrivalsOf[step]!
    return whole * period + (step + Math.min(within, 1)) * stepSeconds
  }
}

export interface Schedule {
  readonly ratePerSecond: number
  readonly shape: Shape
  readonly spacing: 'regular' | 'exponential'
  /** All have the same rate. Regular clients take turns, exponential ones draw independently. */
  readonly clients: number
  readonly seed: number
}

/** The arrivals of all clients, in order of time. They do not depend on the operations. */
export function scheduled(schedule: Schedule): { nextNs(): number } {
  const { ratePerSecond, shape, spacing, clients, seed } = schedule
  const own = ratePerSecond / clients
  const counters = Array.from({ length: clients }, (_, client) =>
    spacing === 'regular'
      ? regularCounts(client / clients)
      : exponentialCounts(deriveSeed(seed, `arrivals/${client}`)),
  )
  const nextSeconds = Float64Array.from(counters, (next) => shape(next() / own))
  return {
    nextNs() {
      let first = 0
      for (let client = 1; client < clients; client++) {
        if (nextSeconds[client]! < nextSeconds[first]!) first = client
      }
      const seconds = nextSeconds[first]!
      nextSeconds[first] = shape(counters[first]!() / own)
      return seconds * 1e9
    },
  }
}

function regularCounts(phase: number): () => number {
  let arrived = 0
  return () => phase + arrived++
}

function exponentialCounts(seed: number): () => number {
  const random = createRandom(seed)
  let arrived = 0
  return () => {
    arrived -= Math.log(1 - random.nextDouble())
    return arrived
  }
}

/**
 * The times recorded in a trace, counted from its first operation. A time before the previous one
 * is replaced by that. Throws `UsageError` at an operation without a time.
 */
export function recorded(): Arrivals {
  let firstNs = -1
  let lastNs = 0
  return {
    nextNs({ arrivalNs }) {
      if (arrivalNs < 0) {
        throw new UsageError('--arrival=trace: the operations do not say when they arrived')
      }
      if (firstNs < 0) firstNs = arrivalNs
      lastNs = Math.max(lastNs, arrivalNs - firstNs)
      return lastNs
    },
  }
}
