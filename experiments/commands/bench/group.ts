/**
 * Owns the vocabulary of a group: benchmarks that one process runs on one store, one after the
 * other. What a group does depends on its task alone, so a process can be started with it.
 */
import type {
  RaceBenchmark,
  RaceCompression,
  RacedEngine,
  WorkLeft,
} from '../../../results/race-schema.ts'
import { readSystem } from '../../machine/operating-system.ts'
import type { CallDefinition, CallStore, Tally } from '../../targets/peers/calls/call-store.ts'
import { waitForRest } from '../../targets/peers/rest.ts'
import type { EntryRing, Holdings } from './entries.ts'

/** How much a race does. All counts follow from `entries`. */
export interface RaceSize {
  readonly entries: number
  readonly memtableBytes: number
  readonly blockCacheBytes: number
  readonly largeCacheBytes: number
  readonly recoveryBytes: number
}

/** In the order in which a round runs them. */
export const GROUPS = {
  fillseq: ['fillseq'],
  fillrandom: ['fillrandom', 'overwrite', 'memory-write'],
  put: ['put-awaited', 'put-now'],
  sync: ['sync-1', 'sync-64'],
  reads: [
    ...(['get-hit', 'get-miss', 'get-many', 'scan', 'scan-reverse'] as const),
    ...(['walk', 'walk-reverse', 'seek-10', 'memory-read'] as const),
  ],
  cached: ['get-hit-cached', 'get-miss-cached'],
  delete: ['delete'],
  ycsb: ['ycsb-a', 'ycsb-b', 'ycsb-c', 'ycsb-f', 'ycsb-d', 'ycsb-e'],
  merge: ['full-merge'],
  open: ['open'],
  recovery: ['recovery'],
} as const satisfies Readonly<Record<string, readonly RaceBenchmark[]>>
export type RaceGroup = keyof typeof GROUPS

/** Groups that start from a copy of the loaded folder: every key once, written in random order. */
export const ON_LOADED: ReadonlySet<RaceGroup> = new Set([
  'reads',
  'cached',
  'delete',
  'ycsb',
  'merge',
])
/** Groups that work in the large folder, one after the other. */
export const ON_LARGE: ReadonlySet<RaceGroup> = new Set(['open', 'recovery'])

/** What a process does: a group, or one of the two folders that groups start from. */
export type TaskName = RaceGroup | 'load' | 'load-large'

export interface GroupTask {
  readonly name: TaskName
  readonly engine: RacedEngine
  readonly compression: RaceCompression
  /** Of the store; it exists. */
  readonly folder: string
  readonly size: RaceSize
  readonly seed: number
  readonly round: number
  /** Only these of the group are measured. */
  readonly benchmarks: readonly RaceBenchmark[]
  /** Shortens the wait for rest; for tests. */
  readonly quietMs?: number
}

export interface GroupFigure {
  readonly benchmark: RaceBenchmark
  readonly value: number
  readonly workLeft: WorkLeft | null
}

export interface GroupOutcome {
  readonly figures: readonly GroupFigure[]
  /** The process must end itself with the store open, as in a crash. */
  readonly endsInCrash?: boolean
}

/** What the work of a group gets. */
export interface GroupContext {
  readonly task: GroupTask
  readonly definition: CallDefinition
  readonly ring: EntryRing
  readonly signal: AbortSignal
}

/** A store answered with something else than what was written into it. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

/** Opens the store under the task's budget. */
export function openStore(
  { definition, task }: GroupContext,
  more: { readonly synced?: boolean; readonly largeCache?: boolean } = {},
): Promise<CallStore> {
  const { folder, compression, size } = task
  return definition.open(folder, {
    memtableBytes: size.memtableBytes,
    blockCacheBytes: more.largeCache === true ? size.largeCacheBytes : size.blockCacheBytes,
    compression,
    synced: more.synced ?? false,
  })
}

/** Operations a second of `work`, which does `count`. */
export async function rateOf(count: number, work: () => unknown): Promise<number> {
  const startMs = performance.now()
  const pending = work()
  if (pending instanceof Promise) await pending
  return (count * 1000) / (performance.now() - startMs)
}

/** Throws `WrongAnswer` if the values that were read are not those that were written. */
export function checkTally(
  { task }: GroupContext,
  what: string,
  { count, sum }: Pick<Tally, 'count' | 'sum'>,
  expected: ReturnType<Holdings['total']>,
): void {
  if (count === expected.count && sum === expected.sum) return
  throw new WrongAnswer(
    `${task.engine}: ${what}: read ${count} values with the sum ${sum}, ` +
      `not ${expected.count} with ${expected.sum}`,
  )
}

/** Lets the store end its background work, and says how much that was. */
export async function settle(
  { definition, task, signal }: GroupContext,
  store: CallStore,
): Promise<WorkLeft> {
  const debtBytes = store.debtBytes()
  const written = () => readSystem()?.written.bytes ?? 0
  const before = written()
  const startMs = performance.now()
  let isDrained = true
  if (store.settle !== null) await store.settle()
  else {
    isDrained = await waitForRest({
      quietMs: Math.min(task.quietMs ?? definition.quietMs, definition.quietMs),
      isBusy: () => store.busy(),
      writtenBytes: written,
      signal,
    })
  }
  return {
    debtBytes,
    isDrained,
    drainedBytes: readSystem() === null ? null : written() - before,
    drainSeconds: (performance.now() - startMs) / 1000,
  }
}

/** Whether the task measures the benchmark. */
export function isWanted({ task }: GroupContext, benchmark: RaceBenchmark): boolean {
  return task.benchmarks.includes(benchmark)
}
