/**
 * Owns the loads on which the engine and the simulator are compared, for any strategy. S4 and S10
 * write whole buffers of unique keys into trees of four and three levels; `churn` makes skewed
 * updates and deletes of entries like those of S4.
 *
 * Strategies that drop need a limit: FIFO may keep a quarter of the bytes, time windows half of the
 * time.
 */

import type { Json } from '../../../engine/base/json.ts'
import { STRATEGIES } from '../../catalog.ts'
import type { Setup, Write } from './both-ways.ts'
import { skewedWrites, uniqueWrites } from './streams.ts'

export interface Scale {
  readonly name: string
  readonly T: number
  /** T^levels − 1 buffers are written: unique keys fill so many levels. */
  readonly levels: number
  readonly memtableBytes: number
  readonly entryBytes: number
  readonly keys: 'unique' | 'skewed'
}

const KiB = 1024

const S4 = {
  T: 4,
  levels: 4,
  memtableBytes: KiB * KiB,
  entryBytes: 128,
  keys: 'unique',
} as const

/** The scales, the fastest first. */
export const SCALES: readonly Scale[] = [
  { name: 'churn', ...S4, levels: 3, keys: 'skewed' },
  { name: 'S10', T: 10, levels: 3, memtableBytes: 256 * KiB, entryBytes: KiB, keys: 'unique' },
  { name: 'S4', ...S4 },
]

/** The same number of buffers, and so the same tree, with `1 ÷ divisor` of the entries in each. */
export function reduced(scale: Scale, divisor: number): Scale {
  return { ...scale, memtableBytes: scale.memtableBytes / divisor }
}

/** Number of writes: puts of this number fill the buffers. Deletes are smaller and fill fewer. */
export function writesOf(scale: Scale): number {
  return loadBytesOf(scale) / scale.entryBytes
}

function loadBytesOf({ T, levels, memtableBytes }: Scale): number {
  return (T ** levels - 1) * memtableBytes
}

export function streamOf(scale: Scale, seed: number): Iterable<Write> {
  const writes = writesOf(scale)
  if (scale.keys === 'unique') return uniqueWrites(writes, scale.entryBytes, 'hashed', seed)
  return skewedWrites(writes, writes / 3, scale.entryBytes, seed)
}

/** A strategy to compare, under parameters that differ from its defaults. */
export interface Compared {
  /** The strategy's name, and what distinguishes these parameters. */
  readonly name: string
  readonly strategy: string
  readonly params: Readonly<Record<string, Json>>
}

const composition = (name: string, params: Compared['params']): Compared => ({
  name: `composed ${name}`,
  strategy: 'composed',
  params,
})

/**
 * Every registered strategy; what else `composed` can be, each form once; and the parameters by
 * which a strategy follows other sources, or other versions of its own.
 */
export const COMPARED: readonly Compared[] = [
  ...Array.from(STRATEGIES.keys(), (name) => ({ name, strategy: name, params: {} })),
  composition('full', { preset: 'full' }),
  composition('1-leveling by levels', { layout: '1-leveling', granularity: ['level'] }),
  composition('tiering by tables', { layout: 'tiering', granularity: ['table'] }),
  composition('L-leveling by tables', { layout: 'L-leveling', granularity: ['tables'] }),
  composition('hybrid by tables', { layout: 'hybrid', K: 2, Z: 2, granularity: ['table'] }),
  variant('leveling-partial', 'without soft cuts', { softCuts: 'none' }),
  variant('leveling-partial', 'by LevelDB', { rules: 'leveldb', pick: 'rr' }),
  variant('leveling-partial', 'by RocksDB 7.8', { rules: 'rocksdb-7.8', pick: 'rr-to-target' }),
  variant('leveling-partial', 'multi-level', { multilevel: 'write-amp', multilevelL0: true }),
  variant('leveling-partial', 'within level 0', { intraL0: 'small', pick: 'lo2' }),
  variant('dynamic-leveled', 'without soft cuts', { softCuts: 'none' }),
  variant('universal', 'incremental', { incremental: true, max_size_amplification_percent: 50 }),
  variant('universal', 'by RocksDB 7.8', { size_amp_version: '7.8' }),
  variant('fragmented', 'guard by guard', { guardsPerJob: 'one', max_sstables_per_guard: 3 }),
  variant('delete-aware', 'sd', { mode: 'sd' }),
]

function variant(strategy: string, form: string, params: Compared['params']): Compared {
  return { name: `${strategy} ${form}`, strategy, params }
}

export function setupOf(compared: Compared, scale: Scale): Setup {
  const { params, retention } = designOf(compared, scale)
  const strategy = STRATEGIES.get(compared.strategy)!.create(params)
  return { strategy, memtableBytes: scale.memtableBytes, ...retention }
}

/** Parameters of the strategy and of the engine's retention that differ from defaults. */
export function designOf({ strategy: name, params: given }: Compared, scale: Scale) {
  const ratio = 'T' in STRATEGIES.get(name)!.params.shape ? { T: scale.T } : {}
  // A write takes a millisecond.
  const loadMs = writesOf(scale)
  if (name === 'fifo') {
    const retention = { retentionMaxBytes: Math.floor(loadBytesOf(scale) / 4) }
    return { params: { max_table_files_size: retention.retentionMaxBytes }, retention }
  }
  if (name === 'time-window') {
    const window = {
      compaction_window_unit: 'MINUTES',
      compaction_window_size: loadMs / 8 / 60_000,
    }
    const retention = { retentionMaxAgeMs: Math.floor(loadMs / 2) }
    const expiry = {
      default_time_to_live: retention.retentionMaxAgeMs / 1000,
      gc_grace_seconds: loadMs / 8 / 1000,
    }
    return { params: { ...window, ...expiry }, retention }
  }
  return { params: { ...ratio, ...given }, retention: {} }
}
