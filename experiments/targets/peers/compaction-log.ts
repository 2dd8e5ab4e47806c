/**
 * Owns reading the LOG that LevelDB and RocksDB write about themselves. It has the exact size of
 * each table that a flush or a compaction made; their statistics are rounded to megabytes or tenths
 * of gigabytes. Sources: LevelDB 1.20 db/db_impl.cc (`Level-0 table`, `Compacted … => … bytes`,
 * `Moved`), RocksDB logging/event_logger.h (`EVENT_LOG_v1` lines of JSON).
 */
import type { PeerStatistics } from './peer-store.ts'

type Moved = Pick<
  PeerStatistics,
  | 'flushBytes'
  | 'compactionBytes'
  | 'compactionReadBytes'
  | 'flushes'
  | 'compactions'
  | 'level0Compactions'
  | 'level0TablesCompacted'
  | 'moves'
  | 'lateCompactions'
  | 'stalls'
>

/** Level 0 of LevelDB is due at this many tables (`config::kL0_CompactionTrigger`). */
const LEVELDB_TRIGGER = 4

/** LevelDB does not log the bytes that a compaction reads. */
export function parseLevelDbLog(text: string): Moved {
  const flushed = [...text.matchAll(/Level-0 table #\d+: (\d+) bytes OK/g)].map((m) => Number(m[1]))
  const fromLevel0 = [...text.matchAll(/Compacting (\d+)@0 \+ /g)]
  const compacted = [...text.matchAll(/Compacted \d+@\d+ \+ \d+@\d+ files => (\d+) bytes/g)]
  return {
    flushBytes: total(flushed),
    compactionBytes: total(compacted.map((match) => Number(match[1]))),
    compactionReadBytes: null,
    // An empty memtable makes a table of 0 bytes, which does not count as a flush.
    flushes: flushed.filter((bytes) => bytes > 0).length,
    compactions: compacted.length,
    level0Compactions: fromLevel0.length,
    level0TablesCompacted: total(fromLevel0.map((match) => Number(match[1]))),
    moves: [...text.matchAll(/ Moved #\d+ to level-\d+ /g)].length,
    lateCompactions: fromLevel0.filter((match) => Number(match[1]) > LEVELDB_TRIGGER).length,
    stalls: [...text.matchAll(/(?:memtable full|Too many L0 files); waiting/g)].length,
  }
}

interface RocksDbEvent {
  readonly event: string
  readonly job?: number
  readonly file_size?: number
  readonly total_output_size?: number
  readonly output_level?: number
  readonly files_L0?: readonly number[]
  readonly input_data_size?: number
}

/** Level 0 is due at `trigger` tables. */
export function parseRocksDbLog(text: string, trigger: number): Moved {
  const events = eventsOf(text)
  const of = (name: string) => events.filter(({ event }) => event === name)
  const flushed = flushesOf(events)
  const fromLevel0 = of('compaction_started').filter(({ files_L0 }) => files_L0 !== undefined)
  return {
    flushBytes: total(flushed.map(({ file_size = 0 }) => file_size)),
    compactionBytes: total(
      of('compaction_finished').map(({ total_output_size = 0 }) => total_output_size),
    ),
    compactionReadBytes: total(
      of('compaction_started').map(({ input_data_size = 0 }) => input_data_size),
    ),
    flushes: flushed.length,
    compactions: of('compaction_finished').length,
    level0Compactions: fromLevel0.length,
    level0TablesCompacted: total(fromLevel0.map(({ files_L0 = [] }) => files_L0.length)),
    moves: of('trivial_move').length,
    lateCompactions: text.includes('Universal: sorted runs')
      ? lateUniversalPicks(text, trigger)
      : fromLevel0.filter(({ files_L0 = [] }) => files_L0.length > trigger).length,
    stalls: [...text.matchAll(/(?:Stalling|Stopping) writes because/g)].length,
  }
}

/**
 * Picks of universal compaction that came after a flush too many: with more sorted runs than the
 * trigger, although the pick before it did not leave one fewer as they were.
 */
function lateUniversalPicks(text: string, trigger: number): number {
  let late = 0
  /** Sorted runs that the last pick left as they were; 0 after a compaction. */
  let left = 0
  for (const [, runs] of text.matchAll(UNIVERSAL_PICK_OR_START)) {
    const count = Number(runs ?? 0)
    if (count > trigger && count > left + 1) late++
    left = count
  }
  return late
}

const UNIVERSAL_PICK_OR_START =
  /Universal: sorted runs: (\d+) files|"event": ?"compaction_started"/g

/** Compactions that had begun and not ended when the log did. */
export function unfinishedCompactions(text: string): number {
  const events = eventsOf(text)
  const count = (name: string) => events.filter(({ event }) => event === name).length
  return count('compaction_started') - count('compaction_finished')
}

/** Flushes count as writes to level 0. */
export function rocksDbWrittenByLevel(text: string): ReadonlyMap<number, number> {
  const events = eventsOf(text)
  const written = new Map([[0, total(flushesOf(events).map(({ file_size = 0 }) => file_size))]])
  for (const { event, output_level: level = 0, total_output_size: bytes = 0 } of events) {
    if (event === 'compaction_finished') written.set(level, (written.get(level) ?? 0) + bytes)
  }
  return written
}

function eventsOf(text: string): readonly RocksDbEvent[] {
  const lines = [...text.matchAll(/EVENT_LOG_v1 (\{.*\})$/gm)]
  return lines.map((match) => JSON.parse(match[1]!) as RocksDbEvent)
}

/** The tables that flushes made. */
function flushesOf(events: readonly RocksDbEvent[]): readonly RocksDbEvent[] {
  const jobs = new Set(events.filter(({ event }) => event === 'flush_started').map((e) => e.job))
  return events.filter(({ event, job }) => event === 'table_file_creation' && jobs.has(job))
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
