/**
 * Owns the text that a finished sweep prints: one row for each result with the drained
 * amplifications, throughput and percentiles. The main figures are drained ones, because a burst
 * figure favours a strategy with unpaid debt.
 */
import type { Latency, ReadAccount, RunResult, Timed } from '../../../results/schema.ts'
import { formatCount, formatNs } from '../../base/units.ts'
import type { Look } from '../../cli/terminal.ts'
import { fitted } from '../../cli/text-lines.ts'
import { textTable } from '../../cli/text-table.ts'
import { runThroughput } from '../../measure/throughput.ts'

const HEAD = ['strategy', 'workload', 'WA', 'RA get', 'RA scan', 'SA', 'ops/s', 'p50', 'p99']

const CAPTION =
  'WA: all bytes written (log, flush, compaction, metadata) ÷ user bytes, drained.\n' +
  'RA: runs asked an operation. SA: physical ÷ live logical bytes, drained.\n' +
  'p50, p99: '

const SERVICE = 'service time, closed loop.'
const INTENDED = 'from the intended start where clients queue, else service time.'

export function closingTable(results: readonly RunResult[], look: Look): string {
  const repeats = results.some((result) => result.config.repeat > 0)
  const head = repeats ? [...HEAD, 'repeat'] : HEAD
  const rows = results.map((result) => {
    return repeats ? [...rowOf(result), String(result.config.repeat)] : rowOf(result)
  })
  const caption = `${CAPTION}${timeQuoted(results)}`
  return `${textTable({ head, rows, names: 2 }, look)}\n${fitted(caption, look)}`
}

/** Says which time the percentiles of `quoted` measure. */
export function timeQuoted(results: readonly { readonly timed: Timed }[]): string {
  return results.some(({ timed }) => timed.arrivals !== null) ? INTENDED : SERVICE
}

/** For each run with `--until`: whether it reached the state, and when. */
export function untilLines(results: readonly RunResult[]): readonly string[] {
  return results.flatMap(({ id, config, deterministic: { until } }) => {
    if (until === null) return []
    const done = until.operations.toLocaleString('en-US')
    const ended = until.operations >= (config.until?.operationsMax ?? 0) ? ', the most allowed' : ''
    const state = until.reached ? `steady after ${done}` : `not steady after ${done}`
    return [`${id}: ${state} operations${until.reached ? '' : ended}: ${until.why}`]
  })
}

function rowOf({ config, deterministic, timed }: RunResult): string[] {
  const { drained } = deterministic.amplification
  const { getHit, getMiss, shortScan, longScan } = deterministic.readAmplification
  const throughput = runThroughput(timed)
  return [
    config.strategy.name,
    config.workload.name,
    ratio(drained.waTotal),
    ratio(runsPerOperation([getHit, getMiss])),
    ratio(runsPerOperation([shortScan, longScan])),
    ratio(drained.spaceAmplification),
    throughput === null ? '–' : formatCount(throughput),
    quoted(timed, 'p50Us'),
    quoted(timed, 'p99Us'),
  ]
}

function runsPerOperation(accounts: readonly ReadAccount[]): number | null {
  const operations = accounts.reduce((sum, account) => sum + account.operations, 0)
  const runs = accounts.reduce((sum, account) => sum + account.runsProbed, 0)
  return operations === 0 ? null : runs / operations
}

function ratio(value: number | null): string {
  return value === null ? '–' : value.toFixed(2)
}

/** A percentile of each operation kind. */
export function quoted(timed: Timed, figure: 'p50Us' | 'p99Us'): string {
  if (timed.arrivals?.overloaded === true) return 'overloaded'
  return perKind(timed.intendedLatencyByKind ?? timed.latencyByKind, figure)
}

/**
 * One line for each kind of operation, because percentiles of different kinds cannot be added up.
 */
function perKind(latencies: Readonly<Record<string, Latency>>, figure: 'p50Us' | 'p99Us'): string {
  const lines = Object.entries(latencies).map(
    ([kind, latency]) => `${kind} ${formatNs(latency[figure] * 1e3)}`,
  )
  return lines.join('\n') || '–'
}
