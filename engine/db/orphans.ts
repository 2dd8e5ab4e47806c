/**
 * Owns the search for files that a folder's state does not refer to: files of jobs that never
 * finished, logs whose entries are in tables, temporary files. It only reads; `recovery.ts` decides
 * which are removed and which are kept.
 */

import { isLsmError } from '../base/errors.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { BlockCache } from '../cache/block-cache.ts'
import { type FileKind, parseName } from '../manifest/file-names.ts'
import type { ManifestState } from '../manifest/manifest-state.ts'
import type { Storage } from '../storage/storage.ts'
import { TableReader } from '../table/table-reader.ts'
import { tablesOf } from '../version/run.ts'
import { runsNewestFirst } from '../version/version.ts'

/** A file that no edit names. */
export interface Orphan {
  readonly name: string
  readonly kind: FileKind
  readonly number: number
}

/** The orphans in `folder`, in the order of its listing. */
export function findOrphans(
  storage: Storage,
  folder: string,
  { version, logNumber, segments }: ManifestState,
): readonly Orphan[] {
  const live = new Set<number>()
  for (const { run } of runsNewestFirst(version)) {
    for (const table of tablesOf(run)) live.add(table.id)
  }
  return storage.list(folder).flatMap((name) => {
    const parsed = parseName(name)
    if (parsed === null) return []
    const { kind, number } = parsed
    const isOrphan =
      (kind === 'table' && !live.has(number)) ||
      (kind === 'segment' && !segments.has(number)) ||
      (kind === 'wal' && number < logNumber) ||
      kind === 'temporary'
    return isOrphan ? [{ name, kind, number }] : []
  })
}

/** The newest sequence number in a table that no edit names; null if the table cannot be read. */
export function newestSeqIn(storage: Storage, path: string, id: number): number | null {
  const file = storage.open(path, { cause: 'recovery', level: -1 })
  try {
    const reader = TableReader.open(file, id, new BlockCache(0))
    const cursor = reader.cursor({ file, counters: new ReadCounters(), fillCache: false })
    let newest = 0
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) newest = Math.max(newest, cursor.seq)
    return newest
  } catch (error) {
    if (isLsmError(error, 'LSM_CORRUPTION') || isLsmError(error, 'LSM_INVALID_ARGUMENT'))
      return null
    throw error
  } finally {
    file.close()
  }
}
