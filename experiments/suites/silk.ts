/**
 * Owns the suite `silk`: does a scheduler that serves flushes first, merges out of level 0 next,
 * and all other merges with what clients leave, keep latencies low when load comes in bursts? After
 * Balmau et al., "SILK: Preventing Latency Spikes in Log-Structured Merge Key-Value Stores", USENIX
 * ATC 2019.
 *
 * The paper: SILK, which is RocksDB with such a scheduler, against RocksDB, with a budget of 200
 * MB/s for clients and background work, on a production load and on open loops of peaks and
 * valleys. The 99th percentile falls by up to two orders of magnitude, throughput stays.
 *
 * Here: the statistical simulator in virtual time, on a device of 200 MB/s; a tree with RocksDB's
 * leveled compaction, T = 10 and its limits of level 0; an open loop of writes and reads (Poisson)
 * with peaks of 10 s and valleys of 40 s. Over a cycle, clients and background work use about nine
 * tenths of the device, so merges of deep levels are not done when the next peak begins. The log
 * is written behind, as RocksDB's default, so writes wait for memtables and level 0, and not for
 * the device. Tables are an eighth of a memtable, because a merge can be paused only between two
 * tables.
 *
 * Left out: the production trace, and the paper's own times, which a model of a device cannot give.
 */
import type { SchedulingPolicy } from '../../engine/index.ts'
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import { levelAt, STRATEGIES } from '../../strategies/index.ts'
import { schedulingPolicyOf } from '../../strategies/scheduling/index.ts'
import { steps } from '../load/arrivals.ts'
import { countedSuite } from './counted-suite.ts'
import { atMostClaim, type CountedContext, type Suite, withinClaim } from './suite.ts'
import { loadedTree, runVirtual, type VirtualCase, type VirtualSetting } from './virtual-runs.ts'

const MIB = 2 ** 20
/** Reads and writes share 200 MB/s. */
const DEVICE = { readBytesPerMs: 200e3, writeBytesPerMs: 200e3, latencyMs: 0.1, perFileMs: 1 }

const PEAK_SECONDS = 10
const CYCLE_SECONDS = 50
/** One in 5 s: two in a peak. */
const SAMPLES_PER_CYCLE = 10
/** Bytes per second of the clients: in peaks, and in valleys. */
const WRITES = { peak: 36e6, valley: 5e6 }
const READS = { peak: 40e6, valley: 4e6 }

interface Scale {
  readonly memtableBytes: number
  readonly memtables: number
  readonly writeBytes: number
  readonly readBytes: number
  readonly cycles: number
}

const SCALES: Readonly<Record<SuiteScale, Scale>> = {
  full: {
    memtableBytes: 64 * MIB,
    memtables: 200,
    writeBytes: 4096,
    readBytes: 16_384,
    cycles: 40,
  },
  smoke: {
    memtableBytes: 32 * MIB,
    memtables: 200,
    writeBytes: 16_384,
    readBytes: 65_536,
    cycles: 10,
  },
}

const PARTS = ['peak', 'valley'] as const

/** The schedulers that are compared, by name. */
export type Schedulers = Readonly<Record<'silk' | 'rocksdb' | 'fair', SchedulingPolicy>>

/** The suite with these schedulers in the places of SILK, RocksDB and fair. */
export function silkWith(schedulers: Schedulers): Suite {
  return countedSuite<SchedulingPolicy, SuiteRun>({
    name: 'silk',
    fullSeconds: 100,
    fullRssBytes: 420e6,
    description: 'latencies of bursts by scheduler, in virtual time (SILK)',
    columns: [
      { heading: 'writes/s', figure: 'writesPerSecond' },
      { heading: 'peak write p50 ms', figure: 'peakWriteP50Ms' },
      { heading: 'p99 ms', figure: 'peakWriteP99Ms' },
      { heading: 'p99.9 ms', figure: 'peakWriteP999Ms' },
      { heading: 'peak read p99 ms', figure: 'peakReadP99Ms' },
      { heading: 'stopped s', figure: 'stopSeconds' },
      { heading: 'longest flush s', figure: 'longestFlushSeconds' },
      { heading: 'longest L0 merge s', figure: 'longestLevel0MergeSeconds' },
      { heading: 'WA', figure: 'writeAmplification' },
    ],
    tasksOf: () => Object.entries(schedulers).map(([name, plan]) => ({ name, work: 1, plan })),
    perform: ({ name, plan }, context) => runOf(name, plan, context),
    conclude: (runs, scale) => ({ runs, claims: claimsOf(runs, SCALES[scale]) }),
  })
}

export const silk = silkWith({
  silk: schedulingPolicyOf('silk'),
  rocksdb: schedulingPolicyOf('rocksdb'),
  fair: schedulingPolicyOf('fair'),
})

async function runOf(
  name: string,
  policy: SchedulingPolicy,
  context: CountedContext,
): Promise<SuiteRun> {
  const { scale, signal, onShare } = context
  const startMs = performance.now()
  const setting = settingOf(context)
  const options = caseOf(scale, policy)
  const start = loadedTree(setting)
  const { figures, series } = await runVirtual(setting, start, options, signal, onShare)
  const { memtableBytes, records, recordBytes, device } = setting
  return {
    name,
    params: {
      scheduler: policy.name,
      workers: options.workers,
      ...device,
      memtableBytes,
      records,
      recordBytes,
      peakWriteBytesPerSecond: WRITES.peak,
      valleyWriteBytesPerSecond: WRITES.valley,
      peakReadBytesPerSecond: READS.peak,
      valleyReadBytesPerSecond: READS.valley,
      peakSeconds: PEAK_SECONDS,
      valleySeconds: CYCLE_SECONDS - PEAK_SECONDS,
    },
    figures,
    series: [...series],
    wallSeconds: (performance.now() - startMs) / 1e3,
  }
}

function claimsOf(runs: readonly SuiteRun[], { memtableBytes }: Scale): readonly Claim[] {
  const figure = (run: string, name: string) =>
    Number(runs.find((known) => known.name === run)!.figures[name])
  const headline = 'SILK: p99 up to two orders of magnitude below RocksDB'
  const claims = ['rocksdb', 'fair'].flatMap((other) => [
    atMostClaim(
      `peaks: p99 write latency, silk ≤ ${other} ÷ 5`,
      figure('silk', 'peakWriteP99Ms'),
      figure(other, 'peakWriteP99Ms') / 5,
      headline,
    ),
    atMostClaim(
      `peaks: p99 read latency, silk ≤ ${other} ÷ 2`,
      figure('silk', 'peakReadP99Ms'),
      figure(other, 'peakReadP99Ms') / 2,
      headline,
    ),
    withinClaim(
      `throughput, silk as ${other}`,
      figure('silk', 'writesPerSecond'),
      figure(other, 'writesPerSecond'),
      0.02,
      'SILK: no loss of throughput',
    ),
  ])
  return [
    ...claims,
    atMostClaim(
      'silk: seconds in which writes were stopped',
      figure('silk', 'stopSeconds'),
      0,
      PRIORITIES,
    ),
    atMostClaim(
      'silk: the longest flush takes less time than a peak fills a memtable',
      figure('silk', 'longestFlushSeconds'),
      memtableBytes / WRITES.peak,
      PRIORITIES,
    ),
    atMostClaim(
      'silk: the longest merge out of level 0, with its wait, ends before level 0 stops writes',
      figure('silk', 'longestLevel0MergeSeconds'),
      ((LEVEL0.stopRuns - LEVEL0.trigger) * memtableBytes) / WRITES.peak,
      PRIORITIES,
    ),
  ]
}

const PRIORITIES = 'SILK: flushes first, then merges out of level 0'

/** RocksDB's defaults. */
const LEVEL0 = { trigger: 4, slowdownRuns: 20, stopRuns: 36 }

function settingOf({ scale, seed }: CountedContext): VirtualSetting {
  const { memtableBytes, memtables, writeBytes } = SCALES[scale]
  const targetTableBytes = memtableBytes / 8
  const params = { T: 10, l0Trigger: LEVEL0.trigger, targetTableBytes }
  return {
    strategy: () => STRATEGIES.get('leveling-partial')!.create(params),
    records: Math.floor((memtables * memtableBytes) / writeBytes),
    recordBytes: writeBytes,
    memtableBytes,
    device: DEVICE,
    seed,
  }
}

function caseOf(scale: SuiteScale, policy: SchedulingPolicy): VirtualCase {
  const { writeBytes, readBytes, cycles } = SCALES[scale]
  const { slowdownRuns, stopRuns } = LEVEL0
  return {
    policy,
    // RocksDB's max_write_buffer_number is 2.
    memtablesMax: 1,
    workers: 8,
    limitBytesPerSecond: null,
    measureEveryMs: 10,
    slowdown: 'rate',
    countRuns: (version) => levelAt(version, 0).runs.length,
    runLimits: { slowdownRuns, stopRuns },
    writes: burstsOf(WRITES, writeBytes),
    reads: burstsOf(READS, readBytes),
    readBytes,
    writeNs: 10_000,
    logChunkBytes: MIB,
    seconds: (cycles + 2) * CYCLE_SECONDS,
    warmUpSeconds: 2 * CYCLE_SECONDS,
    samples: cycles * SAMPLES_PER_CYCLE,
    parts: PARTS,
    partOf: (seconds) => (seconds % CYCLE_SECONDS < PEAK_SECONDS ? 0 : 1),
  }
}

/** A Poisson process whose rate jumps between peaks and valleys. */
function burstsOf({ peak, valley }: typeof WRITES, bytes: number): VirtualCase['writes'] {
  const shares = Array.from({ length: CYCLE_SECONDS / PEAK_SECONDS }, (_, step) => {
    return step === 0 ? peak : valley
  })
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  return {
    ratePerSecond: mean / bytes,
    shape: steps(shares, PEAK_SECONDS),
    spacing: 'exponential',
  }
}
