/**
 * Owns the writing side of flushes and merges: surviving entries and range deletions go into
 * tables. The spec says where a table ends, and each table is synced before it is reported.
 * Invariants: all versions of a user key are in one table; no table is empty; no table crosses the
 * border of an output or a cut key. `soft-cuts.ts` says at which further keys a table ends.
 */

import { compareBytes, compareRanges } from '../base/compare.ts'
import { CursorFields, type Entry } from '../base/internal-cursor.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { showEntry } from '../iterators/show-entry.ts'
import type { Cause } from '../storage/ledger.ts'
import type { WritableFile } from '../storage/storage.ts'
import type { TableSummary, TableWriter } from '../table/table-writer.ts'
import type { KeyRange } from '../version/key-range.ts'
import type { TableId, TableMeta } from '../version/table-meta.ts'
import { PointerTally } from '../vlog/pointer-tally.ts'
import { ValuePointer } from '../vlog/value-pointer.ts'
import type { EntrySink } from './merge-rules.ts'
import { RangeWalk } from './older-ranges.ts'
import type { Ancestry, WrittenTable } from './placement.ts'
import { SoftCutWalk } from './soft-cuts.ts'
import type { SoftCuts } from './strategy.ts'
import type { SurvivingRanges } from './surviving-ranges.ts'
import type { ValueRelocation } from './value-relocation.ts'

/** One destination of a job: where its tables go and how they are cut. */
export interface Destination {
  readonly level: number
  /** First user key of this destination; null for the first. Destinations ascend by it. */
  readonly fromKey: Uint8Array | null
  readonly targetTableBytes: number | null
  readonly cutKeys: readonly Uint8Array[]
  readonly softCuts: SoftCuts | null
  readonly bitsPerKey: number
  /** Where tables older than the output may hold keys: ascending, disjoint. */
  readonly olderRanges: readonly KeyRange[]
}

export interface NewTable {
  readonly id: TableId
  readonly file: WritableFile
  readonly writer: TableWriter
}

/** Creates an empty table file on the account of a job. */
export type CreateTable = (cause: Cause, level: number, bitsPerKey: number) => NewTable

export class TableOutputs implements EntrySink {
  readonly #destinations: readonly Destination[]
  readonly #cause: Cause
  readonly #create: CreateTable
  readonly #ancestry: Ancestry
  readonly #relocation: ValueRelocation | null
  readonly #ranges: SurvivingRanges | null
  readonly #pointer = new ValuePointer()
  readonly #tally = new PointerTally()
  /** An entry with the pointer to where its value was moved. */
  readonly #moved = new CursorFields()
  readonly #written: WrittenTable[] = []
  #destination = 0
  #cutKey = 0
  #softCuts: SoftCutWalk | null
  #older: RangeWalk
  #open: NewTable | null = null

  constructor(
    destinations: readonly Destination[],
    cause: Cause,
    create: CreateTable,
    ancestry: Ancestry,
    relocation: ValueRelocation | null = null,
    ranges: SurvivingRanges | null = null,
  ) {
    this.#relocation = relocation
    this.#ranges = ranges
    this.#destinations = destinations
    this.#cause = cause
    this.#create = create
    this.#ancestry = ancestry
    this.#softCuts = softCutsOf(destinations[0])
    this.#older = new RangeWalk(destinations[0]!.olderRanges)
  }

  olderMayHold(keyBytes: Uint8Array, keyStart: number, keyLength: number): boolean {
    this.#enterDestination(keyBytes, keyStart, keyLength)
    return this.#older.covers(keyBytes, keyStart, keyLength)
  }

  startKey(keyBytes: Uint8Array, keyStart: number, keyLength: number): void {
    this.#enterDestination(keyBytes, keyStart, keyLength)
    const { cutKeys, targetTableBytes } = this.#destinations[this.#destination]!
    for (; this.#cutKey < cutKeys.length; this.#cutKey++) {
      const cutKey = cutKeys[this.#cutKey]!
      if (isBefore(keyBytes, keyStart, keyLength, cutKey)) break
      this.#finishTable(cutKey)
    }
    const rawBytes = this.#open?.writer.rawBytes ?? 0
    if (targetTableBytes !== null && rawBytes >= targetTableBytes) {
      this.#finishTableBefore(keyBytes, keyStart, keyLength)
    }
    const softCuts = this.#softCuts
    if (softCuts === null) return
    softCuts.advance(keyBytes, keyStart, keyLength)
    if (this.#open !== null && softCuts.endsTable(rawBytes)) {
      this.#finishTableBefore(keyBytes, keyStart, keyLength)
    }
    if (this.#open === null) softCuts.startTable()
  }

  add(entry: Entry): void {
    const { writer } = this.#openTable()
    if (entry.kind === ENTRY_KIND.blobIndex) this.#addPointer(writer, entry)
    else writer.add(entry)
  }

  #openTable(): NewTable {
    if (this.#open === null) {
      const { level, bitsPerKey } = this.#destinations[this.#destination]!
      this.#open = this.#create(this.#cause, level, bitsPerKey)
    }
    return this.#open
  }

  /**
   * Handles an entry whose value is in the value log: counts it and, if its segment is old, moves
   * the value.
   */
  #addPointer(writer: TableWriter, entry: Entry): void {
    const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength } = entry
    const pointer = this.#pointer.decode(valueBytes, valueStart, valueLength, 'table entry')
    const relocation = this.#relocation
    if (relocation?.moves(pointer.segment)) {
      relocation.relocate(pointer, keyBytes, keyStart, keyLength)
      const moved = this.#moved
      showEntry(moved, entry)
      moved.valueBytes = relocation.pointerBytes
      moved.valueStart = 0
      moved.valueLength = relocation.pointerLength
      writer.add(moved)
    } else {
      writer.add(entry)
    }
    this.#tally.add(pointer, keyLength)
  }

  /**
   * Closes the last table. Returns all written tables in key order; they are durable, but their
   * names are not yet.
   */
  finish(): readonly WrittenTable[] {
    for (;;) {
      const next = this.#destinations[this.#destination + 1]
      if (this.#ranges === null || next === undefined) break
      this.#startDestination(next)
    }
    this.#finishDestination(null)
    return this.#written
  }

  /** Gives up after a failure: closes the open table. Returns the ids of all tables created. */
  abandon(): readonly TableId[] {
    const created = this.#written.map(({ table }) => table.id)
    if (this.#open !== null) created.push(this.#open.id)
    this.#open?.file.close()
    this.#open = null
    return created
  }

  #enterDestination(keyBytes: Uint8Array, keyStart: number, keyLength: number): void {
    for (;;) {
      const next = this.#destinations[this.#destination + 1]
      if (next === undefined || isBefore(keyBytes, keyStart, keyLength, next.fromKey!)) return
      this.#startDestination(next)
    }
  }

  #startDestination(next: Destination): void {
    this.#finishDestination(next.fromKey)
    this.#destination++
    this.#cutKey = 0
    this.#softCuts = softCutsOf(next)
    this.#older = new RangeWalk(next.olderRanges)
  }

  /** Ends the destination at `border` (null: the end). Range deletions may cross cut keys. */
  #finishDestination(border: Uint8Array | null): void {
    const { cutKeys } = this.#destinations[this.#destination]!
    if (this.#ranges !== null) {
      for (; this.#cutKey < cutKeys.length; this.#cutKey++) {
        const cutKey = cutKeys[this.#cutKey]!
        if (border !== null && compareBytes(border, cutKey) <= 0) break
        this.#finishTable(cutKey)
      }
    }
    this.#finishTable(border)
  }

  #finishTableBefore(keyBytes: Uint8Array, keyStart: number, keyLength: number): void {
    const hasRanges = this.#ranges !== null
    this.#finishTable(hasRanges ? keyBytes.slice(keyStart, keyStart + keyLength) : null)
  }

  /** Ends the table at `border` (null: the end); range deletions are cut there. */
  #finishTable(border: Uint8Array | null): void {
    const ranges = this.#ranges
    if (ranges !== null) {
      const { olderRanges, targetTableBytes } = this.#destinations[this.#destination]!
      for (;;) {
        const piece = ranges.take(border, olderRanges)
        if (piece === null) break
        const writer = this.#open?.writer
        const isFull = targetTableBytes !== null && (writer?.rawBytes ?? 0) >= targetTableBytes
        if (isFull && writer?.hasKeyFrom(piece.from) === false) this.#closeTable()
        this.#openTable().writer.addFragment(piece)
      }
    }
    this.#closeTable()
  }

  #closeTable(): void {
    if (this.#open === null) return
    const { id, file, writer } = this.#open
    const summary = writer.finish()
    file.sync()
    file.close()
    this.#open = null
    this.#written.push({
      destination: this.#destination,
      table: tableMeta(id, summary, this.#ancestry, this.#tally.take()),
    })
  }
}

function softCutsOf(destination: Destination | undefined): SoftCutWalk | null {
  const softCuts = destination?.softCuts ?? null
  return softCuts === null ? null : new SoftCutWalk(softCuts)
}

function tableMeta(
  id: TableId,
  summary: TableSummary,
  ancestry: Ancestry,
  vlogBytes: TableMeta['vlogBytes'],
): TableMeta {
  return {
    ...summary,
    id,
    createdAtMs: ancestry.createdAtMs,
    oldestWriteAtMs: ancestry.oldestWriteAtMs,
    oldestTombstoneAtMs: summary.tombstones > 0 ? ancestry.oldestTombstoneAtMs : null,
    vlogBytes,
  }
}

function isBefore(bytes: Uint8Array, start: number, length: number, key: Uint8Array): boolean {
  return compareRanges(bytes, start, length, key, 0, key.length) < 0
}
