/**
 * Owns reading what LevelDB and RocksDB write about themselves into their LOG: the exact size of
 * every table a flush or a compaction made, where their statistics round to megabytes or tenths of
 * gigabytes. Sources: LevelDB 1.20 db/db_impl.cc (`Level-0 table`, `Compacted … => … bytes`,
 * `Moved`), RocksDB logging/event_logger.h (`EVENT_LOG_v1` lines of JSON).
 */
import type { PeerStatistics } from './peer-store.ts'

type Moved = Pick<
  PeerStatistics,
  'flushBytes' | 'compactionBytes' | 'compactionReadBytes' | 'flushes' | 'compactions' | 'moves'
>

/** LevelDB logs no bytes read by a compaction. */
export function parseLevelDbLog(text: string): Moved {
  const flushed = [...text.matchAll(/Level-0 table #\d+: (\d+) bytes OK/g)].map((m) => Number(m[1]))
  const compacted = [...text.matchAll(/Compacted \d+@\d+ \+ \d+@\d+ files => (\d+) bytes/g)]
  return {
    flushBytes: total(flushed),
    compactionBytes: total(compacted.map((match) => Number(match[1]))),
    compactionReadBytes: null,
    // An empty memtable makes a table of no bytes, which is no flush.
    flushes: flushed.filter((bytes) => bytes > 0).length,
    compactions: compacted.length,
    moves: [...text.matchAll(/ Moved #\d+ to level-\d+ /g)].length,
  }
}

/** The line of a memtable that LevelDB placed below level 0 at once is the same as of any flush. */
interface RocksDbEvent {
  readonly event: string
  readonly job?: number
  readonly file_size?: number
  readonly total_output_size?: number
  readonly input_data_size?: number
  readonly cf_name?: string
}

/** Of the column family `default`. */
export function parseRocksDbLog(text: string): Moved {
  const events = [...text.matchAll(/EVENT_LOG_v1 (\{.*\})$/gm)].map(
    (match) => JSON.parse(match[1]!) as RocksDbEvent,
  )
  const of = (name: string) => events.filter(({ event }) => event === name)
  const flushJobs = new Set(of('flush_started').map(({ job }) => job))
  const created = of('table_file_creation').filter(({ cf_name }) => cf_name !== 'cf1')
  const flushed = created.filter(({ job }) => flushJobs.has(job))
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
    moves: of('trivial_move').length,
  }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
