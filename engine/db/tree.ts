/**
 * Owns the tree of an open database: its current version, the files that belong to it, and the only
 * way to change it, `install`.
 *
 * Crash order: tables are written and synced, the folder is synced, the edit is appended to the
 * manifest and synced, the version is published, and only then the inputs are deleted. Other work
 * of the database may come between these steps, but no second install.
 */

import { assert, paranoid } from '../base/assert.ts'
import type { SeqNum } from '../base/internal-key.ts'
import type { BlockCache } from '../cache/block-cache.ts'
import { segmentName, tableName } from '../manifest/file-names.ts'
import type { FileNumbers } from '../manifest/file-numbers.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { OpenFiles } from '../storage/open-files.ts'
import { removeStep, type SlowWork, syncFolderStep, workHere } from '../storage/slow-call.ts'
import type { Storage } from '../storage/storage.ts'
import { checkRun, tablesOf } from '../version/run.ts'
import type { SealedSegment } from '../version/segment-meta.ts'
import type { TableId, TableMeta } from '../version/table-meta.ts'
import { runsNewestFirst, type Version } from '../version/version.ts'
import { EMPTY_EDIT, type VersionEdit } from '../version/version-edit.ts'
import type { SegmentBook } from '../vlog/segment-book.ts'
import { PinBoard, type Reach } from './read-view.ts'
import type { SlowCalls } from './slow-calls.ts'
import type { SnapshotList } from './snapshots.ts'
import { TableHandles, type TableHandlesOptions } from './table-handles.ts'
import { writeStub } from './values/segment-recovery.ts'
import type { ValueLog } from './values/value-log.ts'

export interface TreeParts {
  readonly storage: Storage
  readonly files: OpenFiles
  readonly folder: string
  readonly manifest: Manifest
  readonly numbers: FileNumbers
  readonly cache: BlockCache
  readonly options: TableHandlesOptions
  readonly snapshots: SnapshotList
  /** How many bytes of each segment tables point to; the tree keeps it up to date. */
  readonly book: SegmentBook
  readonly values: ValueLog
  /** Removes files that nothing reaches any more. */
  readonly calls: SlowCalls
  /** Called after each install, with what became current. */
  readonly installed: (edit: VersionEdit) => void
}

export class Tree {
  readonly handles: TableHandles
  readonly pins: PinBoard
  readonly #parts: TreeParts
  /**
   * By file number: the generation that added a table, or a segment that a merge filled. A file
   * that is not here is older than the open.
   */
  readonly #births = new Map<number, number>()
  #version: Version
  #generation = 0
  #isInstalling = false

  constructor(parts: TreeParts) {
    const { files, folder, cache, options, snapshots, book, manifest } = parts
    const { version } = manifest.state
    this.#parts = parts
    this.#version = version
    this.handles = new TableHandles(files, folder, cache, options)
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

  /** Records that logs below `logNumber` are not needed, when there is nothing to flush. */
  forgetLogs(logNumber: number, lastSeq: number, sealed: readonly SealedSegment[]): void {
    workHere(this.install({ ...EMPTY_EDIT, logNumber, lastSeq, ...sealing(sealed) }, false))
  }

  /**
   * Marks a segment as spent: all its live values were moved durably, the last of them at
   * `lastSeq`. Its data is removed when no view or snapshot can still follow an old pointer into
   * it, and its name when no table points to it.
   */
  spend(segment: number, lastSeq: number): void {
    const { storage, folder, manifest, numbers, installed } = this.#parts
    // An install under way may be removing it.
    if (manifest.written.segments.get(segment)?.state !== 'sealed') return
    const edit = { ...EMPTY_EDIT, segments: { spent: [segment] } }
    storage.syncFolder(folder)
    const { nextRunId } = manifest.state
    manifest.append({ ...edit, nextRunId, nextFileNumber: numbers.next })
    this.#generation++
    installed(edit)
    const reach = this.#reachOfSegment(segment, Number.POSITIVE_INFINITY, lastSeq)
    this.pins.doom(() => this.#shrink(segment), reach)
    this.pins.sweep()
  }

  close(): void {
    this.pins.close()
    this.handles.close()
  }

  /**
   * Makes the edit durable, then current. The tables and segments that it adds are durable;
   * `areNamed`: so are their names. One install ends before the next begins.
   */
  *install(edit: VersionEdit, areNamed: boolean): SlowWork<void> {
    assert(!this.#isInstalling, 'one edit is installed at a time')
    this.#isInstalling = true
    try {
      yield* this.#install(edit, areNamed)
    } finally {
      this.#isInstalling = false
    }
  }

  *#install(edit: VersionEdit, areNamed: boolean): SlowWork<void> {
    const { storage, folder, manifest, numbers } = this.#parts
    const writes = edit.added.length > 0 || edit.segments !== undefined
    if (writes && !areNamed) yield syncFolderStep(storage, folder)
    const removed = this.#freedSegments(edit)
    const unannounced = this.#unannouncedSegments(edit)
    const whole = removed.length === 0 ? edit : { ...edit, segments: { ...edit.segments, removed } }
    const { version } = yield* manifest.appending({
      ...whole,
      nextRunId: manifest.state.nextRunId + edit.newRuns.length,
      nextFileNumber: numbers.next,
    })
    this.#publish(version, whole, unannounced)
  }

  /** Makes the version current, and dooms what it does not contain any more. */
  #publish(version: Version, edit: VersionEdit, unannounced: readonly number[]): void {
    const { book, installed } = this.#parts
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
    for (const { segment } of edit.segments?.removed ?? []) {
      const reach = this.#reachOfSegment(segment, this.#generation, Number.POSITIVE_INFINITY)
      this.pins.doom(() => this.#removeSegment(segment), reach)
    }
    for (const { level, table } of edit.added) this.handles.relevel(table.id, level)
    installed(edit)
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
    const { calls, storage, folder } = this.#parts
    this.#births.delete(id)
    this.handles.drop(id)
    calls.start(removeStep(storage, folder, tableName(id)))
  }

  #removeSegment(segment: number): void {
    const { calls, storage, folder, values } = this.#parts
    this.#births.delete(segment)
    values.forget(segment)
    calls.start(removeStep(storage, folder, segmentName(segment)))
  }

  /** Replaces a spent segment by a stub, unless the segment was removed in the meantime. */
  #shrink(segment: number): void {
    const { storage, folder, manifest, numbers, values } = this.#parts
    if (!manifest.state.segments.has(segment)) return
    values.handles.drop(segment)
    writeStub(storage, folder, segment, numbers.allocate())
  }
}

/** The part of an edit that lists complete segments. */
export function sealing(sealed: readonly SealedSegment[]): Pick<VersionEdit, 'segments'> {
  return sealed.length === 0 ? {} : { segments: { sealed } }
}

function segmentBytes(placements: VersionEdit['added']): readonly TableMeta['vlogBytes'][] {
  return placements.flatMap(({ table }) => (table.vlogBytes.length === 0 ? [] : [table.vlogBytes]))
}
