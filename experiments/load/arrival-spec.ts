/**
 * Owns the step from a configured load (`ArrivalConfig`) to the pacing of a run. Its rate is a
 * number of operations a second, or a share of the sustainable rate, which a closed loop measures
 * first.
 */
import type { ArrivalConfig } from '../../results/schema.ts'
import { parseCount } from '../base/units.ts'
import { UsageError } from '../base/usage-error.ts'
import { type Arrivals, recorded, type Shape, scheduled, sine, steady, steps } from './arrivals.ts'
import { closedLoop, openLoop, type Pacing } from './pacing.ts'

const SHARE_PERCENT_MAX = 1000

/** Whether the sustainable rate must be measured first. */
export function asksForShare(arrival: ArrivalConfig | null): boolean {
  return arrival?.rate?.endsWith('%') === true
}

/** Operations a second. Throws `UsageError`. */
export function ratePerSecond(rate: string, sustainablePerSecond: number): number {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(rate)?.[1]
  const value = percent === undefined ? parseCount(rate) : Number(percent)
  if (value === undefined || value <= 0 || (percent !== undefined && value > SHARE_PERCENT_MAX)) {
    throw new UsageError(
      `--rate: "${rate}" is neither operations a second such as 20k nor a share of the ` +
        `sustainable rate such as 90% (at most ${SHARE_PERCENT_MAX}%)`,
    )
  }
  return percent === undefined ? value : (sustainablePerSecond * value) / 100
}

/** `sustainablePerSecond` is null unless `asksForShare`. */
export function pacingOf(
  arrival: ArrivalConfig,
  sustainablePerSecond: number | null,
  seed: number,
): Pacing {
  const { kind, rate, clients } = arrival
  if (kind === 'closed') return closedLoop(clients)
  return openLoop(kind === 'trace' ? recorded() : scheduleOf(arrival, rate!))

  function scheduleOf({ params }: ArrivalConfig, text: string): Arrivals {
    return scheduled({
      ratePerSecond: ratePerSecond(text, sustainablePerSecond ?? Number.NaN),
      shape: shapeOf(params),
      spacing: kind === 'poisson' ? 'exponential' : 'regular',
      clients,
      seed,
    })
  }
}

function shapeOf(params: ArrivalConfig['params']): Shape {
  const { amplitude, period, shares, seconds: stepSeconds } = params
  if (typeof shares === 'string') return steps(sharesOf(shares), Number(stepSeconds))
  return amplitude === undefined ? steady : sine(Number(amplitude), Number(period))
}

/** Relative rates one after another, written '0.5/1/1.5'. */
export function sharesOf(text: string): readonly number[] {
  return text.split('/').map(Number)
}
