/**
 * Owns the validity gates: what a run must fulfil before a figure of it may be quoted. A gate that
 * fails spoils no run; it is written into the result, and charts mark it. Each says in one line which
 * figures decided it. A gate that cannot be judged is left out.
 */
import type {
  Amplification,
  Arrivals,
  Deterministic,
  Gate,
  SeriesPoint,
  Timed,
} from '../results/schema.ts'
import { quotient } from './figures.ts'

/** Windowed drift over the last half of the run phase, of write amplification … */
const DRIFT_MAX = 0.1
/** … and of throughput, which a machine shared with others disturbs. */
const THROUGHPUT_DRIFT_MAX = 0.25
/** Writes before a tree counts as settled, as a multiple of the live data. */
const DATASET_MULTIPLE_MIN = 3
/** Merges into the last level, without which its share of the cost has not been seen. */
const LAST_LEVEL_MERGES_MIN = 3
/** Paired seeds that bear a comparative claim. */
const SEEDS_MIN = 10
/** What a queue must have left over: at more of the sustainable rate any latency is chance. */
const SHARE_MAX = 0.95

export interface GateFacts {
  readonly balance: Deterministic['ledger']['balance']
  /** Null where the system has no account or the storage is not on disk. */
  readonly unexplainedBytes: number | null
  readonly drained: Amplification
  readonly memtableRawBytesAfterDrain: number
  readonly burstDebtBytes: number
  /** Points of the run phase; the timed ones are null where time means nothing. */
  readonly runSeries: readonly SeriesPoint[]
  readonly runTimedSeries: Timed['series'] | null
  readonly mergesIntoLastLevel: number
  readonly loadOrder: string
  /** Null in a simulation. */
  readonly memory: MemoryFacts | null
  /** Null: what was answered was not checked. */
  readonly answers: Deterministic['answers']
  /** Null: one client in a closed loop. */
  readonly arrivals: Arrivals | null
  /** Repeats that the sweep holds of this run. */
  readonly repeats: number
}

export interface MemoryFacts {
  readonly blockCacheBytes: number
  readonly memtableBytes: number
  readonly machineBytes: number
  readonly compression: string
  /** Bytes of the drained tree's tables ÷ their raw bytes. */
  readonly storedShare: number | null
}

export function gatesOf(facts: GateFacts): Gate[] {
  const gates = [conservation(facts)]
  if (facts.answers !== null) gates.push(answersGate(facts.answers))
  if (facts.unexplainedBytes !== null) gates.push(operatingSystem(facts.unexplainedBytes))
  gates.push(drained(facts), loadOrder(facts), steadyState(facts))
  if (facts.memory !== null) {
    gates.push(beyondCache(facts, facts.memory), compressibility(facts.memory))
  }
  if (facts.arrivals !== null) gates.push(overload(facts.arrivals))
  gates.push(openLoop(facts.arrivals), severalSeeds(facts.repeats))
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

/** The one gate whose failure is a failure of the run. */
export const ANSWERS_GATE = 'answers'

/** Fails when anything read was not what had been written: the run has lost data. */
export function answersGate(answers: NonNullable<Deterministic['answers']>): Gate {
  const { gets, entries, wrong, forgotten, oneIn, mismatches } = answers
  const sampled = oneIn === 1 ? '' : `, one key in ${oneIn}`
  const dropped = forgotten === 0 ? '' : `; ${forgotten} dropped under the retention`
  const looked = `${gets} gets and ${entries} entries of scans compared with what was written${sampled}`
  const [first] = mismatches
  if (first === undefined) return { name: ANSWERS_GATE, passed: true, why: looked + dropped }
  const { operation, by, key, expected, got } = first
  const where = by === 'end' ? 'in the drained tree' : `by a ${by} after ${operation} operations`
  return {
    name: ANSWERS_GATE,
    passed: false,
    why: `${wrong} wrong of ${looked}; the first ${where}: ${key} has ${expected}, read ${got}`,
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

function loadOrder({ loadOrder: order }: GateFacts): Gate {
  const declared = order !== UNDECLARED_LOAD_ORDER
  return {
    name: 'load-order',
    passed: declared,
    why: declared
      ? `keys were loaded in the order "${order}"; other orders make other trees`
      : 'the workload does not say in which order it loads keys',
  }
}

/** What a workload without an order of its own says. */
export const UNDECLARED_LOAD_ORDER = 'declared by none'

function steadyState(facts: GateFacts): Gate {
  const { drained, runSeries, runTimedSeries, mergesIntoLastLevel } = facts
  const multiple = quotient(drained.userBytes, drained.liveLogicalBytes) ?? 0
  const drift = writeAmplificationDrift(runSeries)
  const slower = runTimedSeries === null ? 0 : throughputDrift(runTimedSeries)
  const steady =
    within(drift, DRIFT_MAX) &&
    within(slower, THROUGHPUT_DRIFT_MAX) &&
    multiple >= DATASET_MULTIPLE_MIN &&
    mergesIntoLastLevel >= LAST_LEVEL_MERGES_MIN
  const throughput =
    runTimedSeries === null
      ? ''
      : `, throughput drift ${percent(slower)} (at most ${THROUGHPUT_DRIFT_MAX * 100} %)`
  return {
    name: 'steady-state',
    passed: steady,
    why:
      `${multiple.toFixed(2)} × the live data written (${DATASET_MULTIPLE_MIN} wanted), ` +
      `${mergesIntoLastLevel} merges into the last level (${LAST_LEVEL_MERGES_MIN} wanted), ` +
      `write amplification drift ${percent(drift)} (at most ${DRIFT_MAX * 100} %)${throughput}` +
      (steady ? '' : ': transient'),
  }
}

function within(drift: number | null, max: number): boolean {
  return drift !== null && drift <= max
}

function percent(drift: number | null): string {
  return drift === null ? 'unknown' : `${(drift * 100).toFixed(1)} %`
}

/** |third quarter − fourth quarter| ÷ their mean, of bytes written ÷ user bytes. */
export function writeAmplificationDrift(series: readonly SeriesPoint[]): number | null {
  return drift(series, (from, to) =>
    quotient(to.bytesWritten - from.bytesWritten, to.userBytes - from.userBytes),
  )
}

/** The same of operations ÷ wall time. */
export function throughputDrift(series: Timed['series']): number | null {
  return drift(series, (from, to) =>
    quotient(to.atOperation - from.atOperation, to.wallSeconds - from.wallSeconds),
  )
}

function drift<Point>(
  series: readonly Point[],
  window: (from: Point, to: Point) => number | null,
): number | null {
  const middle = series[Math.floor(series.length / 2)]
  const late = series[Math.floor((series.length * 3) / 4)]
  const last = series.at(-1)
  if (middle === undefined || late === undefined || last === undefined) return null
  const third = window(middle, late)
  const fourth = window(late, last)
  if (third === null || fourth === null || third + fourth === 0) return null
  return Math.abs(third - fourth) / ((third + fourth) / 2)
}

function beyondCache({ drained }: GateFacts, memory: MemoryFacts): Gate {
  const { blockCacheBytes, memtableBytes, machineBytes } = memory
  const { liveLogicalBytes, physicalBytes } = drained
  const inPageCache = physicalBytes < machineBytes
  return {
    name: 'dataset-beyond-cache',
    passed: liveLogicalBytes > blockCacheBytes,
    why:
      `dataset : block cache : memtable : RAM = ${liveLogicalBytes} : ${blockCacheBytes} : ` +
      `${memtableBytes} : ${machineBytes} B; the block cache is warm from the load, ` +
      (inPageCache ? 'and the page cache may hold every file' : 'the files outgrow the page cache'),
  }
}

/** Ratios of compressed tables are true for these values alone, so what they came to is said. */
function compressibility({ compression, storedShare }: MemoryFacts): Gate {
  return {
    name: 'compressibility',
    passed: compression === 'none' || storedShare !== null,
    why: `compression ${compression}: tables take ${percent(storedShare)} of their raw bytes`,
  }
}

function overload({ overloaded, why }: Arrivals): Gate {
  return { name: 'overload', passed: !overloaded, why }
}

function openLoop(arrivals: Arrivals | null): Gate {
  const gate = (passed: boolean, why: string): Gate => ({ name: 'open-loop-latency', passed, why })
  if (arrivals === null) {
    return gate(false, 'closed loop: service times only, a stalled operation delays no other')
  }
  const { offeredPerSecond: offered, sustainablePerSecond: sustainable } = arrivals
  if (arrivals.overloaded) return gate(false, `overloaded: ${arrivals.why}`)
  if (offered === null) return gate(false, `closed loop of ${arrivals.clients} clients`)
  const rate = `${offered.toFixed(0)} operations a second offered`
  if (sustainable === null) {
    return gate(false, `${rate}, a share of nobody knows what: --rate=90% measures that first`)
  }
  const share = offered / sustainable
  return gate(
    share <= SHARE_MAX,
    `${rate}, ${percent(share)} of the sustainable ${sustainable.toFixed(0)} ` +
      `(at most ${SHARE_MAX * 100} %)`,
  )
}

/** Of a run in a sweep that holds so many repeats of it. */
export function severalSeeds(repeats: number): Gate {
  return {
    name: 'several-seeds',
    passed: repeats >= SEEDS_MIN,
    why:
      `${repeats === 1 ? 'a single seed' : `${repeats} seeds`}: figures differ between seeds, so a ` +
      `claim about strategies needs ${SEEDS_MIN} paired ones`,
  }
}
