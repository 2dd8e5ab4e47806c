/** Owns the figures of one run that the suite `virtual-threads` compares. Pure. */
import { type RunResult, STALL_CAUSES } from '../../results/schema.ts'
import { sum } from '../measure/figures.ts'

/** Of the run phase. */
export interface ComparedFigures {
  readonly stalls: number
  readonly stallSeconds: number
  readonly memtablesStallSeconds: number
  readonly level0StallSeconds: number
  readonly debtStallSeconds: number
  readonly operationsPerSecond: number
  /** Of puts, from their intended start; null if the run was overloaded. */
  readonly putP50Ms: number | null
  readonly putP99Ms: number | null
  readonly putP999Ms: number | null
}

export interface Compared {
  readonly threads: ComparedFigures
  readonly virtual: ComparedFigures
}

/** The figure of the stall seconds by cause. */
export const STALL_FIGURES = {
  'all causes': 'stallSeconds',
  memtables: 'memtablesStallSeconds',
  'level 0': 'level0StallSeconds',
  debt: 'debtStallSeconds',
} as const

export function figuresOf({ timed }: RunResult): ComparedFigures {
  const [load, run] = timed.phases
  const events = timed.background!.stallEvents.log.filter(
    ({ startSeconds }) => startSeconds >= load!.wallSeconds,
  )
  const secondsBy = (cause: (typeof STALL_CAUSES)[number]) =>
    sum(events.filter((event) => event.cause === cause).map((event) => event.delayedSeconds))
  const [memtables, level0, debt] = STALL_CAUSES.map(secondsBy) as [number, number, number]
  const puts = timed.intendedLatencyByKind?.update
  const toMs = (us: number | null | undefined) => (typeof us === 'number' ? us / 1e3 : null)
  return {
    stalls: events.length,
    stallSeconds: memtables + level0 + debt,
    memtablesStallSeconds: memtables,
    level0StallSeconds: level0,
    debtStallSeconds: debt,
    operationsPerSecond: timed.arrivals?.achievedPerSecond ?? run!.throughputPerSecond ?? 0,
    putP50Ms: toMs(puts?.p50Us),
    putP99Ms: toMs(puts?.p99Us),
    putP999Ms: toMs(puts?.p999Us),
  }
}

/**
 * How many pairs of runs have another order by stall time in logical time than in threads. A pair
 * has an order if its larger time in threads is at least `secondsMin`, and at least `apart` times
 * the smaller one.
 */
export function misplacedPairs(
  compared: readonly Compared[],
  secondsMin: number,
  apart: number,
): number {
  const seconds = compared.map(({ threads, virtual }) => {
    return { threads: threads.stallSeconds, virtual: virtual.stallSeconds }
  })
  const pairs = seconds.flatMap((one, at) => seconds.slice(at + 1).map((other) => [one, other]))
  return pairs.filter(([one, other]) => {
    const [less, more] = one!.threads < other!.threads ? [one!, other!] : [other!, one!]
    const isOrdered = more.threads >= secondsMin && more.threads >= apart * less.threads
    return isOrdered && more.virtual <= less.virtual
  }).length
}
