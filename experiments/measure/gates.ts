/**
 * Owns the validity gates: the conditions that a run must meet before its figures may be quoted. A
 * failed gate is written into the result and marked in charts; only a failed gate `answers` fails
 * the run. Each gate says in one line which figures decided it, which figures it covers (`covers`),
 * and which command would pass it (`remedy`). A gate that cannot be judged is left out.
 *
 * Counted figures are judged by counts alone, so a busy machine fails only the gates that cover
 * times.
 */
import type {
  Amplification,
  Arrivals,
  Deterministic,
  Gate,
  GateCover,
  RunResult,
  SchedulingConfig,
  SeriesPoint,
  Timed,
} from '../../results/schema.ts'
import { quotient } from './figures.ts'
import { type FlagChanges, withFlags } from './gate-remedy.ts'
import { driftOf, percentText, steadinessOf, within } from './steadiness.ts'

/** The largest difference in throughput between the last two quarters of the run phase. */
const THROUGHPUT_DRIFT_MAX = 0.25
/** Samples, one for each seed, that a claim about two strategies needs. */
const SAMPLES_MIN = 10
/** The largest share of the sustainable rate: above it, chance decides how long queues are. */
const SHARE_MAX = 0.95
/** The share that is advised: under `SHARE_MAX`, and high enough for queues to show. */
const SHARE_ADVISED = '90%'
/** The advised block cache is the live data ÷ this. */
const CACHE_PARTS = 8

export interface GateFacts {
  readonly balance: Deterministic['ledger']['balance']
  /** Null if the system does not count bytes or the storage is not on disk. */
  readonly unexplainedBytes: number | null
  readonly drained: Amplification
  readonly memtableRawBytesAfterDrain: number
  readonly burstDebtBytes: number
  /** Points of the run phase; the timed ones are null in a simulation. */
  readonly runSeries: readonly SeriesPoint[]
  readonly runTimedSeries: Timed['series'] | null
  readonly mergesIntoLastLevel: number
  /** The run's configuration, and the command that asks for it. */
  readonly config: Pick<RunResult['config'], 'workload' | 'until' | 'arrival' | 'scheduling'>
  readonly command: readonly string[]
  /** Null in a simulation. */
  readonly memory: MemoryFacts | null
  /** Null: answers were not checked. */
  readonly answers: Deterministic['answers']
  /** Null: one client in a closed loop. */
  readonly arrivals: Arrivals | null
  /** Runs that shared the machine with this one, and itself. */
  readonly runsAtOnce: number
}

export interface MemoryFacts {
  readonly blockCacheBytes: number
  readonly memtableBytes: number
  readonly machineBytes: number
  readonly compression: string
  /** Whether reads avoid the page cache. */
  readonly directReads: boolean
  /** Bytes of the drained tree's tables ÷ their raw bytes. */
  readonly storedShare: number | null
}

/** The gates of a run by itself. When its sweep ends, `withSweepShare` judges the seeds again. */
export function gatesOf(facts: GateFacts): Gate[] {
  const gates = [conservation(facts)]
  if (facts.answers !== null) gates.push(answersGate(facts.answers))
  if (facts.unexplainedBytes !== null) gates.push(operatingSystem(facts.unexplainedBytes))
  gates.push(drained(facts), loadOrder(facts), steadyState(facts))
  const { scheduling } = facts.config
  if (scheduling !== undefined) gates.push(repeatable(facts, scheduling))
  if (facts.runsAtOnce > 1) gates.push(alone(facts))
  if (facts.runTimedSeries !== null) gates.push(steadyThroughput(facts, facts.runTimedSeries))
  if (facts.memory !== null) {
    gates.push(beyondCache(facts, facts.memory), compressibility(facts, facts.memory))
  }
  const { arrivals, config, command } = facts
  const hasRun = facts.runSeries.length > 0
  gates.push(...arrivalGates({ arrivals, config, command, hasRun }))
  gates.push(severalSeeds({ samples: 1, runs: 1 }, command, hasRun && !isTrace(command)))
  return gates
}

export interface ArrivalFacts extends Pick<GateFacts, 'arrivals' | 'config' | 'command'> {
  /** The run has a phase that can be given a rate. */
  readonly hasRun: boolean
}

/** How operations arrived, and whether the target kept up. */
export function arrivalGates(facts: ArrivalFacts): Gate[] {
  const { arrivals } = facts
  return arrivals === null ? [openLoop(facts)] : [overload(facts, arrivals), openLoop(facts)]
}

interface Judgement {
  readonly name: string
  readonly covers: readonly GateCover[]
  readonly passed: boolean
  readonly why: string
  /** A command and the changes to it that make the run pass; null: none is known. */
  readonly remedy: { readonly command: readonly string[]; readonly flags: FlagChanges } | null
}

const BOTH: readonly GateCover[] = ['amplification', 'time']

/** A gate as results hold it: with a remedy only if it failed. */
export function gateOf({ name, covers, passed, why, remedy }: Judgement): Gate {
  const gate = { name, passed, why, covers: [...covers] }
  if (passed || remedy === null) return gate
  return { ...gate, remedy: [...withFlags(remedy.command, remedy.flags)] }
}

function conservation({ balance }: GateFacts): Gate {
  const { appendedBytes, liveBytes, removedBytes } = balance
  return gateOf({
    name: 'conservation',
    covers: ['amplification'],
    passed: balance.conserved,
    why: `${appendedBytes} B appended, ${liveBytes} B live, ${removedBytes} B removed`,
    remedy: null,
  })
}

/** Only results that fail it have it. */
export const ALONE_GATE = 'alone'

function alone({ runsAtOnce, command }: GateFacts): Gate {
  return gateOf({
    name: ALONE_GATE,
    covers: ['time'],
    passed: false,
    why: `${runsAtOnce} runs at once (--jobs) shared the cores and the disk`,
    remedy: { command, flags: {} },
  })
}

/** The only gate whose failure makes the command fail. */
export const ANSWERS_GATE = 'answers'

/** Fails when a read returned something else than was written: the run has lost data. */
export function answersGate(answers: NonNullable<Deterministic['answers']>): Gate {
  const { gets, entries, wrong, forgotten, overlapped = 0, oneIn, mismatches } = answers
  const sampled = oneIn === 1 ? '' : `, one key in ${oneIn}`
  const dropped = forgotten === 0 ? '' : `; ${forgotten} dropped under the retention`
  const beside =
    overlapped === 0 ? '' : `; ${overlapped} reads beside a write of their keys are not`
  const looked = `${gets} gets and ${entries} entries of scans compared with what was written${sampled}`
  const [first] = mismatches
  const gate = (passed: boolean, why: string) =>
    gateOf({ name: ANSWERS_GATE, covers: BOTH, passed, why, remedy: null })
  if (first === undefined) return gate(true, looked + beside + dropped)
  const { operation, by, key, expected, got } = first
  const where = by === 'end' ? 'in the drained tree' : `by a ${by} after ${operation} operations`
  return gate(
    false,
    `${wrong} wrong of ${looked}; the first ${where}: ${key} has ${expected}, read ${got}`,
  )
}

function operatingSystem(unexplained: number): Gate {
  return gateOf({
    name: 'operating-system',
    covers: ['amplification'],
    passed: unexplained === 0,
    why: `${unexplained} B written by the process beyond the ledger`,
    remedy: null,
  })
}

function drained({ drained, memtableRawBytesAfterDrain, burstDebtBytes }: GateFacts): Gate {
  return gateOf({
    name: 'drained',
    covers: BOTH,
    passed: drained.debtBytes === 0 && memtableRawBytesAfterDrain === 0,
    why:
      `debt ${burstDebtBytes} B at the last operation, ${drained.debtBytes} B after the drain; ` +
      `${memtableRawBytesAfterDrain} B in the memtable`,
    remedy: null,
  })
}

/** Whether a second run with the same seed would count the same. */
function repeatable({ command }: GateFacts, { executor }: SchedulingConfig): Gate {
  const passed = executor === 'virtual'
  return gateOf({
    name: 'repeatable',
    covers: ['amplification'],
    passed,
    why: passed
      ? 'jobs end in logical time: equal seeds count the same on every machine'
      : 'jobs end when threads end them: equal seeds give equal answers, but other merges and bytes',
    remedy: { command, flags: { '--scheduling=': 'virtual' } },
  })
}

function loadOrder({ config }: GateFacts): Gate {
  const order = config.workload.loadOrder
  const declared = order !== UNDECLARED_LOAD_ORDER
  return gateOf({
    name: 'load-order',
    covers: BOTH,
    passed: declared,
    why: declared
      ? `keys were loaded in the order "${order}"; another order makes another tree`
      : 'the workload does not say in which order it loads keys',
    remedy: null,
  })
}

/** The load order of a workload that does not declare one. */
export const UNDECLARED_LOAD_ORDER = 'declared by none'

/** Whether the tree has settled: before that, amplifications and times still change. */
function steadyState(facts: GateFacts): Gate {
  const { drained, runSeries, mergesIntoLastLevel, command } = facts
  const { userBytes, liveLogicalBytes } = drained
  const { steady, why } = steadinessOf({
    userBytes,
    liveLogicalBytes,
    runSeries,
    mergesIntoLastLevel,
  })
  const goesOn = canGoOn(facts)
  return gateOf({
    name: 'steady-state',
    covers: BOTH,
    passed: steady,
    why: steady ? why : `${notSteady(facts.config)}: ${why}`,
    remedy: goesOn ? { command, flags: { '--until=': 'steady' } } : null,
  })
}

function notSteady({ until }: GateFacts['config']): string {
  if (until === null) return 'not steady yet'
  return `not steady, with at most ${until.operationsMax} operations allowed`
}

/** Whether more operations could settle the tree: the workload writes, and it can go on. */
function canGoOn({ config, command, runSeries }: GateFacts): boolean {
  if (config.until !== null) return false
  if (isTrace(command)) return false
  const [first, last] = [runSeries[0], runSeries.at(-1)]
  return first !== undefined && last!.userBytes > first.userBytes
}

/** Whether the machine kept its speed. Counted figures do not depend on it. */
function steadyThroughput(facts: GateFacts, runTimedSeries: Timed['series']): Gate {
  const slower = throughputDrift(runTimedSeries)
  return gateOf({
    name: 'steady-throughput',
    covers: ['time'],
    passed: within(slower, THROUGHPUT_DRIFT_MAX),
    why:
      slower === null
        ? 'throughput drift unknown: the run phase is missing or too short'
        : `throughput drift ${percentText(slower)} over the last half of the run phase ` +
          `(at most ${THROUGHPUT_DRIFT_MAX * 100} %)`,
    // A second run may find the machine idle. It cannot make a short run phase longer.
    remedy: slower === null ? null : { command: facts.command, flags: { '--force': '' } },
  })
}

/** |third quarter − fourth quarter| ÷ their mean, of operations ÷ wall time. */
function throughputDrift(series: Timed['series']): number | null {
  return driftOf(series, (from, to) =>
    quotient(to.atOperation - from.atOperation, to.wallSeconds - from.wallSeconds),
  )
}

function beyondCache({ drained, command }: GateFacts, memory: MemoryFacts): Gate {
  const { blockCacheBytes, memtableBytes, machineBytes } = memory
  const { liveLogicalBytes, physicalBytes } = drained
  const smaller = String(Math.floor(liveLogicalBytes / CACHE_PARTS))
  return gateOf({
    name: 'dataset-beyond-cache',
    covers: BOTH,
    passed: liveLogicalBytes > blockCacheBytes,
    why:
      `dataset : block cache : memtable : RAM = ${liveLogicalBytes} : ${blockCacheBytes} : ` +
      `${memtableBytes} : ${machineBytes} B; the block cache is warm from the load, ` +
      pageCacheText(memory, physicalBytes),
    remedy: { command, flags: { '--set=blockCacheBytes=': smaller } },
  })
}

function pageCacheText(memory: MemoryFacts, physicalBytes: number): string {
  if (memory.directReads) return 'and reads avoid the page cache'
  if (physicalBytes < memory.machineBytes) return 'and the page cache may hold every file'
  return 'the files outgrow the page cache'
}

/** Figures of compressed tables hold for these values only, so the ratio reached is stated. */
function compressibility({ command }: GateFacts, { compression, storedShare }: MemoryFacts): Gate {
  return gateOf({
    name: 'compressibility',
    covers: ['amplification'],
    passed: compression === 'none' || storedShare !== null,
    why:
      storedShare === null
        ? `compression ${compression}: the compressed size of tables is unknown`
        : `compression ${compression}: tables take ${percentText(storedShare)} of their raw bytes`,
    remedy: { command, flags: { '--set=compression=': 'none' } },
  })
}

function overload(facts: ArrivalFacts, { overloaded, why }: Arrivals): Gate {
  return gateOf({
    name: 'overload',
    covers: ['time'],
    passed: !overloaded,
    why,
    remedy: atAdvisedShare(facts),
  })
}

function openLoop(facts: ArrivalFacts): Gate {
  const { arrivals } = facts
  const gate = (passed: boolean, why: string): Gate =>
    gateOf({
      name: 'open-loop-latency',
      covers: ['time'],
      passed,
      why,
      remedy: atAdvisedShare(facts),
    })
  if (arrivals === null) {
    return gate(false, 'closed loop: only service times; an operation that stalls delays no other')
  }
  const { offeredPerSecond: offered, sustainablePerSecond: sustainable } = arrivals
  if (arrivals.overloaded) return gate(false, arrivals.why)
  if (offered === null) return gate(false, `closed loop of ${arrivals.clients} clients`)
  const rate = `${offered.toFixed(0)} operations a second offered`
  if (sustainable === null) {
    const how = `use \`--rate=${SHARE_ADVISED}\` to measure it first.`
    return gate(false, `${rate}. The sustainable rate is unknown; ${how}`)
  }
  const share = offered / sustainable
  return gate(
    share <= SHARE_MAX,
    `${rate}, ${percentText(share)} of the sustainable ${sustainable.toFixed(0)} ` +
      `(at most ${SHARE_MAX * 100} %)`,
  )
}

/**
 * Runs at the advised share of the sustainable rate, which a closed loop measures first. A run at
 * the advised share or less gets half of its own share.
 */
function atAdvisedShare({ config, command, hasRun }: ArrivalFacts): Judgement['remedy'] {
  if (!hasRun) return null
  const share = config.arrival?.rate?.endsWith('%') ? Number.parseFloat(config.arrival.rate) : null
  const advised = Number.parseFloat(SHARE_ADVISED)
  const rate = share !== null && share <= advised ? `${share / 2}%` : SHARE_ADVISED
  const paceless = config.arrival?.kind === 'closed' || config.arrival?.kind === 'trace'
  return { command, flags: { '--rate=': rate, ...(paceless && { '--arrival=': null }) } }
}

/** How much of one design a sweep has run. */
export interface SweepShare {
  readonly samples: number
  /** At least `samples`, since repeats of one stream of operations are one sample. */
  readonly runs: number
}

const SEEDS_GATE = 'several-seeds'

/** `draws`: each further repeat would draw other operations, so it would be a further sample. */
function severalSeeds(
  { samples, runs }: SweepShare,
  command: readonly string[],
  draws: boolean,
): Gate {
  const held =
    samples === 1 && runs > 1
      ? `${runs} repeats of one stream of operations are one sample`
      : samples === 1
        ? 'a single seed'
        : `${samples} seeds`
  return gateOf({
    name: SEEDS_GATE,
    covers: BOTH,
    passed: samples >= SAMPLES_MIN,
    why:
      `${held}; figures differ between seeds, so a claim about strategies needs ` +
      `${SAMPLES_MIN} seeds, the same for each strategy`,
    remedy:
      draws && samples === runs ? { command, flags: { '--repeat=': String(SAMPLES_MIN) } } : null,
  })
}

/** The result's gates, with the gate of the seeds judged again for the whole sweep. */
export function withSweepShare(result: RunResult, share: SweepShare): readonly Gate[] {
  const { gates, command, deterministic } = result
  const ran = deterministic.phases.some(
    ({ name, operationsByKind }) => name === 'run' && Object.keys(operationsByKind).length > 0,
  )
  return gates.map((gate) =>
    gate.name === SEEDS_GATE ? severalSeeds(share, command, ran && !isTrace(command)) : gate,
  )
}

/** A trace cannot be made longer, and all its repeats are equal. */
function isTrace(command: readonly string[]): boolean {
  return command.some((argument) => argument.startsWith('--trace='))
}
