/**
 * Owns the tree of an open database: its current version, and the only way to change it. Flushes
 * and compactions run to completion inside the call, so equal writes give equal trees, byte for
 * byte.
 *
 * Crash order: tables are written and synced, the folder is synced, the edit is appended to the
 * manifest and synced, the version is published, and only then the inputs are deleted.
 */

import { assert, paranoid } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import type { SeqNum } from '../base/internal-key.ts'
import type { Json } from '../base/json.ts'
import { ReadCounters } from '../base/read-counters.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import { type JobContext, type JobResult, runCompaction, runFlush } from '../compaction/jobs.ts'
import { ProgressGuard } from '../compaction/progress-guard.ts'
import type { CompactionSpec, CompactionStrategy, TreeView } from '../compaction/strategy.ts'
import type { NewTable } from '../compaction/table-outputs.ts'
import { validateSpec } from '../compaction/validate-spec.ts'
import { tableName } from '../manifest/file-names.ts'
import type { FileNumbers } from '../manifest/file-numbers.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { MemTable } from '../memtable/memtable.ts'
import type { Cause } from '../storage/ledger.ts'
import type { OpenFiles } from '../storage/open-files.ts'
import { joinPath, type Storage } from '../storage/storage.ts'
import { TableWriter } from '../table/table-writer.ts'
import { checkRun, tablesOf } from '../version/run.ts'
import type { SealedSegment } from '../version/segment-meta.ts'
import { rawBytes, type TableId, type TableMeta } from '../version/table-meta.ts'
import { runsNewestFirst, type Version } from '../version/version.ts'
import { EMPTY_EDIT, type VersionEdit } from '../version/version-edit.ts'
import type { SegmentBook } from '../vlog/segment-book.ts'
import { type DatabaseEvent, type JobEvent, slicesOf } from './events.ts'
import type { DatabaseCounters } from './metrics.ts'
import type { EngineOptions } from './options.ts'
import { PinBoard, type Reach } from './read-view.ts'
import type { SnapshotList } from './snapshots.ts'
import { TableHandles } from './table-handles.ts'
import { writeStub } from './values/segment-recovery.ts'
import type { ValueLog } from './values/value-log.ts'

export interface TreeParts {
  readonly storage: Storage
  readonly files: OpenFiles
  readonly folder: string
  readonly manifest: Manifest
  readonly numbers: FileNumbers
  /** Guarded: the form of its answers is checked. */
  readonly strategy: CompactionStrategy
  readonly options: EngineOptions
  readonly clock: Clock
  readonly cache: BlockCache
  readonly snapshots: SnapshotList
  readonly counters: DatabaseCounters
  readonly onEvent: (event: DatabaseEvent) => void
  /** How many bytes of each segment tables point to; the tree keeps it up to date. */
  readonly book: SegmentBook
  readonly values: ValueLog
}

export class Tree {
  readonly handles: TableHandles
  readonly pins: PinBoard
  readonly #parts: TreeParts
  readonly #guard = new ProgressGuard()
  readonly #mergeCounters = new ReadCounters()
  /**
   * By file number: the generation that added a table, or a segment that a merge filled. A file
   * that is not here is older than the open.
   */
  readonly #births = new Map<number, number>()
  #version: Version
  #generation = 0
  #strategyState: Json

  constructor(parts: TreeParts) {
    const { files, folder, cache, snapshots, book, strategy } = parts
    const { version, strategy: last } = parts.manifest.state
    this.#parts = parts
    this.#version = version
    this.#strategyState = last?.name === strategy.name ? last.state : strategy.initialState
    this.handles = new TableHandles(files, folder, cache)
    this.pins = new PinBoard(() => snapshots.seqs())
    for (const { run } of runsNewestFirst(version)) {
      for (const table of tablesOf(run)) book.apply([table.vlogBytes], [])
    }
  }

  get version(): Version {
    return this.#version
  }

  /** Number of edits installed since the open. */
  get generation(): number {
    return this.#generation
  }

  /** What the strategy sees. `guarded-strategy.ts` copies it first. */
  view(lastSeq: number): TreeView {
    const { options, snapshots, clock } = this.#parts
    return {
      version: this.#version,
      memtableBytes: options.memtableBytes,
      state: this.#strategyState,
      inProgress: [],
      oldestSnapshotSeq: snapshots.oldest(lastSeq),
      nowMs: clock.nowMs(),
      tableStats: (id) => ({ reads: this.handles.reads(id) }),
    }
  }

  /**
   * Writes `memtable` as the newest run. Logs numbered below `logNumber` are not needed from then
   * on. `sealed`: the complete segments that the memtable points into.
   */
  flush(
    memtable: MemTable,
    logNumber: number,
    lastSeq: number,
    sealed: readonly SealedSegment[],
  ): void {
    const { strategy, counters, clock } = this.#parts
    const filter = strategy.flushFilter(this.view(lastSeq))
    const source = {
      cursor: memtable.cursor(),
      firstWriteAtMs: memtable.firstWriteAtMs ?? clock.nowMs(),
      firstTombstoneAtMs: memtable.firstTombstoneAtMs,
    }
    const result = runFlush(this.#jobContext(), source, filter)
    this.#install({ ...result.edit, logNumber, lastSeq, ...sealing(sealed) })
    counters.flushes++
    for (const { table } of result.edit.added) counters.rawBytesFlushed += rawBytes(table)
    this.#report('flush', result, {
      trigger: 'memtable',
      formula: 'rawBytes ≥ memtableBytes',
      values: { rawBytes: memtable.rawBytes, memtableBytes: this.#parts.options.memtableBytes },
    })
  }

  /** Records that logs below `logNumber` are not needed, when there is nothing to flush. */
  forgetLogs(logNumber: number, lastSeq: number, sealed: readonly SealedSegment[]): void {
    this.#install({ ...EMPTY_EDIT, logNumber, lastSeq, ...sealing(sealed) })
  }

  /**
   * Marks a segment as spent: all its live values were moved durably, the last of them at
   * `lastSeq`. Its data is removed when no view or snapshot can still follow an old pointer into
   * it, and its name when no table points to it.
   */
  spend(segment: number, lastSeq: number): void {
    if (this.#parts.manifest.state.segments.get(segment)?.state !== 'sealed') return
    this.#install({ ...EMPTY_EDIT, segments: { spent: [segment] } })
    const reach = this.#reachOfSegment(segment, Number.POSITIVE_INFINITY, lastSeq)
    this.pins.doom(() => this.#shrink(segment), reach)
    this.pins.sweep()
  }

  /** Compacts until the strategy has nothing to pick. */
  compactUntilRest(lastSeq: number): void {
    this.#guard.begin(this.#parts.clock.nowMs())
    for (;;) {
      const spec = this.#parts.strategy.pick(this.view(lastSeq))
      if (spec === null) return
      this.#compact(spec)
    }
  }

  close(): void {
    this.pins.close()
    this.handles.close()
  }

  #compact(spec: CompactionSpec): void {
    const { strategy, counters } = this.#parts
    const resolved = validateSpec(this.#validationContext(), spec)
    const result = runCompaction(this.#jobContext(), resolved)
    validateSpec(this.#validationContext(), spec)
    const edit = { ...result.edit, strategy: { name: strategy.name, state: spec.nextState } }
    this.#install(edit)
    this.#strategyState = spec.nextState
    if (spec.kind === 'merge') {
      counters.merges++
      for (const { level, table } of result.edit.added) counters.countMerged(level, rawBytes(table))
    } else if (spec.kind === 'move') counters.moves++
    else counters.drops++
    this.#report(spec.kind, { ...result, edit }, spec.reason)
    this.#guard.note(result.edit, this.#version, this.#strategyState)
  }

  #validationContext() {
    const { options, clock } = this.#parts
    return {
      version: this.#version,
      inProgress: [],
      retention: { maxAgeMs: options.retentionMaxAgeMs, maxBytes: options.retentionMaxBytes },
      nowMs: clock.nowMs(),
    }
  }

  #jobContext(): JobContext {
    const { snapshots, clock, manifest } = this.#parts
    // A failed job must leave no gap in the run ids: recovery takes a gap for a missing edit.
    let { nextRunId } = manifest.state
    return {
      version: this.#version,
      snapshots: snapshots.seqs(),
      nowMs: clock.nowMs(),
      createTable: (cause, level, bitsPerKey) => this.#createTable(cause, level, bitsPerKey),
      openRun: (level) => this.handles.compactionOpener(level, this.#mergeCounters),
      allocateRunId: () => nextRunId++,
      relocateValues: () => this.#parts.values.relocation(),
    }
  }

  #createTable(cause: Cause, level: number, bitsPerKey: number): NewTable {
    const { storage, folder, numbers, options } = this.#parts
    const id = numbers.allocate()
    const file = storage.create(joinPath(folder, tableName(id)), { cause, level })
    const writer = new TableWriter(file, {
      blockBytes: options.blockBytes,
      restartInterval: options.blockRestartInterval,
      compression: options.compression,
      bitsPerKey,
    })
    return { id, file, writer }
  }

  #install(edit: VersionEdit): void {
    const { storage, folder, manifest, numbers, book } = this.#parts
    const writes = edit.added.length > 0 || edit.segments !== undefined
    if (writes) storage.syncFolder(folder)
    const removed = this.#freedSegments(edit)
    const unannounced = this.#unannouncedSegments(edit)
    const { version } = manifest.append({
      ...edit,
      ...(removed.length === 0 ? {} : { segments: { ...edit.segments, removed } }),
      nextRunId: manifest.state.nextRunId + edit.newRuns.length,
      nextFileNumber: numbers.next,
    })
    if (paranoid()) for (const { run } of runsNewestFirst(version)) checkRun(run)
    const kept = new Set(edit.added.map(({ table }) => table.id))
    const gone = edit.removed.filter(({ table }) => !kept.has(table.id))
    this.#version = version
    this.#generation++
    book.apply(segmentBytes(edit.added), segmentBytes(edit.removed))
    this.#noteBirths(edit, unannounced)
    for (const { table } of gone) {
      this.pins.doom(() => this.#removeTable(table.id), this.#reachOfTable(table.id))
    }
    for (const { segment } of removed) {
      const reach = this.#reachOfSegment(segment, this.#generation, Number.POSITIVE_INFINITY)
      this.pins.doom(() => this.#removeSegment(segment), reach)
    }
    for (const { level, table } of edit.added) this.handles.relevel(table.id, level)
    this.pins.sweep()
    assert(version.totals.tables >= kept.size, 'added tables are in the version')
  }

  /** Segments that no table points to after the edit, including segments that the edit seals. */
  #freedSegments(edit: VersionEdit): readonly SealedSegment[] {
    const { book, manifest } = this.#parts
    const added = segmentBytes(edit.added)
    const { segments } = manifest.state
    const freed = book.freedBy(added, segmentBytes(edit.removed)).map((segment) => {
      const { records, recordBytes } = segments.get(segment)!
      return { segment, records, recordBytes }
    })
    const pointedTo = new Set(added.flatMap((table) => table.map(([segment]) => segment)))
    const unused = (edit.segments?.sealed ?? []).filter(({ segment }) => !pointedTo.has(segment))
    return [...freed, ...unused]
  }

  /** Segments that the edit seals but the manifest does not know: a merge filled them. */
  #unannouncedSegments(edit: VersionEdit): readonly number[] {
    const { segments } = this.#parts.manifest.state
    const sealed = edit.segments?.sealed ?? []
    return sealed.map(({ segment }) => segment).filter((segment) => !segments.has(segment))
  }

  /** Records which files the current generation added: views of earlier ones do not reach them. */
  #noteBirths({ added, removed }: VersionEdit, unannounced: readonly number[]): void {
    const moved = new Set(removed.map(({ table }) => table.id))
    for (const { table } of added) {
      if (!moved.has(table.id)) this.#births.set(table.id, this.#generation)
    }
    for (const segment of unannounced) this.#births.set(segment, this.#generation)
  }

  #reachOfTable(id: TableId): Reach {
    return {
      fromGeneration: this.#births.get(id) ?? 0,
      untilGeneration: this.#generation,
      afterSeq: -1,
      beforeSeq: Number.POSITIVE_INFINITY,
    }
  }

  #reachOfSegment(segment: number, untilGeneration: number, beforeSeq: SeqNum): Reach {
    return {
      fromGeneration: this.#births.get(segment) ?? 0,
      untilGeneration,
      afterSeq: this.#parts.values.openedAtSeq(segment),
      beforeSeq,
    }
  }

  #removeTable(id: TableId): void {
    const { storage, folder } = this.#parts
    this.#births.delete(id)
    this.handles.drop(id)
    storage.remove(joinPath(folder, tableName(id)))
  }

  #removeSegment(segment: number): void {
    const { storage, values } = this.#parts
    this.#births.delete(segment)
    values.forget(segment)
    storage.remove(values.handles.pathOf(segment))
  }

  /** Replaces a spent segment by a stub, unless the segment was removed in the meantime. */
  #shrink(segment: number): void {
    const { storage, folder, manifest, numbers, values } = this.#parts
    if (!manifest.state.segments.has(segment)) return
    values.handles.drop(segment)
    writeStub(storage, folder, segment, numbers.allocate())
  }

  #report(kind: JobEvent['kind'], { edit, dropped }: JobResult, reason: JobEvent['reason']): void {
    const sum = (placements: VersionEdit['added']) =>
      placements.reduce((bytes, { table }) => bytes + table.bytes, 0)
    const rewrites = kind === 'merge'
    this.#parts.onEvent({
      kind,
      atMs: this.#parts.clock.nowMs(),
      inputs: slicesOf(edit.removed),
      outputs: slicesOf(edit.added),
      bytesRead: rewrites ? sum(edit.removed) : 0,
      bytesWritten: rewrites || kind === 'flush' ? sum(edit.added) : 0,
      shadowedDropped: dropped.shadowed,
      tombstonesDropped: dropped.tombstones,
      reason,
      edit,
    })
  }
}

function sealing(sealed: readonly SealedSegment[]): Pick<VersionEdit, 'segments'> {
  return sealed.length === 0 ? {} : { segments: { sealed } }
}

function segmentBytes(placements: VersionEdit['added']): readonly TableMeta['vlogBytes'][] {
  return placements.flatMap(({ table }) => (table.vlogBytes.length === 0 ? [] : [table.vlogBytes]))
}
