/**
 * Owns the room of jobs that run in another thread. The database shares its storage, ledger and
 * file numbers; the thread opens tables and segments for one job and closes them after it, because
 * a table is merged only once in its life. Invariant: nothing of the thread is open between jobs,
 * so the database may remove files and close at that time.
 */

import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { FileNumbers, type SharedFileNumbers } from '../../manifest/file-numbers.ts'
import type { JobPace } from '../../scheduling/threads/job-pace.ts'
import type { OpenRoom } from '../../scheduling/threads/serve-jobs.ts'
import { storageOver } from '../../storage/encryption/shared-storage.ts'
import { limitedStorage } from '../../storage/limited-storage.ts'
import { OpenFiles, openedBy } from '../../storage/open-files.ts'
import type { SharedStorage, Storage } from '../../storage/storage.ts'
import { SegmentHandles } from '../../vlog/segment-handles.ts'
import { jobRoom, type TableOptions } from '../job-room.ts'
import type { EngineOptions } from '../options.ts'
import { TableHandles } from '../table-handles.ts'
import { relocationOf, segmentPath } from '../values/relocation.ts'

/** A merge reads each table once and then never again, so nothing is gained by keeping readers. */
const READERS_KEPT = 1

/** Everything that another thread needs to make rooms of its own. Posting it shares the counts. */
export interface SharedRoom {
  readonly storage: SharedStorage
  readonly folder: string
  readonly numbers: SharedFileNumbers
  readonly options: TableOptions & Pick<EngineOptions, 'maxOpenFiles' | 'directReads' | 'valueLog'>
}

/** Data from which other threads make rooms, or null if the storage serves only this thread. */
export function shareRoom(
  storage: Storage,
  folder: string,
  numbers: FileNumbers,
  options: EngineOptions,
  threads: number,
): SharedRoom | null {
  const shared = storage.share?.(threads)
  if (shared === undefined) return null
  const { blockBytes, blockRestartInterval, compression, valueLog } = options
  const { maxOpenFiles, directReads } = options
  return {
    storage: shared,
    folder,
    numbers: numbers.share(),
    options: {
      blockBytes,
      blockRestartInterval,
      compression,
      valueLog,
      ...(maxOpenFiles === undefined ? {} : { maxOpenFiles }),
      ...(directReads === undefined ? {} : { directReads }),
    },
  }
}

/** Returns a function that makes the room of one job, which keeps the job's pace. */
export function roomsOver({
  storage: shared,
  folder,
  numbers: sharedNumbers,
  options,
}: SharedRoom): (pace: JobPace) => OpenRoom {
  const whole = storageOver(shared)
  const numbers = FileNumbers.over(sharedNumbers)
  const cache = new BlockCache(0)
  return (pace) => {
    const storage = limitedStorage(whole, pace)
    const files = new OpenFiles(openedBy(whole, options.directReads), options.maxOpenFiles)
    const handles = new TableHandles(files, folder, cache, { openTablesMax: READERS_KEPT })
    const segments = new SegmentHandles(files, (id) => segmentPath(folder, id), cache)
    const account = {
      cause: 'vlog-gc',
      counters: new ReadCounters(),
      fillCache: false,
    } as const
    const parts = { storage, folder, numbers, options: options.valueLog }
    const room = jobRoom({
      storage,
      folder,
      numbers,
      options,
      handles,
      values: { relocation: (moves) => relocationOf(parts, moves, segments, account) },
      reads: pace.reads,
    })
    return {
      room: {
        ...room,
        createTable(cause, level, bitsPerKey) {
          pace.pause()
          return room.createTable(cause, level, bitsPerKey)
        },
        openRun(level) {
          const open = room.openRun(level)
          return (table) => {
            pace.pause()
            return open(table)
          }
        },
      },
      close() {
        handles.close()
        segments.close()
      },
    }
  }
}
