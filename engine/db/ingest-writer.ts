/**
 * Owns the rewriting of tables from outside into tables of the database: with its compression,
 * filters, encryption and separation of large values, and with one sequence number for all entries.
 *
 * Of each key the newest entry of its table is kept, unless the table deletes it by a newer range
 * deletion. What is left may have one number: a range deletion hides only entries with a smaller
 * one, so it hides older data of the database and no entry of its own table. All deletions stay;
 * the merges that follow drop those that hide nothing.
 *
 * Invariant: nobody sees the new files until an edit lists them. After `abandon` they are gone.
 */

import { compareBytes } from '../base/compare.ts'
import { invalidArgument } from '../base/errors.ts'
import { CursorFields, type Entry } from '../base/internal-cursor.ts'
import { ENTRY_KIND, type SeqNum } from '../base/internal-key.ts'
import { RangeDeletions } from '../base/range-deletions.ts'
import { ALL_KEYS, type EntrySink, writeSurvivors } from '../compaction/merge-rules.ts'
import type { WrittenTable } from '../compaction/placement.ts'
import { SurvivingRanges } from '../compaction/surviving-ranges.ts'
import { type Destination, TableOutputs } from '../compaction/table-outputs.ts'
import { showEntry } from '../iterators/show-entry.ts'
import type { FileNumbers } from '../manifest/file-numbers.ts'
import type { JobOutcome } from '../scheduling/job-order.ts'
import type { JobRoom } from '../scheduling/run-job.ts'
import type { Storage } from '../storage/storage.ts'
import { endsBefore } from '../version/key-range.ts'
import { printKey } from '../version/text.ts'
import type { ExternalTable } from './external-table.ts'
import type { ValueLogOptions } from './options.ts'
import { segmentPath } from './values/relocation.ts'
import { SegmentAppender } from './values/segment-appender.ts'

export interface IngestWriterParts {
  readonly room: Pick<JobRoom, 'createTable' | 'removeTable' | 'syncFolder'>
  readonly storage: Storage
  readonly folder: string
  readonly numbers: FileNumbers
  readonly valueLog: ValueLogOptions
  readonly bitsPerKey: number
  /** The sequence number of all entries. */
  readonly seq: SeqNum
  readonly nowMs: number
}

/** A new table, and the path of the one that it was made of. */
interface Rewritten extends WrittenTable {
  readonly path: string
}

/** Values are collected in memory up to this size before they are written. */
const WRITE_BYTES = 1024 * 1024

export class IngestWriter implements EntrySink {
  readonly #parts: IngestWriterParts
  readonly #values: SegmentAppender
  /** Paths of segments that were created, the last one perhaps not. */
  readonly #segments: string[] = []
  /** One for each table; the last one is being written. */
  readonly #outputs: TableOutputs[] = []
  readonly #rewritten: Rewritten[] = []
  readonly #stamped = new CursorFields()
  #shadowed = 0
  #valueBytesWritten = 0

  constructor(parts: IngestWriterParts) {
    const { storage, folder, numbers, valueLog } = parts
    this.#parts = parts
    this.#values = new SegmentAppender({
      storage,
      folder,
      numbers,
      options: valueLog,
      pathOf: (segment) => {
        const path = segmentPath(folder, segment)
        this.#segments.push(path)
        return path
      },
      cause: 'ingest',
      // They are sealed before the edit that lists the tables, and it lists them too.
      announce: () => {},
    })
  }

  /** Reads the table to its end and writes a new one. */
  rewrite(table: ExternalTable): void {
    const { path, rangeDeletions } = table
    const outputs = this.#outputsFor(rangeDeletions)
    this.#outputs.push(outputs)
    // Snapshots see none of the entries, so one version of each key is enough.
    this.#shadowed += writeSurvivors(table, [], this, ALL_KEYS, rangeDeletions).shadowed
    for (const written of outputs.finish()) this.#rewritten.push({ ...written, path })
  }

  /** Makes all files and their names durable. Refuses tables that overlap. */
  finish(): JobOutcome {
    const written = this.#rewritten.sort((a, b) => compareBytes(a.table.smallest, b.table.smallest))
    for (const [index, { table, path }] of written.entries()) {
      const before = written[index - 1]
      if (before !== undefined && !endsBefore(before.table, table.smallest)) {
        throw overlapOf(before.path, path, table.smallest)
      }
    }
    const sealed = this.#values.seal()
    this.#parts.room.syncFolder()
    return {
      written,
      sealed,
      dropped: { shadowed: this.#shadowed, tombstones: 0 },
      movedBytes: 0,
    }
  }

  /** Removes what was written. A file that cannot be removed is left to the next recovery. */
  abandon(): void {
    const { room, storage } = this.#parts
    this.#values.close()
    for (const outputs of this.#outputs) {
      for (const id of outputs.abandon()) room.removeTable(id)
    }
    for (const path of this.#segments) {
      try {
        storage.remove(path)
      } catch {
        // An orphan, or the one that could not be created.
      }
    }
  }

  startKey(keyBytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#outputs.at(-1)!.startKey(keyBytes, keyStart, keyLength)
  }

  olderMayHold(): boolean {
    return true
  }

  add(entry: Entry): void {
    const stamped = this.#stamped
    showEntry(stamped, entry)
    stamped.seq = this.#parts.seq
    const { thresholdBytes } = this.#parts.valueLog
    const isLarge = thresholdBytes !== null && stamped.valueLength >= thresholdBytes
    if (isLarge && stamped.kind === ENTRY_KIND.value) this.#separate(stamped)
    this.#outputs.at(-1)!.add(stamped)
  }

  /** Moves the value to the value log; the entry becomes its pointer. */
  #separate(entry: CursorFields): void {
    const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength } = entry
    const { nowMs } = this.#parts
    const values = this.#values
    values.add(keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength, nowMs)
    if (values.appendedBytes - this.#valueBytesWritten >= WRITE_BYTES) {
      values.write()
      this.#valueBytesWritten = values.appendedBytes
    }
    entry.kind = ENTRY_KIND.blobIndex
    entry.valueBytes = values.pointerBytes
    entry.valueStart = 0
    entry.valueLength = values.pointerLength
  }

  /** The writer of one table, whose range deletions get the new number. */
  #outputsFor(deletions: RangeDeletions | null): TableOutputs {
    const { room, bitsPerKey, seq, nowMs } = this.#parts
    const fragments = deletions?.fragments ?? []
    const first = fragments[0]
    const last = fragments.at(-1)
    const isDeleting = first !== undefined && last !== undefined
    const destination: Destination = {
      level: 0,
      fromKey: null,
      targetTableBytes: null,
      cutKeys: [],
      softCuts: null,
      bitsPerKey,
      // As if older tables had keys everywhere in the deleted ranges: so they stay.
      olderRanges: isDeleting ? [{ smallest: first.from, largest: last.to, isOpen: true }] : [],
    }
    const ancestry = { createdAtMs: nowMs, oldestWriteAtMs: nowMs, oldestTombstoneAtMs: nowMs }
    const stamped = new RangeDeletions()
    for (const { from, to } of fragments) stamped.add({ from, to, seq })
    const ranges = isDeleting ? new SurvivingRanges(stamped, [], ALL_KEYS) : null
    return new TableOutputs([destination], 'ingest', room.createTable, ancestry, null, ranges)
  }
}

function overlapOf(path: string, other: string, key: Uint8Array) {
  const message =
    `${path} and ${other} overlap at ${printKey(key)}: ingest them one after the other, ` +
    'the one with the newer entries last'
  return invalidArgument(message, { paths: [path, other], key })
}
