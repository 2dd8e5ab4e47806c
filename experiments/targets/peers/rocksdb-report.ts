/**
 * Owns reading the tables that RocksDB prints about itself: levels of `rocksdb.cfstats` and the
 * tickers of `--statistics`. Source: db/internal_stats.cc, monitoring/statistics.cc.
 */
import type { PeerReading } from '../../../results/peer-schema.ts'
import { rocksDbWrittenByLevel } from './compaction-log.ts'

const UNITS: Readonly<Record<string, number>> = {
  KB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
}

/**
 * The first table of compaction statistics in `report`; null when there is none. Written bytes come
 * from the LOG, since the table rounds them to tenths of gigabytes. Read bytes are rounded too, but
 * the LOG does not have them by level.
 */
export function rocksDbLevels(report: string, log: string): PeerReading['levels'] {
  const written = rocksDbWrittenByLevel(log)
  const rows = cells(report).filter((row) => /^L\d+$/.test(row[0]!))
  if (!report.includes('** Compaction Stats')) return null
  return rows.map((row) => ({
    level: Number(row[0]!.slice(1)),
    tables: Number(row[1]!.split('/')[0]),
    bytes: Math.round(Number(row[2]) * UNITS[row[3]!]!),
    bytesRead: null,
    bytesWritten: written.get(Number(row[0]!.slice(1))) ?? 0,
  }))
}

/**
 * Rows of the first table, split at blanks: level, files, size, its unit, score, then gigabytes.
 */
function cells(report: string): readonly (readonly string[])[] {
  const [, table = ''] = report.split(/^\*\* Compaction Stats .*$/m)
  return table.split('\n').map((line) => line.trim().split(/\s+/))
}

/** Counts of `--statistics` by ticker; 'rocksdb.bytes.written COUNT : 123'. */
export function rocksDbTickers(text: string): ReadonlyMap<string, number> {
  const lines = [...text.matchAll(/^(rocksdb\.\S+) COUNT : (\d+)$/gm)]
  return new Map(lines.map((match) => [match[1]!, Number(match[2])]))
}
