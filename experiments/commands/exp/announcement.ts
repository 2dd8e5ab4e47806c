/**
 * Owns the notice before a long command: the bytes that it will load, write and hold in memory, and
 * its approximate time. A short command gets no notice.
 *
 * The estimates are rough. Their constants were measured on one machine, in the checked-in results;
 * another disk or another write amplification changes them by a factor.
 */
import { statfsSync } from 'node:fs'
import { Operation, type Workload } from '../../../workloads/index.ts'
import { nearestThere } from '../../base/check-out.ts'
import type { RunPlan } from '../../base/run-plan.ts'
import { formatBytes, formatCount, formatSeconds } from '../../base/units.ts'
import { ratePerSecond } from '../../load/arrival-spec.ts'

/** One planned run, of our engine, the simulator or a peer. */
export type AnnouncedPlan = Pick<RunPlan, 'config' | 'createWorkload'> &
  Partial<Pick<RunPlan, 'storage' | 'simulation'>>

const LONG_SECONDS = 600
const LARGE_BYTES = 4 * 2 ** 30

/** Of `results/strategies-on-ycsb`: 6,000 operations a second on records of 1.1 kB. */
const SECONDS_PER_OPERATION = 20e-6
const SECONDS_PER_BYTE = 0.14e-6
const SIMULATED_SECONDS_PER_OPERATION = 20e-6

/** Old tables are removed only after the merge that replaces them. */
const DISK_PER_BYTE = 3
const PROCESS_BYTES = 250 * 2 ** 20
/** The active memtable and the memtables that are being flushed. */
const MEMTABLES = 3
/** The harness remembers each record's size, for space amplification. */
const RECORD_BYTES = 4
const SIMULATED_RECORD_BYTES = 350

interface Estimate {
  readonly operations: number
  readonly dataBytes: number
  readonly diskBytes: number
  readonly memoryBytes: number
  readonly seconds: number
}

/** One line about plans of which `jobs` run at once; null if all are short. */
export function announcementOf(
  plans: readonly AnnouncedPlan[],
  outFolder: string,
  jobs = 1,
): string | null {
  const [first] = plans
  if (first === undefined) return null
  const estimates = plans.map(estimateOf)
  const most = (of: (estimate: Estimate) => number) => Math.max(...estimates.map(of))
  const seconds = estimates.reduce((sum, estimate) => sum + estimate.seconds, 0) / jobs
  const disk = most(({ diskBytes }) => diskBytes) * jobs
  const memory = most(({ memoryBytes }) => memoryBytes) * jobs
  if (seconds < LONG_SECONDS && disk < LARGE_BYTES && memory < LARGE_BYTES) return null
  const what = plans.length === 1 ? 'this run' : `each of ${plans.length} runs`
  const records = Math.max(...plans.map(({ config }) => config.records))
  const parts = [
    `${what} loads ${formatCount(records)} records (${formatBytes(most((one) => one.dataBytes))})`,
    `and runs ${formatCount(most((one) => one.operations))} operations;`,
    jobs === 1 ? 'it needs' : `${jobs} at once need`,
    ...(disk === 0 ? [] : [`up to ${formatBytes(disk)} of disk${freeSpace(outFolder, disk)} and`]),
    `about ${formatBytes(memory)} of memory;`,
    `${plans.length === 1 ? 'it takes' : 'all take'} roughly ${formatSeconds(seconds)}`,
  ]
  return parts.join(' ')
}

function estimateOf({
  config,
  createWorkload,
  storage = 'node',
  simulation = null,
}: AnnouncedPlan): Estimate {
  const { records, engine } = config
  // A trace is not opened here, so its sizes are unknown.
  const isTrace = config.workload.valueCompression === undefined
  const workload = isTrace ? null : createWorkload()
  // A parameter may set the operations of a phase, independent of --operations.
  const operations =
    workload?.phases.reduce((sum, { stream }) => sum + stream.expected, 0) ?? config.operations
  const recordBytes = workload === null ? 0 : meanRecordBytes(workload)
  const dataBytes = records * recordBytes
  if (simulation !== null) return simulated(simulation.mode, dataBytes, records, operations)
  const secondsEach = SECONDS_PER_OPERATION + recordBytes * SECONDS_PER_BYTE
  const storedBytes = dataBytes * DISK_PER_BYTE
  const inMemory = storage === 'memory' ? storedBytes : 0
  return {
    operations,
    dataBytes,
    diskBytes: storedBytes - inMemory,
    memoryBytes:
      PROCESS_BYTES +
      Number(engine.blockCacheBytes) +
      Number(engine.memtableBytes) * MEMTABLES +
      records * RECORD_BYTES +
      inMemory,
    seconds: records * secondsEach + secondsOfRun(config.arrival, operations, secondsEach),
  }
}

/** An open loop runs at its rate, even if the store is faster. */
function secondsOfRun(
  arrival: AnnouncedPlan['config']['arrival'],
  operations: number,
  secondsEach: number,
): number {
  const rate = arrival?.rate ?? null
  if (rate === null) return operations * secondsEach
  const measuring = rate.endsWith('%') ? operations * secondsEach : 0
  return measuring + operations / ratePerSecond(rate, 1 / secondsEach)
}

/** The statistical mode keeps only tables, which are few; the exact mode keeps every key. */
function simulated(
  mode: 'exact' | 'statistical',
  dataBytes: number,
  records: number,
  operations: number,
): Estimate {
  const keys = mode === 'exact' ? records + operations : 0
  return {
    operations,
    dataBytes,
    diskBytes: 0,
    memoryBytes: PROCESS_BYTES + keys * SIMULATED_RECORD_BYTES,
    seconds: keys * SIMULATED_SECONDS_PER_OPERATION,
  }
}

const SAMPLED_WRITES = 1000

/** The mean of the first records that the load writes, or the first phase if there is no load. */
function meanRecordBytes({ load, phases }: Workload): number {
  const operation = new Operation()
  for (const stream of [load, ...phases.slice(0, 1).map((phase) => phase.stream)]) {
    let bytes = 0
    let writes = 0
    for (let count = 0; count < SAMPLED_WRITES && stream.next(operation); count++) {
      if (operation.valueLength > 0) {
        bytes += operation.keyLength + operation.valueLength
        writes++
      }
      stream.acknowledge(operation)
    }
    if (writes > 0) return bytes / writes
  }
  return 0
}

/** The free space if it may be too small; otherwise ''. */
function freeSpace(folder: string, neededBytes: number): string {
  const { bavail, bsize } = statfsSync(nearestThere(folder))
  const freeBytes = bavail * bsize
  return freeBytes < neededBytes ? ` (${formatBytes(freeBytes)} are free)` : ''
}
