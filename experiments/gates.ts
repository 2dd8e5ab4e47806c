/**
 * Owns the validity gates: what a run must fulfil before a figure of it may be quoted. A gate that
 * fails spoils no run; it is written into the result, and charts mark it.
 */
import type { Amplification, Deterministic, Gate, SeriesPoint } from '../results/schema.ts'
import { quotient } from './figures.ts'

/** Windowed drift of write amplification over the last half of the run phase. */
const DRIFT_MAX = 0.1
/** Writes before a tree counts as settled, as a multiple of the live data. */
const DATASET_MULTIPLE_MIN = 3

export interface GateFacts {
  readonly balance: Deterministic['ledger']['balance']
  /** Null where the system has no account or the storage is not on disk. */
  readonly unexplainedBytes: number | null
  readonly drained: Amplification
  readonly memtableRawBytesAfterDrain: number
  readonly burstDebtBytes: number
  /** Points of the run phase. */
  readonly runSeries: readonly SeriesPoint[]
  readonly blockCacheBytes: number | null
}

export function gatesOf(facts: GateFacts): Gate[] {
  const gates = [conservation(facts), drained(facts), steadyState(facts), closedLoop()]
  if (facts.unexplainedBytes !== null) gates.push(operatingSystem(facts.unexplainedBytes))
  if (facts.blockCacheBytes !== null) gates.push(beyondCache(facts, facts.blockCacheBytes))
  return gates
}

function conservation({ balance }: GateFacts): Gate {
  const { appendedBytes, liveBytes, removedBytes } = balance
  return {
    name: 'conservation',
    passed: balance.conserved,
    why: `${appendedBytes} B appended, ${liveBytes} B live, ${removedBytes} B removed`,
  }
}

function operatingSystem(unexplained: number): Gate {
  return {
    name: 'operating-system',
    passed: unexplained === 0,
    why: `${unexplained} B written by the process beyond the ledger`,
  }
}

function drained({ drained, memtableRawBytesAfterDrain, burstDebtBytes }: GateFacts): Gate {
  return {
    name: 'drained',
    passed: drained.debtBytes === 0 && memtableRawBytesAfterDrain === 0,
    why:
      `debt ${burstDebtBytes} B at the last operation, ${drained.debtBytes} B after the drain; ` +
      `${memtableRawBytesAfterDrain} B in the memtable`,
  }
}

function steadyState({ drained, runSeries }: GateFacts): Gate {
  const multiple = quotient(drained.userBytes, drained.liveLogicalBytes) ?? 0
  const drift = writeAmplificationDrift(runSeries)
  const steady = drift !== null && drift <= DRIFT_MAX && multiple >= DATASET_MULTIPLE_MIN
  const drifted = drift === null ? 'unknown' : `${(drift * 100).toFixed(1)} %`
  return {
    name: 'steady-state',
    passed: steady,
    why:
      `${multiple.toFixed(2)} × the live data written (${DATASET_MULTIPLE_MIN} wanted), ` +
      `write amplification drift ${drifted} (at most ${DRIFT_MAX * 100} %)` +
      (steady ? '' : ': transient'),
  }
}

/** |third quarter − fourth quarter| ÷ their mean, of bytes written ÷ user bytes. */
export function writeAmplificationDrift(series: readonly SeriesPoint[]): number | null {
  const middle = series[Math.floor(series.length / 2)]
  const late = series[Math.floor((series.length * 3) / 4)]
  const last = series.at(-1)
  if (middle === undefined || late === undefined || last === undefined) return null
  const window = (from: SeriesPoint, to: SeriesPoint) =>
    quotient(to.bytesWritten - from.bytesWritten, to.userBytes - from.userBytes)
  const third = window(middle, late)
  const fourth = window(late, last)
  if (third === null || fourth === null || third + fourth === 0) return null
  return Math.abs(third - fourth) / ((third + fourth) / 2)
}

function closedLoop(): Gate {
  return {
    name: 'open-loop-latency',
    passed: false,
    why: 'closed loop: service times only, a stalled operation delays no other',
  }
}

function beyondCache({ drained }: GateFacts, blockCacheBytes: number): Gate {
  return {
    name: 'dataset-beyond-cache',
    passed: drained.liveLogicalBytes > blockCacheBytes,
    why: `${drained.liveLogicalBytes} B live, block cache ${blockCacheBytes} B`,
  }
}
