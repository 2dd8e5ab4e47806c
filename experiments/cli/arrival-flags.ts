/**
 * Owns the reading of `--arrival=KIND,NAME=VALUE,…`, `--rate` and `--clients` into checked data.
 */
import { z } from 'zod'
import { ARRIVALS, type ArrivalConfig } from '../../results/schema.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { ratePerSecond, sharesOf } from '../load/arrival-spec.ts'
import { readAssignments } from './arguments.ts'
import { readSettings } from './settings.ts'

/** Largest rate of a step, relative to the given rate. */
const STEP_SHARE_MAX = 1e6

const seconds = z.number().positive().max(86_400)

/** The parameters of each kind. */
const PARAMS = {
  closed: z.strictObject({}),
  constant: z.strictObject({}),
  poisson: z.strictObject({}),
  sine: z.strictObject({
    amplitude: z.number().min(0).max(1).default(0.5),
    period: seconds.default(10),
  }),
  steps: z.strictObject({
    /** Relative rates, one after another. */
    shares: z
      .string()
      .regex(/^\d+(\.\d+)?(\/\d+(\.\d+)?)*$/)
      .default('0.5/1/1.5'),
    seconds: seconds.default(5),
  }),
  trace: z.strictObject({}),
} as const satisfies Record<ArrivalConfig['kind'], z.ZodObject>

/** The arrivals; null: one client in a closed loop. Throws `UsageError`. */
export function readArrival(
  arrival: string | null,
  rate: string | null,
  clients: number,
): ArrivalConfig | null {
  const [kindText, ...assignments] = (arrival ?? (rate === null ? 'closed' : 'constant')).split(',')
  const kind = ARRIVALS.find((known) => known === kindText)
  if (kind === undefined) throw unknownName('arrival', kindText!, ARRIVALS)
  const scheduleless = kind === 'closed' || kind === 'trace'
  if (scheduleless && rate !== null) {
    throw new UsageError(`--rate: not with --arrival=${kind}, which sets its own pace`)
  }
  if (!scheduleless && rate === null) {
    throw new UsageError(`--arrival=${kind}: needs --rate, such as --rate=90% or --rate=20k`)
  }
  const pairs = readAssignments('--arrival', assignments)
  const given = readSettings(PARAMS[kind], pairs, `parameter of --arrival=${kind}`)
  const params = PARAMS[kind].parse(given) as ArrivalConfig['params']
  if (typeof params.shares === 'string') checkShares(sharesOf(params.shares))
  if (rate !== null) ratePerSecond(rate, 1)
  if (kind === 'closed' && clients === 1) return null
  return { kind, rate, clients, params }
}

function checkShares(shares: readonly number[]): void {
  if (!shares.some((share) => share > 0)) {
    throw new UsageError('--arrival=steps: at least one share above 0')
  }
  if (shares.some((share) => share > STEP_SHARE_MAX)) {
    throw new UsageError(`--arrival=steps: a share is at most ${STEP_SHARE_MAX}`)
  }
}
