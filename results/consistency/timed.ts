/**
 * Owns the relations between the timed figures of a run, ours or a peer's: percentiles ascend to
 * the maximum, every timed operation was done, and rates are operations ÷ time.
 */
import type { AnyResult } from '../identity.ts'
import { isPeerResult } from '../peer-schema.ts'
import type { Latency } from '../schema.ts'
import { type Findings, total } from './findings.ts'

/** One clock is read in nanoseconds; the figures are in microseconds. */
const US_ROUNDING = 1e-3

export function checkTimed(result: AnyResult, findings: Findings): void {
  const { latencyByKind, intendedLatencyByKind, series } = result.timed
  for (const [kind, latency] of Object.entries(latencyByKind)) {
    checkLatency(`timed.latencyByKind.${kind}`, latency, findings)
    const done = operationsOf(result, 'run', kind)
    findings.equal(`timed.latencyByKind.${kind}.count`, latency.count, done, 'the operations done')
  }
  for (const [kind, latency] of Object.entries(intendedLatencyByKind ?? {})) {
    const base = `timed.intendedLatencyByKind.${kind}`
    checkLatency(base, latency, findings)
    const service = latencyByKind[kind]
    findings.equal(`${base}.count`, latency.count, service?.count, 'that of the service times')
  }
  for (const [index, { p50Us, p99Us }] of series.entries()) {
    findings.ascending(`timed.series[${index}]`, { p50Us, p99Us })
  }
  checkRates(result, findings)
  checkSlowest(result, findings)
  checkArrivals(result, findings)
}

function checkLatency(base: string, latency: Latency, findings: Findings): void {
  const { meanUs, p50Us, p90Us, p99Us, p999Us, p9999Us, maxUs } = latency
  findings.ascending(base, { p50Us, p90Us, p99Us, p999Us, p9999Us, maxUs })
  findings.atMost(`${base}.meanUs`, meanUs, maxUs, 'maxUs')
}

function checkRates(result: AnyResult, findings: Findings): void {
  // Several phases with the same name share the operations, but not the time.
  const names = result.timed.phases.map(({ name }) => name)
  for (const [index, phase] of result.timed.phases.entries()) {
    const { name, wallSeconds, throughputPerSecond } = phase
    if (throughputPerSecond === null || names.filter((other) => other === name).length > 1) continue
    // A store that replays load and run together times them as one.
    const isWhole = isPeerResult(result) && names.length === 1
    const done = isWhole ? allOperationsOf(result) : operationsOf(result, name)
    const field = `timed.phases[${index}].throughputPerSecond`
    if (done !== null) findings.ratio(field, throughputPerSecond, done, wallSeconds)
  }
}

function checkSlowest({ timed }: AnyResult, findings: Findings): void {
  for (const [index, { kind, serviceUs, intendedUs }] of timed.slowest.entries()) {
    const field = `timed.slowest[${index}].serviceUs`
    const maxUs = timed.latencyByKind[kind]?.maxUs
    const bound = maxUs === undefined ? null : maxUs + US_ROUNDING
    findings.atMost(field, serviceUs, bound, `the maximum of ${kind}`)
    const untilEnd = intendedUs === null ? null : intendedUs + US_ROUNDING
    findings.atMost(field, serviceUs, untilEnd, 'intendedUs')
  }
}

function checkArrivals({ timed }: AnyResult, findings: Findings): void {
  const { arrivals } = timed
  if (arrivals === null) return
  const { lagAtEndSeconds, lagMaxSeconds } = arrivals
  findings.atMost('timed.arrivals.lagAtEndSeconds', lagAtEndSeconds, lagMaxSeconds, 'the worst lag')
}

function allOperationsOf({ deterministic }: AnyResult): number {
  return deterministic.phases.reduce(
    (sum, { operationsByKind }) => sum + total(operationsByKind),
    0,
  )
}

/**
 * Operations of the phases called `name`, of one kind if `kind` is given; null if there is no such
 * phase.
 */
function operationsOf({ deterministic }: AnyResult, name: string, kind?: string): number | null {
  const phases = deterministic.phases.filter((phase) => phase.name === name)
  if (phases.length === 0) return null
  return phases.reduce((sum, { operationsByKind }) => {
    return sum + (kind === undefined ? total(operationsByKind) : (operationsByKind[kind] ?? 0))
  }, 0)
}
