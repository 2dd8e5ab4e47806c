/**
 * Owns the merge of a repair: all versions that were found, in (key, seq) order, become one sorted
 * run with the newest version of each key. Deletions take effect and are dropped, because nothing
 * older stays. Tables are read through chains of disjoint tables, so few are open at once, and
 * memory does not grow with the data.
 *
 * Invariant: a key whose newest version points to a value that is gone has no entry in the run. An
 * older version would be a wrong answer.
 */

import { compareBytes, compareRanges } from '../../base/compare.ts'
import { isLsmError } from '../../base/errors.ts'
import {
  CursorFields,
  type Entry,
  type InternalCursor,
  keyBytesOf,
} from '../../base/internal-cursor.ts'
import { ENTRY_KIND } from '../../base/internal-key.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { ALL_KEYS, type EntrySink, writeSurvivors } from '../../compaction/merge-rules.ts'
import { MergingCursor } from '../../iterators/merging-cursor.ts'
import { RunCursor } from '../../iterators/run-cursor.ts'
import { showEntry } from '../../iterators/show-entry.ts'
import { segmentName } from '../../manifest/file-names.ts'
import { OpenFiles } from '../../storage/open-files.ts'
import { joinPath, type ReadableFile, type Storage } from '../../storage/storage.ts'
import { isDamage, readableCursor } from '../../table/readable-part.ts'
import { runOf } from '../../version/run.ts'
import { SegmentHandles, type ValueAccount } from '../../vlog/segment-handles.ts'
import { ValuePointer } from '../../vlog/value-pointer.ts'
import type { Loss, RepairSources, SourceTable } from './repair-sources.ts'

/** The values of a folder that is being repaired, read by their pointers. */
export class RepairValues {
  readonly handles: SegmentHandles
  readonly account: ValueAccount = {
    cause: 'recovery',
    counters: new ReadCounters(),
    fillCache: false,
  }
  readonly #pointer = new ValuePointer()

  constructor(storage: Storage, folder: string) {
    const pathOf = (segment: number) => joinPath(folder, segmentName(segment))
    this.handles = new SegmentHandles(new OpenFiles(storage), pathOf, new BlockCache(0))
  }

  /** Whether the entry's pointer leads to the whole record of its key. */
  resolves(entry: Entry): boolean {
    const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength } = entry
    try {
      const pointer = this.#pointer.decode(valueBytes, valueStart, valueLength, 'table entry')
      this.handles.load(pointer, keyBytes, keyStart, keyLength, this.account)
      return true
    } catch (error) {
      if (!isDamage(error) && !isLsmError(error, 'LSM_NOT_FOUND')) throw error
      return false
    }
  }

  close(): void {
    this.handles.close()
  }
}

/**
 * Passes the newest version of each key to `sink`, which gets no deletions. Returns the values that
 * are gone, a line for each segment.
 */
export function mergeSources(
  storage: Storage,
  sources: RepairSources,
  values: RepairValues,
  sink: EntrySink,
): readonly Loss[] {
  const files = new OpenFiles(storage)
  const closers: (() => void)[] = []
  const cursors: InternalCursor[] = sources.memtables.map((memtable) => memtable.cursor())
  for (const chain of chainsOf(sources.tables)) cursors.push(chainCursor(files, chain, closers))
  const source = new WholeValues(new MergingCursor(cursors), values)
  const lost = new LostValues()
  const whole: EntrySink = {
    startKey: (bytes, start, length) => sink.startKey(bytes, start, length),
    olderMayHold: () => false,
    add(entry) {
      if (source.isLost) lost.add(source)
      else sink.add(entry)
    },
  }
  const { rangeDeletions } = sources
  try {
    writeSurvivors(source, [], whole, ALL_KEYS, rangeDeletions.isEmpty ? null : rangeDeletions)
  } finally {
    for (const close of closers) close()
  }
  return lost.losses()
}

/** Tables in key order that do not overlap: as few chains as the greedy choice gives. */
function chainsOf(tables: readonly SourceTable[]): readonly (readonly SourceTable[])[] {
  const chains: SourceTable[][] = []
  for (const table of tables.toSorted((a, b) => compareBytes(a.meta.smallest, b.meta.smallest))) {
    const chain = chains.find(
      (tables) => compareBytes(tables.at(-1)!.meta.largest, table.meta.smallest) < 0,
    )
    if (chain === undefined) chains.push([table])
    else chain.push(table)
  }
  return chains
}

/** One table of the chain is open at a time. */
function chainCursor(
  files: OpenFiles,
  chain: readonly SourceTable[],
  closers: (() => void)[],
): InternalCursor {
  const byId = new Map(chain.map((table) => [table.meta.id, table]))
  let open: ReadableFile | null = null
  closers.push(() => open?.close())
  const metas = chain.map(({ meta }) => meta)
  return new RunCursor(runOf(0, metas), ({ id }) => {
    const { path, unreadable } = byId.get(id)!
    open?.close()
    open = files.open(path, { cause: 'recovery', level: -1 })
    return readableCursor(open, id, unreadable)
  })
}

/**
 * Shows the entries of a merge. A pointer that leads nowhere is replaced by another entry with its
 * key and sequence number if there is one: a merge that moved the value may have left both. Only
 * moves forward are supported.
 */
class WholeValues extends CursorFields implements InternalCursor {
  /** The current entry is a pointer that leads nowhere. */
  isLost = false
  readonly #source: MergingCursor
  readonly #values: RepairValues
  /** The source is behind the current entry already. */
  #isAhead = false

  constructor(source: MergingCursor, values: RepairValues) {
    super()
    this.#source = source
    this.#values = values
  }

  seekToFirst(): void {
    this.#source.seekToFirst()
    this.#settle()
  }

  next(): void {
    if (!this.#isAhead) this.#source.next()
    this.#settle()
  }

  seek(): void {
    throw new TypeError('a repair only moves forward')
  }

  seekToLast(): void {
    this.seek()
  }

  prev(): void {
    this.seek()
  }

  #settle(): void {
    const source = this.#source
    this.#isAhead = false
    this.isLost = false
    // A version behind the newest one of its key is dropped, so its value does not matter.
    const isNewest = !this.valid || !source.valid || !hasKeyOf(this, source)
    this.valid = source.valid
    if (!source.valid) return
    this.#show()
    if (!isNewest || this.kind !== ENTRY_KIND.blobIndex || this.#values.resolves(this)) return
    this.isLost = true
    this.#isAhead = true
    for (source.next(); source.valid && source.seq === this.seq; source.next()) {
      if (!hasKeyOf(this, source)) return
      if (source.kind === ENTRY_KIND.blobIndex && !this.#values.resolves(source)) continue
      this.#show()
      this.isLost = false
      this.#isAhead = false
      return
    }
  }

  /** Shows the source's entry with a key of its own: the source may move on before this cursor. */
  #show(): void {
    const source = this.#source
    showEntry(this, source)
    this.keyBytes = keyBytesOf(source)
    this.keyStart = 0
    if (source.kind !== ENTRY_KIND.blobIndex) return
    const { valueBytes, valueStart, valueLength } = source
    this.valueBytes = valueBytes.slice(valueStart, valueStart + valueLength)
    this.valueStart = 0
  }
}

function hasKeyOf(a: Entry, b: Entry): boolean {
  const { keyBytes, keyStart, keyLength } = b
  return compareRanges(a.keyBytes, a.keyStart, a.keyLength, keyBytes, keyStart, keyLength) === 0
}

/** Sums the values that are gone by segment. Keys ascend. */
class LostValues {
  readonly #bySegment = new Map<
    number,
    { entries: number; bytes: number; first: Uint8Array; last: Uint8Array }
  >()
  readonly #pointer = new ValuePointer()

  add(entry: Entry): void {
    const key = keyBytesOf(entry)
    const { valueBytes, valueStart, valueLength } = entry
    const pointer = this.#pointer.decode(valueBytes, valueStart, valueLength, 'table entry')
    const lost = this.#bySegment.get(pointer.segment)
    this.#bySegment.set(pointer.segment, {
      entries: (lost?.entries ?? 0) + 1,
      bytes: (lost?.bytes ?? 0) + pointer.storedBytes,
      first: lost?.first ?? key,
      last: key,
    })
  }

  losses(): readonly Loss[] {
    return Array.from(this.#bySegment, ([segment, { entries, bytes, first, last }]) => ({
      file: segmentName(segment),
      what: 'values that are gone; their keys have no value now',
      bytes,
      entries,
      keys: { from: first, to: last },
    }))
  }
}
