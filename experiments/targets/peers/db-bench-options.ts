/**
 * Owns the options with which `db_bench` follows one of our strategies, next to the parameters that
 * they come from. A line of the settings and the flag of `db_bench` are made together, so that they
 * cannot differ. Flags: RocksDB 7.8 `tools/db_bench_tool.cc`.
 *
 * RocksDB counts a memtable by the bytes of its arena, and tables and levels by the bytes of files.
 * Our engine and strategies count raw bytes of keys and values. The memtable gets as many arena
 * bytes as our raw bytes take, so that flushes have as many entries as ours. Limits of tables and
 * levels are scaled if the budget says what an entry takes in a table.
 */
import type { Json } from '../../../engine/base/json.ts'
import type { PeerSetting } from '../../../results/peer-schema.ts'
import { ARENA_BLOCK_BYTES, rocksDbArenaBytes } from './arena-bytes.ts'
import { type Budget, dataBytes, fileBytes, HANDED_TO_THE_SYSTEM } from './budget.ts'
import { setting } from './setting.ts'

/** The strategies for which RocksDB has options. */
export const FOLLOWED_STRATEGIES: readonly string[] = [
  'leveling-partial',
  'dynamic-leveled',
  'universal',
]

/** One of them, with all its parameters. */
export interface FollowedStrategy {
  readonly name: string
  readonly params: Readonly<Record<string, Json>>
}

export interface ReplayOptions {
  readonly budget: Budget
  readonly follows: FollowedStrategy
  /** Mean raw bytes of a written entry. */
  readonly entryBytes: number
  readonly arrivalIntervalNs: number | null
}

type Flags = Readonly<Record<string, string | number>>

/** A setting of both, and the flags that set the peer's. */
interface Line {
  readonly setting: PeerSetting
  readonly flags: Flags
}

/** Flags of `db_bench` without those of its files, and the settings of both. */
export function replayOptions(options: ReplayOptions): {
  readonly flags: Flags
  readonly settings: readonly PeerSetting[]
} {
  const lines = [...memoryLines(options), ...strategyLines(options)]
  const { arrivalIntervalNs } = options
  return {
    flags: Object.assign({}, ...lines.map(({ flags }) => flags)),
    settings: [
      ...lines.map((line) => line.setting),
      setting('a write is', HANDED_TO_THE_SYSTEM, HANDED_TO_THE_SYSTEM),
      setting('background threads', 0, 2, 'ours works inline, in the write that makes it due'),
      setting('entries of a scan', null, 1, 'a trace holds seeks without nexts'),
      ...(arrivalIntervalNs === null
        ? []
        : [
            setting('arrival interval, ns', null, arrivalIntervalNs, 'so that compactions keep up'),
          ]),
    ],
  }
}

function memoryLines({ budget, entryBytes }: ReplayOptions): readonly Line[] {
  const { memtableBytes, blockCacheBytes, blockBytes, blockRestartInterval } = budget
  const { compression, bitsPerKey } = budget
  const writeBufferBytes = rocksDbArenaBytes(memtableBytes, entryBytes)
  return [
    line('memtableBytes', memtableBytes, 'write_buffer_size', writeBufferBytes, AS_MANY_ENTRIES),
    line('arena block, bytes', null, 'arena_block_size', ARENA_BLOCK_BYTES, 'for equal flushes'),
    line('blockCacheBytes', blockCacheBytes, 'cache_size', blockCacheBytes),
    line('blockBytes', blockBytes, 'block_size', blockBytes),
    line('blockRestartInterval', blockRestartInterval, 'block_restart_interval'),
    line('compression', compression, 'compression_type'),
    line('bitsPerKey', bitsPerKey, 'bloom_bits'),
  ]
}

const AS_MANY_ENTRIES = 'write_buffer_size counts the arena: as many entries as in ours'

function strategyLines(options: ReplayOptions): readonly Line[] {
  const { name } = options.follows
  if (name === 'universal') return universalLines(options)
  return [...leveledLines(options), ...(name === 'dynamic-leveled' ? dynamicLines(options) : [])]
}

/** RocksDB's `CompactionPri` of each movement that it has. */
const PRIORITIES: Readonly<Record<string, number>> = {
  largest: 0,
  'oldest-max-seq': 1,
  'oldest-min-seq': 2,
  lo1: 3,
  'rr-to-target': 4,
}
const LEAST_OVERLAP = 3

function leveledLines(options: ReplayOptions): readonly Line[] {
  const { budget, follows } = options
  const { params } = follows
  const { T, l0Trigger, level1Bytes } = budget
  const priority = PRIORITIES[params.pick as string]
  return [
    line('size ratio T', T, 'max_bytes_for_level_multiplier'),
    line('l0Trigger', l0Trigger, 'level0_file_num_compaction_trigger'),
    line(
      'level 1 target, bytes',
      level1Bytes,
      'max_bytes_for_level_base',
      fileBytes(budget, level1Bytes),
      'bytes of files; ours: raw bytes of entries',
    ),
    tableLine(options),
    {
      setting: setting(
        'pick',
        params.pick!,
        priority === undefined ? 'lo1' : params.pick!,
        priority === undefined ? 'RocksDB has no such priority' : '',
      ),
      flags: { compaction_pri: priority ?? LEAST_OVERLAP },
    },
    fixed('rules', params.rules!, 'rocksdb-7.8'),
    fixed('softCuts', params.softCuts!, 'by-rules'),
    fixed('intraL0', params.intraL0!, 'by-rules'),
    fixed('multilevel', params.multilevel!, 'never'),
    fixed('filterAlloc', params.filterAlloc!, 'uniform'),
    line('slowdown, runs', 2 * Math.max(l0Trigger, 4), 'level0_slowdown_writes_trigger'),
    line('stop, runs', 3 * Math.max(l0Trigger, 4), 'level0_stop_writes_trigger'),
    line(
      'dynamic levels',
      follows.name === 'dynamic-leveled',
      'level_compaction_dynamic_level_bytes',
    ),
  ]
}

function dynamicLines({ follows }: ReplayOptions): readonly Line[] {
  return [line('levels', follows.params.levels!, 'num_levels')]
}

/** RocksDB's UINT_MAX, which `db_bench` has no flag for; it is the default there. */
const NO_LIMIT = 2 ** 32 - 1
/** `db_bench` takes a 0 for its default. */
const BY_DEFAULT = 0

function universalLines(options: ReplayOptions): readonly Line[] {
  const { params } = options.follows
  const numbers: readonly (readonly [string, string])[] = [
    ['level0_file_num_compaction_trigger', 'level0_file_num_compaction_trigger'],
    ['min_merge_width', 'universal_min_merge_width'],
    ['level0_stop_writes_trigger', 'level0_stop_writes_trigger'],
    ['incremental', 'universal_incremental'],
    ['max_compaction_bytes', 'max_compaction_bytes'],
    ['periodic_compaction_seconds', 'periodic_compaction_seconds'],
    ['num_levels', 'num_levels'],
  ]
  return [
    ...numbers.map(([name, flag]) => line(name, params[name]!, flag)),
    defaultedLine(params, 'size_ratio', 'universal_size_ratio', 1),
    defaultedLine(
      params,
      'max_size_amplification_percent',
      'universal_max_size_amplification_percent',
      200,
    ),
    params.max_merge_width === NO_LIMIT
      ? fixed('max_merge_width', NO_LIMIT, NO_LIMIT)
      : line('max_merge_width', params.max_merge_width!, 'universal_max_merge_width'),
    tableLine(options),
    fixed('size_amp_version', params.size_amp_version!, '7.8'),
    fixed('stop_style', params.stop_style!, 'total'),
    fixed('max_read_amp', params.max_read_amp!, -1),
    fixed('deletion_ratio', params.deletion_ratio!, 0),
    fixed('read_triggered_compaction_threshold', params.read_triggered_compaction_threshold!, 0),
    fixed('filterAlloc', params.filterAlloc!, 'uniform'),
    {
      setting: setting('compaction style', 'universal', 'universal'),
      flags: { compaction_style: 1 },
    },
  ]
}

/** A setting that `flag` sets; `peer` is its value there, if it is not ours. */
function line(name: string, varve: Json, flag: string, peer: Json = varve, note = ''): Line {
  return { setting: setting(name, varve, peer, note), flags: { [flag]: String(peer) } }
}

/** A setting without a flag. */
function fixed(name: string, varve: Json, peer: Json): Line {
  const note = varve === peer ? '' : 'db_bench has no flag for it'
  return { setting: setting(name, varve, peer, note), flags: {} }
}

/** A setting whose flag means the default if it is 0. */
function defaultedLine(
  params: FollowedStrategy['params'],
  name: string,
  flag: string,
  byDefault: number,
): Line {
  const varve = params[name]!
  if (varve !== BY_DEFAULT) return line(name, varve, flag)
  return {
    setting: setting(name, varve, byDefault, 'db_bench takes 0 for the default'),
    flags: { [flag]: BY_DEFAULT },
  }
}

/** RocksDB ends a table when its blocks of data are this large. */
function tableLine({ budget }: ReplayOptions): Line {
  const { tableBytes } = budget
  const theirs = dataBytes(budget, tableBytes)
  const note = 'bytes of data blocks; ours: raw bytes of entries'
  return line('tableBytes', tableBytes, 'target_file_size_base', theirs, note)
}
