/**
 * Owns the export of a closed database into a folder that RocksDB opens. The tables get second
 * names (hard links), so an export costs no space and hardly any time; the database itself is only
 * read.
 *
 * RocksDB wants one run a level. So the runs, newest first, go to its levels 1, 2, 3 …: a get goes
 * down the levels and stops at the first that answers, which is our recency order whatever the
 * sequence numbers. Level 0 stays free for what RocksDB itself flushes. It has seven levels unless
 * an OPTIONS file says otherwise, so one is written.
 *
 * Segments of the value log go along by link too, but for those a crash left open: of these what is
 * sound is copied and sealed.
 *
 * What the logs hold is not flushed, which would take a strategy and change the source: it goes,
 * exactly as an open would recover it, into one new log that RocksDB replays.
 *
 * Invariant: CURRENT comes last, when all it leads to is durable; after a failure nothing stays.
 */

import { optionsName, walName } from '../../manifest/file-names.ts'
import { FileNumbers } from '../../manifest/file-numbers.ts'
import { Manifest } from '../../manifest/manifest.ts'
import { type FileTag, joinPath, type Storage } from '../../storage/storage.ts'
import { EMPTY_LEVEL, levelOf } from '../../version/level.ts'
import type { Run } from '../../version/run.ts'
import { runsNewestFirst, type Version, versionOf } from '../../version/version.ts'
import type { ReplayReport } from '../events.ts'
import { type FolderPair, fillFolder, placeTables, writeLog } from '../folder-pair.ts'
import { checkPlace } from '../open-options.ts'
import { engineOptionsSchema } from '../options.ts'
import { type FolderContent, readContent, withClosedFolder } from './closed-folder.ts'
import { placeSegments } from './placed-segments.ts'

/** What an export wrote. */
export interface ExportReport {
  readonly runs: number
  readonly tables: number
  readonly tableBytes: number
  /** Tables that had to be copied because a link was not possible. */
  readonly tablesCopied: number
  /** Number of segments of the value log. */
  readonly segments: number
  /** What the logs held, and what was damaged and left out. */
  readonly replay: ReplayReport
}

const EXPORT_TAG: FileTag = { cause: 'meta', level: -1 }
/** RocksDB's default number of levels. RocksDB refuses a folder that uses more than it is told. */
const ROCKSDB_LEVELS = 7

/**
 * Exports the folder `name` to `toName`, which must be missing or empty. Errors: as
 * `withClosedFolder`; `LSM_INVALID_ARGUMENT` if `toName` holds files, or lies inside or around the
 * folder; `LSM_CORRUPTION`, `LSM_IO`. Tests use `order` to plant a wrong order of the runs.
 */
export function exportDatabase(
  storage: Storage,
  name: string,
  toName: string,
  order: (version: Version) => readonly Run[] = newestFirst,
): ExportReport {
  checkPlace(storage, toName, 'the folder to export to')
  const to = storage.resolve(toName)
  return withClosedFolder(storage, name, (folder) => {
    const content = readContent(storage, folder)
    const pair = { source: storage, folder, target: storage, to }
    return fillFolder(pair, () => fill(pair, content, order(content.manifest.version)))
  })
}

function newestFirst(version: Version): readonly Run[] {
  return Array.from(runsNewestFirst(version), ({ run }) => run)
}

function fill(pair: FolderPair, content: FolderContent, runs: readonly Run[]): ExportReport {
  const { target: storage, to } = pair
  const version = versionOf([EMPTY_LEVEL, ...runs.map((run) => levelOf([run]))])
  const tablesCopied = placeTables(pair, runs)
  const { nextRunId, lastSeq, nextFileNumber } = content.manifest
  const numbers = new FileNumbers(nextFileNumber)
  const logNumber = numbers.allocate()
  const segments = placeSegments(pair, content)
  const { replay, report: replayed } = content.recovery
  writeLog(storage, joinPath(to, walName(logNumber)), replay.batches)
  const optionsPath = joinPath(to, optionsName(numbers.allocate()))
  const { blockBytes } = content.options?.engine ?? engineOptionsSchema.parse({})
  writeText(storage, optionsPath, rocksdbOptions(version.levels.length, blockBytes))
  const counters = { logNumber, nextFileNumber: numbers.next, nextRunId, lastSeq }
  const state = { ...counters, version, segments }
  const allocate = () => numbers.allocate()
  Manifest.create(storage, to, { ...state, strategy: null }, { allocate }).close(replay.lastSeq)
  const { tables, bytes } = version.totals
  const report = { runs: runs.length, tables, tableBytes: bytes, tablesCopied }
  return { ...report, segments: segments.size, replay: replayed }
}

/** The options that RocksDB needs to open a tree with `levels` levels. The others keep defaults. */
function rocksdbOptions(levels: number, blockBytes: number): string {
  return [
    '[Version]',
    '  rocksdb_version=7.8.3',
    '  options_file_version=1.1',
    '[DBOptions]',
    '  create_if_missing=false',
    '[CFOptions "default"]',
    `  num_levels=${Math.max(ROCKSDB_LEVELS, levels)}`,
    '[TableOptions/BlockBasedTable "default"]',
    `  block_size=${blockBytes}`,
    '',
  ].join('\n')
}

function writeText(storage: Storage, path: string, text: string): void {
  const file = storage.create(path, EXPORT_TAG)
  try {
    file.append(new TextEncoder().encode(text), 'meta')
    file.sync()
  } finally {
    file.close()
  }
}
