/** Lines as LevelDB 1.20, RocksDB 7.8.3 and 9.7 wrote them. */
import { expect, test } from 'vitest'
import {
  parseLevelDbLog,
  parseRocksDbLog,
  rocksDbWrittenByLevel,
  unfinishedCompactions,
} from './compaction-log.ts'
import { rocksDbLevels, rocksDbTickers } from './rocksdb-report.ts'

test('LevelDB: tables of flushes and compactions, and moves separately', () => {
  const log = [
    '2026/11/21-05:30:58.345872 7fce35bfb6c0 Level-0 table #5: started',
    '2026/11/21-05:30:58.368052 7fce35bfb6c0 Level-0 table #5: 1030328 bytes OK',
    '2026/11/21-05:30:58.376616 7fce35bfb6c0 Level-0 table #7: started',
    '2026/11/21-05:30:58.382523 7fce35bfb6c0 Level-0 table #7: 0 bytes OK',
    '2026/11/21-05:30:59.382523 7fce35bfb6c0 Compacting 4@0 + 2@1 files',
    '2026/11/21-05:30:59.482523 7fce35bfb6c0 Generated table #9@0: 12 keys, 12345 bytes',
    '2026/11/21-05:30:59.582523 7fce35bfb6c0 Compacted 4@0 + 2@1 files => 24690 bytes',
    '2026/11/21-05:30:59.682523 7fce35bfb6c0 Moved #9 to level-2 12345 bytes OK: files[ 0 1 1 ]',
  ].join('\n')
  expect(parseLevelDbLog(log)).toEqual({
    flushBytes: 1030328,
    flushes: 1,
    compactionBytes: 24690,
    compactions: 1,
    moves: 1,
    compactionReadBytes: null,
    level0Compactions: 1,
    level0TablesCompacted: 4,
    lateCompactions: 0,
    stalls: 0,
  })
  const late = log.replace('Compacting 4@0', 'Compacting 5@0')
  const waiting = `${late}\n2026/11/21 7 Current memtable full; waiting...`
  expect(parseLevelDbLog(waiting)).toMatchObject({ lateCompactions: 1, stalls: 1 })
})

const EVENTS = [
  { job: 2, event: 'flush_started' },
  { job: 2, event: 'table_file_creation', file_size: 100 },
  { job: 3, event: 'compaction_started', files_L0: [5, 4], input_data_size: 400 },
  { job: 3, event: 'table_file_creation', file_size: 150 },
  { job: 3, event: 'table_file_creation', file_size: 150 },
  { job: 3, event: 'compaction_finished', output_level: 1, total_output_size: 300 },
  { job: 4, event: 'trivial_move', total_files_size: 7 },
]
const LOG = EVENTS.map((event) => `2026/11/21 7 EVENT_LOG_v1 ${JSON.stringify(event)}`).join('\n')

test('RocksDB: tables of flush jobs, and the output of compactions', () => {
  expect(parseRocksDbLog(LOG, 2)).toEqual({
    flushBytes: 100,
    compactionBytes: 300,
    compactionReadBytes: 400,
    flushes: 1,
    compactions: 1,
    moves: 1,
    level0Compactions: 1,
    level0TablesCompacted: 2,
    lateCompactions: 0,
    stalls: 0,
  })
  const stalled = `${LOG}\n2026/11/21 7 [WARN] [default] Stalling writes because we have 20 level-0 files`
  expect(parseRocksDbLog(stalled, 1)).toMatchObject({ lateCompactions: 1, stalls: 1 })
  expect([...rocksDbWrittenByLevel(LOG)]).toEqual([
    [0, 100],
    [1, 300],
  ])
})

test.each([
  ['a pick that merges nothing, and the next after one more flush', '4 5 start 2', 0],
  ['a merge of five runs when four were due', '4 start 5 start', 1],
  ['two flushes more than a pick that merged nothing', '4 6 start', 1],
  ['runs at the trigger after a merge', '4 start 4 5 start', 0],
])('RocksDB, universal compaction: %s', (_, picks, late) => {
  const lines = picks
    .split(' ')
    .map((word) =>
      word === 'start'
        ? `7 EVENT_LOG_v1 ${JSON.stringify({ job: 3, event: 'compaction_started', files_L0: [1] })}`
        : `7 [default] Universal: sorted runs: ${word} files: files[${word} 0 0]`,
    )
  expect(parseRocksDbLog(lines.join('\n'), 4).lateCompactions).toBe(late)
})

test('RocksDB: compactions without an end', () => {
  expect(unfinishedCompactions(LOG)).toBe(0)
  expect(unfinishedCompactions(LOG.slice(0, LOG.indexOf('2026', LOG.indexOf('input'))))).toBe(1)
})

test('RocksDB: levels by its statistics, written bytes by its log', () => {
  const report = [
    '** Compaction Stats [default] **',
    'Level    Files   Size     Score Read(GB)  Rn(GB) Rnp1(GB) Write(GB)',
    '--------------------------------',
    '  L0      1/0   46.05 KB   0.2      0.0     0.0      0.0       0.0',
    '  L1      2/1   1.50 MB   0.4      0.0     0.0      0.0       0.0',
    ' Sum      3/1   1.55 MB   0.0      0.0     0.0      0.0       0.0',
    '** Compaction Stats [default] **',
    '  L9      7/0   46.05 KB   0.2      0.0     0.0      0.0       0.0',
  ].join('\n')
  expect(rocksDbLevels(report, LOG)).toEqual([
    { level: 0, tables: 1, bytes: Math.round(46.05 * 1024), bytesRead: null, bytesWritten: 100 },
    { level: 1, tables: 2, bytes: 1.5 * 1024 ** 2, bytesRead: null, bytesWritten: 300 },
  ])
  expect(rocksDbLevels('no such line', LOG)).toBeNull()
})

test('RocksDB: tickers', () => {
  const tickers = rocksDbTickers('rocksdb.number.keys.written COUNT : 4415\nother COUNT : 1\n')
  expect([...tickers]).toEqual([['rocksdb.number.keys.written', 4415]])
})
