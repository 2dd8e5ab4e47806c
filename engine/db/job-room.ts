/**
 * Owns what jobs use: files, open tables and the value log, in the thread of the database or in
 * another (`threads/shared-room.ts`).
 */

import type { ReadCounters } from '../base/read-counters.ts'
import type { NewTable } from '../compaction/table-outputs.ts'
import { tableName } from '../manifest/file-names.ts'
import type { FileNumbers } from '../manifest/file-numbers.ts'
import type { JobRoom } from '../scheduling/run-job.ts'
import type { Cause } from '../storage/ledger.ts'
import { makeCall } from '../storage/slow-call.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { TableWriter } from '../table/table-writer.ts'
import type { EngineOptions } from './options.ts'
import type { TableHandles } from './table-handles.ts'
import type { ValueLog } from './values/value-log.ts'

/** The options that shape a table. */
export type TableOptions = Pick<
  EngineOptions,
  'blockBytes' | 'blockRestartInterval' | 'compression'
>

export interface JobRoomParts {
  readonly storage: Storage
  readonly folder: string
  readonly numbers: FileNumbers
  readonly options: TableOptions
  readonly handles: TableHandles
  readonly values: Pick<ValueLog, 'relocation'>
  /** Counts what merges read. */
  readonly reads: ReadCounters
}

/** The room of jobs that use these parts. */
export function jobRoom({
  storage,
  folder,
  numbers,
  options,
  handles,
  values,
  reads,
}: JobRoomParts): JobRoom {
  return {
    createTable(cause: Cause, level: number, bitsPerKey: number): NewTable {
      const id = numbers.allocate()
      const file = storage.create(joinPath(folder, tableName(id)), { cause, level })
      const writer = new TableWriter(file, {
        blockBytes: options.blockBytes,
        restartInterval: options.blockRestartInterval,
        compression: options.compression,
        bitsPerKey,
      })
      return { id, file, writer }
    },
    removeTable(id) {
      try {
        storage.remove(joinPath(folder, tableName(id)))
      } catch {
        // An orphan: the next recovery removes it.
      }
    },
    openRun: (level) => handles.compactionOpener(level, reads),
    rangeDeletions: (level, table) => handles.get(table, level).reader.rangeDeletions,
    syncFolder: () => storage.syncFolder(folder),
    ended: () => handles.endCompaction(),
    makeCall: (call) => makeCall(storage, call),
    relocation: (moves) => values.relocation(moves),
  }
}
