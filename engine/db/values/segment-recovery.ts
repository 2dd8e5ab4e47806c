/**
 * Owns the recovery of the value log: segments that a crash left open are read up to their first
 * damage, cut there and sealed; replayed pointers are checked against what is left; spent segments
 * become stubs. Invariant: a pointer that passes leads to the complete record of its key, and a
 * sealed segment holds as many records as the manifest says.
 */

import { corruption, isLsmError, type LsmError } from '../../base/errors.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { lostName, segmentName, temporaryName } from '../../manifest/file-names.ts'
import { OpenFiles } from '../../storage/open-files.ts'
import { type FileTag, joinPath, type Storage } from '../../storage/storage.ts'
import { COMPRESSION_TYPE } from '../../table/compression.ts'
import type { SealedSegment, Segments } from '../../version/segment-meta.ts'
import {
  encodeSegmentFooter,
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  STUB_BYTES,
} from '../../vlog/segment-format.ts'
import { SegmentHandles, type ValueAccount } from '../../vlog/segment-handles.ts'
import { hasRecordBehind, type SegmentEnd, SegmentWalk } from '../../vlog/segment-walk.ts'
import { ValuePointer } from '../../vlog/value-pointer.ts'
import type { WriteBatch, WriteBatchSink } from '../../wal/write-batch.ts'

const RECOVERY_TAG: FileTag = { cause: 'recovery', level: -1 }

/** Checks that every segment exists and has its size: `LSM_CORRUPTION` otherwise. */
export function checkSegments(storage: Storage, folder: string, segments: Segments): void {
  const names = segments.size === 0 ? null : new Set(storage.list(folder))
  for (const { segment, state, recordBytes } of segments.values()) {
    const path = joinPath(folder, segmentName(segment))
    if (!names?.has(segmentName(segment))) throw corruption('the segment is missing', { path })
    if (state === 'open') continue
    const actual = storage.size(path)
    const expected = recordBytes + STUB_BYTES
    if (actual === expected || (state === 'spent' && actual === STUB_BYTES)) continue
    throw corruption(`the segment has ${actual} bytes, the manifest says ${expected}`, {
      path,
      expected,
      actual,
      offset: Math.min(actual, expected),
    })
  }
}

/** Replaces spent segments by stubs if a crash came before that. */
export function shrinkSpent(
  storage: Storage,
  folder: string,
  segments: Segments,
  allocate: () => number,
): void {
  for (const { segment, state } of segments.values()) {
    if (state !== 'spent') continue
    if (storage.size(joinPath(folder, segmentName(segment))) === STUB_BYTES) continue
    writeStub(storage, folder, segment, allocate())
  }
}

/** Replaces a segment by one without records. Other names of the file (links) keep the data. */
export function writeStub(
  storage: Storage,
  folder: string,
  segment: number,
  temporaryNumber: number,
): void {
  const temporary = joinPath(folder, temporaryName(temporaryNumber))
  const file = storage.create(temporary, { cause: 'vlog-gc', level: -1 })
  try {
    file.append(encodeSegmentHeader(COMPRESSION_TYPE.none), 'meta')
    file.append(encodeSegmentFooter(0), 'meta')
    file.sync()
  } finally {
    file.close()
  }
  storage.rename(temporary, joinPath(folder, segmentName(segment)))
  storage.syncFolder(folder)
}

/** A fault found during the replay of a log. */
export interface ReplayFault {
  readonly error: LsmError
  /** Whether a crash explains it: the last write never became durable. Anything else is damage. */
  readonly isCrash: boolean
}

/** Reads the segments that a crash left open, and checks the pointers that logs hold. */
export class SegmentRecovery implements WriteBatchSink {
  /** When the oldest value of the last checked batch was first written; null without values. */
  writtenAtMs: number | null = null
  readonly #storage: Storage
  readonly #folder: string
  readonly #segments: Segments
  readonly #ends = new Map<number, SegmentEnd>()
  readonly #handles: SegmentHandles
  readonly #account: ValueAccount = {
    cause: 'recovery',
    counters: new ReadCounters(),
    fillCache: false,
  }
  readonly #pointer = new ValuePointer()

  /** Reads the open segments; changes nothing. */
  constructor(storage: Storage, folder: string, segments: Segments) {
    this.#storage = storage
    this.#folder = folder
    this.#segments = segments
    const cache = new BlockCache(0)
    const files = new OpenFiles(storage)
    this.#handles = new SegmentHandles(files, (segment) => this.#pathOf(segment), cache)
    try {
      for (const { segment, state } of segments.values()) {
        if (state === 'open') this.#ends.set(segment, this.#walk(segment))
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The fault of the first bad pointer in the batch, or null. */
  check(batch: WriteBatch): ReplayFault | null {
    this.writtenAtMs = null
    if (batch.pointers === 0) return null
    try {
      batch.forEach(this)
      return null
    } catch (error) {
      if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
      return { error, isCrash: this.#isPastTornEnd(this.#pointer) }
    }
  }

  put(): void {}

  delete(): void {}

  deleteRange(): void {}

  putPointer(
    bytes: Uint8Array,
    keyStart: number,
    keyLength: number,
    pointerStart: number,
    pointerLength: number,
  ): void {
    const pointer = this.#pointer.decode(bytes, pointerStart, pointerLength, 'write batch')
    const { segment, offset, storedBytes } = pointer
    const path = this.#pathOf(segment)
    if (!this.#segments.has(segment))
      throw corruption('a pointer leads to an unknown segment', { path })
    const end = this.#ends.get(segment)
    if (end !== undefined && offset + storedBytes > end.validBytes) {
      const reason = end.damage?.reason ?? 'torn record'
      throw corruption(reason, { path, offset: end.validBytes })
    }
    const loaded = this.#handles.load(pointer, bytes, keyStart, keyLength, this.#account)
    this.writtenAtMs = Math.min(this.writtenAtMs ?? loaded.writtenAtMs, loaded.writtenAtMs)
  }

  /** The segments that were left open and hold more than a header, damaged or not. */
  get opened(): readonly number[] {
    return [...this.#ends.keys()].filter(
      (segment) => this.#storage.size(this.#pathOf(segment)) > SEGMENT_HEADER_BYTES,
    )
  }

  /** The segments that `seal` will cut or complete. */
  get unfinished(): readonly number[] {
    return [...this.#ends].filter(([, end]) => !end.hasFooter).map(([segment]) => segment)
  }

  /** Where a segment that was left open ends; undefined for other segments. */
  endOf(segment: number): SegmentEnd | undefined {
    return this.#ends.get(segment)
  }

  /** Cuts each open segment at its first damage and seals it, durably. */
  seal(): readonly SealedSegment[] {
    this.close()
    return Array.from(this.#ends, ([segment, end]) => {
      const { records, recordBytes, validBytes, hasFooter } = end
      // A segment without records will be removed, so it needs no footer.
      if (records > 0) {
        const path = this.#pathOf(segment)
        const isTorn = !hasFooter && this.#storage.size(path) > validBytes
        if (isTorn) this.#storage.truncate(path, validBytes)
        this.#complete(path, hasFooter ? null : encodeSegmentFooter(records))
      }
      return { segment, records, recordBytes }
    })
  }

  close(): void {
    this.#handles.close()
  }

  /** Syncs even if there is a footer: a killed process may not have synced it. */
  #complete(path: string, footer: Uint8Array | null): void {
    const file = this.#storage.appendTo(path, RECOVERY_TAG)
    try {
      if (footer !== null) file.append(footer, 'meta')
      file.sync()
    } finally {
      file.close()
    }
  }

  #walk(segment: number): SegmentEnd {
    const walk = new SegmentWalk(this.#handles.file(segment, 'recovery'))
    while (walk.next());
    return walk.end!
  }

  /** Whether a crash explains the missing value: it lay behind the durable part of the segment. */
  #isPastTornEnd({ segment, offset, storedBytes }: ValuePointer): boolean {
    const end = this.#ends.get(segment)
    if (end === undefined || offset + storedBytes <= end.validBytes) return false
    const file = this.#storage.open(this.#asFound(segment), RECOVERY_TAG)
    try {
      return !hasRecordBehind(file, end.validBytes, file.bytes)
    } finally {
      file.close()
    }
  }

  /**
   * The copy that an earlier, failed open made before it cut the segment; else the segment itself.
   */
  #asFound(segment: number): string {
    const lost = lostName(segmentName(segment))
    const isKept = this.#storage.list(this.#folder).includes(lost)
    return isKept ? joinPath(this.#folder, lost) : this.#pathOf(segment)
  }

  #pathOf(segment: number): string {
    return joinPath(this.#folder, segmentName(segment))
  }
}
