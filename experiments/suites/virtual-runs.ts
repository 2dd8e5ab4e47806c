/**
 * Owns the runs of suites in virtual time: it loads a tree, lets clients work on it under a
 * scheduling policy, and turns what they saw into figures. These depend only on the settings, so
 * equal settings give equal figures on every machine.
 *
 * The simulator's target (`simulator-target.ts`) has the same jobs, gate and device, but it knows
 * every key and makes a promise for every write. The runs here make tens of millions of writes on
 * trees of 100 GB, so they use the simulator without keys, whose writer computes the times of
 * writes one after another.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type CompactionStrategy,
  type DeviceModel,
  deriveSeed,
  ManualClock,
  type SchedulingPolicy,
  VirtualClock,
} from '../../engine/index.ts'
import type { SuiteRun } from '../../results/suite-schema.ts'
import { type FoundTree, foundTree } from '../../strategies/simulator/found-tree.ts'
import { uniformKeys } from '../../strategies/simulator/key-model.ts'
import { StatisticalSimulator } from '../../strategies/simulator/statistical-simulator.ts'
import {
  VirtualClients,
  type VirtualClientsOptions,
} from '../../strategies/simulator/virtual/virtual-clients.ts'
import {
  VirtualStore,
  type VirtualStoreOptions,
} from '../../strategies/simulator/virtual/virtual-store.ts'
import { Interrupted } from '../base/interrupted.ts'
import { type Schedule, scheduled } from '../load/arrivals.ts'
import { VirtualBooks } from './virtual-books.ts'

/** A data set and the store that holds it. */
export interface VirtualSetting {
  readonly strategy: () => CompactionStrategy
  readonly records: number
  readonly recordBytes: number
  readonly memtableBytes: number
  readonly device: DeviceModel
  readonly seed: number
}

/** How a run uses a loaded store. */
export interface VirtualCase
  extends Pick<
      VirtualStoreOptions,
      | 'memtablesMax'
      | 'workers'
      | 'limitBytesPerSecond'
      | 'measureEveryMs'
      | 'slowdown'
      | 'countRuns'
      | 'runLimits'
    >,
    Pick<VirtualClientsOptions, 'writeNs' | 'logChunkBytes'> {
  readonly policy: SchedulingPolicy
  /** Null: a closed system. */
  readonly writes: Load | null
  readonly reads: Load | null
  /** Bytes that one read fetches from the device. */
  readonly readBytes: number
  readonly seconds: number
  /** Nothing that is answered before this is counted. */
  readonly warmUpSeconds: number
  /** How many samples are taken after the warm-up. */
  readonly samples: number
  /** The parts of time that are told apart, and the part of a moment in seconds. */
  readonly parts: readonly string[]
  readonly partOf: (seconds: number) => number
}

export type Load = Pick<Schedule, 'ratePerSecond' | 'shape' | 'spacing'>

export interface VirtualRun {
  readonly figures: Record<string, number | null>
  readonly series: SuiteRun['series']
}

const KEY_BYTES = 16

const shapeOf = ({ records, recordBytes }: VirtualSetting) => ({
  model: uniformKeys(records),
  keyBytes: KEY_BYTES,
  valueBytes: recordBytes - KEY_BYTES,
  keyPrefixBytes: 0,
  keyRadix: 256,
  blocks: { blockBytes: 4096, restartInterval: 16 },
})

/** The tree after all records were inserted once, in hashed order. */
export function loadedTree(setting: VirtualSetting): FoundTree {
  const { strategy, records, memtableBytes, seed } = setting
  const shape = shapeOf(setting)
  const simulator = new StatisticalSimulator({
    strategy: strategy(),
    shape,
    memtableBytes,
    clock: new ManualClock(),
    seed: deriveSeed(seed, 'load'),
    insertOrder: 'hashed',
    sharesTree: true,
  })
  simulator.write({ insert: 1, update: 0, delete: 0 }, records)
  simulator.flush()
  return foundTree(simulator.tree.version, shape.model, [1])
}

/** Runs one case on the loaded tree. `onShare` is called with the share that is done. */
export async function runVirtual(
  setting: VirtualSetting,
  start: FoundTree,
  options: VirtualCase,
  signal: AbortSignal,
  onShare: (share: number) => void,
): Promise<VirtualRun> {
  const { memtableBytes, device, recordBytes, seed } = setting
  const { policy, writes, reads, seconds, warmUpSeconds, samples } = options
  const { writeNs, logChunkBytes } = options
  const clock = new VirtualClock()
  const store = new VirtualStore({
    clock,
    start,
    device,
    policy,
    memtableBytes,
    shape: shapeOf(setting),
    strategy: setting.strategy(),
    seed: deriveSeed(seed, 'run'),
    measureEveryMs: options.measureEveryMs,
    memtablesMax: options.memtablesMax,
    workers: options.workers,
    limitBytesPerSecond: options.limitBytesPerSecond,
    slowdown: options.slowdown,
    countRuns: options.countRuns,
    runLimits: options.runLimits,
  })
  using books = new VirtualBooks(options, store)
  const clients = new VirtualClients({
    store,
    clock,
    writeBytes: recordBytes,
    writeNs,
    logChunkBytes,
    writes: writes === null ? null : arrivalsOf(writes, deriveSeed(seed, 'writes')),
    reads: reads && {
      arrivals: arrivalsOf(reads, deriveSeed(seed, 'reads')),
      work: { readBytes: options.readBytes, writtenBytes: 0, operations: 1, files: 0 },
    },
    observer: books,
  })
  const sliceSeconds = (seconds - warmUpSeconds) / samples
  clients.run(Math.round(warmUpSeconds * 1e9))
  books.begin()
  for (let sample = 1; sample <= samples; sample++) {
    clients.run(Math.round((warmUpSeconds + sample * sliceSeconds) * 1e9))
    books.sample(sample * sliceSeconds, sliceSeconds, clients.waitingNs)
    onShare(sample / samples)
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
  }
  store.close()
  return { figures: books.figures(), series: books.series }
}

function arrivalsOf({ ratePerSecond, shape, spacing }: Load, seed: number) {
  const arrivals = scheduled({ ratePerSecond, shape, spacing, clients: 1, seed })
  return { nextNs: () => Math.round(arrivals.nextNs()) }
}
