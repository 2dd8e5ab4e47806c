/**
 * Owns the budget that every store gets: memory, blocks, compression, filters, the shape of a
 * leveled tree and what a write waits for. A peer's settings are made only from it. A result lists
 * them line by line next to ours; a line says so if the two cannot be equal.
 */
import type { Json } from '../../../engine/base/json.ts'
import type { EngineOptions } from '../../../engine/index.ts'
import type { PeerSetting } from '../../../results/peer-schema.ts'
import { STRATEGIES } from '../../../strategies/index.ts'
import { setting } from './setting.ts'

export interface Budget {
  readonly memtableBytes: number
  readonly blockCacheBytes: number
  readonly blockBytes: number
  readonly blockRestartInterval: number
  readonly compression: EngineOptions['compression']
  /** Size ratio of `leveling-partial`, the strategy that builds a tree like LevelDB and RocksDB. */
  readonly T: number
  readonly l0Trigger: number
  /** Bytes that level 1 may hold. */
  readonly level1Bytes: number
  readonly tableBytes: number
  readonly bitsPerKey: number
  /**
   * The mean entry of the stream, if it is known. Our sizes are raw bytes of keys and values.
   * Others count bytes of arenas and of files; with the entry, their limits are as large as ours.
   */
  readonly entry?: MeanEntry
}

export interface MeanEntry {
  readonly rawBytes: number
  /** Bytes of tables ÷ their entries. */
  readonly tableBytes: number
  /** Those in blocks of data, by which RocksDB and LevelDB decide that a table is full. */
  readonly dataBytes: number
}

/** The strategy whose parameters describe a peer's tree, unless the peer can follow others too. */
export const PEER_STRATEGY = 'leveling-partial'

/**
 * `params` are those of a strategy; the ones that `leveling-partial` has too count. Missing ones
 * take their defaults.
 */
export function budgetOf(options: EngineOptions, params: Readonly<Record<string, Json>>): Budget {
  const { memtableBytes, blockCacheBytes, blockBytes, blockRestartInterval, compression } = options
  const strategy = STRATEGIES.get(PEER_STRATEGY)!
  const shared = Object.entries(params).filter(([name]) => name in strategy.params.shape)
  const shape = strategy.parse(Object.fromEntries(shared)) as Record<string, number>
  const base = shape.baseBytes === 0 ? memtableBytes : shape.baseBytes!
  return {
    memtableBytes,
    blockCacheBytes,
    blockBytes,
    blockRestartInterval,
    compression,
    T: shape.T!,
    l0Trigger: shape.l0Trigger!,
    level1Bytes: base * shape.T!,
    tableBytes: shape.targetTableBytes === 0 ? memtableBytes : shape.targetTableBytes!,
    bitsPerKey: shape.bitsPerKey!,
  }
}

/** What our engine and every peer do with a write before it returns. */
export const HANDED_TO_THE_SYSTEM = 'handed to the operating system'

const NAMES: Readonly<Record<string, string>> = {
  T: 'size ratio T',
  level1Bytes: 'level 1 target, bytes',
}

/** One line for each field of `budget`; `theirs` has the peer's value and, if needed, a note. */
export function settingsOf(
  budget: Budget,
  theirs: Readonly<Partial<Record<Exclude<keyof Budget, 'entry'>, readonly [Json, string?]>>>,
): PeerSetting[] {
  const { entry: _, ...settings } = budget
  return (Object.keys(settings) as (keyof typeof settings)[]).map((key) => {
    const [peer, note] = theirs[key] ?? [null, 'no such setting']
    return setting(NAMES[key] ?? key, settings[key], peer, note)
  })
}

/** Bytes of files that hold as many entries as these raw bytes. */
export function fileBytes({ entry }: Budget, rawBytes: number): number {
  return entry === undefined ? rawBytes : Math.round((rawBytes / entry.rawBytes) * entry.tableBytes)
}

/**
 * Bytes of data blocks from which tables have as many entries as these raw bytes. LevelDB and
 * RocksDB look at whole blocks, so their tables end half a block later.
 */
export function dataBytes({ entry, blockBytes }: Budget, rawBytes: number): number {
  if (entry === undefined) return rawBytes
  return Math.round((rawBytes / entry.rawBytes) * entry.dataBytes - blockBytes / 2)
}
