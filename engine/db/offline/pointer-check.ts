/**
 * Owns the check of the tables' pointers against the value log: each pointer leads to the record of
 * its key, and a table points to as many bytes of each segment as its metadata says. The values of
 * a spent segment are gone, so a newer entry must hide each pointer into it.
 */

import { corruption, isLsmError } from '../../base/errors.ts'
import { ENTRY_KIND } from '../../base/internal-key.ts'
import type { Lookup } from '../../base/lookup.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { segmentName } from '../../manifest/file-names.ts'
import { OpenFiles } from '../../storage/open-files.ts'
import { joinPath, type Storage } from '../../storage/storage.ts'
import type { Segments } from '../../version/segment-meta.ts'
import type { TableMeta } from '../../version/table-meta.ts'
import { PointerTally } from '../../vlog/pointer-tally.ts'
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from '../../vlog/segment-format.ts'
import { SegmentHandles, type ValueAccount } from '../../vlog/segment-handles.ts'
import { ValuePointer } from '../../vlog/value-pointer.ts'
import type { NewestEntries } from './newest-entries.ts'

export class PointerCheck {
  readonly #segments: Segments
  readonly #newest: NewestEntries
  readonly #handles: SegmentHandles
  readonly #pointer = new ValuePointer()
  readonly #tally = new PointerTally()
  readonly #headersSeen = new Set<number>()
  readonly #account: ValueAccount = {
    cause: 'verify',
    counters: new ReadCounters(),
    fillCache: false,
  }

  /** The caller closes `newest`. */
  constructor(storage: Storage, folder: string, segments: Segments, newest: NewestEntries) {
    this.#segments = segments
    this.#newest = newest
    const pathOf = (segment: number) => joinPath(folder, segmentName(segment))
    this.#handles = new SegmentHandles(new OpenFiles(storage), pathOf, new BlockCache(0))
  }

  /** Starts the check of a table. */
  begin(): void {
    this.#tally.take()
  }

  /**
   * Checks a pointer in the block at `offset` of the table at `path`. `LSM_CORRUPTION` names them.
   */
  check(key: Uint8Array, bytes: Uint8Array, path: string, offset: number): void {
    const pointer = this.#pointer.decode(bytes, 0, bytes.length, path)
    const state = this.#segments.get(pointer.segment)?.state
    if (state === undefined) {
      throw corruption(`points to segment ${pointer.segment}, which is unknown`, { path, offset })
    }
    this.#tally.add(pointer, key.length)
    if (state === 'spent') {
      this.#checkShadowed(key, pointer.segment, path, offset)
      return
    }
    this.#checkHeader(pointer)
    try {
      this.#handles.load(pointer, key, 0, key.length, this.#account)
    } catch (error) {
      // Damage of the segment is reported with the segment. Here only a wrong pointer is reported.
      if (!isLsmError(error, 'LSM_CORRUPTION') || !/not its own/.test(error.message)) return
      throw corruption('a pointer leads to a record that is not its own', { path, offset })
    }
  }

  /** If a get finds a pointer into a spent segment, the log with the newer entry was lost. */
  #checkShadowed(key: Uint8Array, segment: number, path: string, offset: number): void {
    let found: Lookup | null
    try {
      found = this.#newest.find(key)
    } catch (error) {
      // Damage of the table that answers is reported with that table.
      if (isLsmError(error)) return
      throw error
    }
    if (found === null || found.kind !== ENTRY_KIND.blobIndex) return
    const { valueBytes, valueStart, valueLength } = found
    this.#pointer.decode(valueBytes, valueStart, valueLength, path)
    if (this.#segments.get(this.#pointer.segment)?.state !== 'spent') return
    const message = `the newest entry of a key points to segment ${segment}, which is spent`
    throw corruption(message, { path, offset })
  }

  /**
   * The segment's header has no checksum, but pointers say what it must contain. Reported once per
   * segment.
   */
  #checkHeader({ segment, compressionType }: ValuePointer): void {
    if (this.#headersSeen.has(segment)) return
    this.#headersSeen.add(segment)
    const file = this.#handles.file(segment, 'verify')
    const header = new Uint8Array(Math.min(SEGMENT_HEADER_BYTES, file.bytes))
    file.read(header, header.length, 0, 'meta')
    const type = decodeSegmentHeader(header)
    // A header that cannot be parsed is reported with the segment.
    if (type === null || type === compressionType) return
    throw corruption('the compression differs from what pointers say', {
      path: file.path,
      offset: 0,
    })
  }

  /** Ends the check of a table: compares what it points to with its metadata. */
  compare({ vlogBytes }: TableMeta, path: string): void {
    const [found, said] = [this.#tally.take(), vlogBytes].map((each) => JSON.stringify(each))
    if (found === said) return
    const message = `points to ${found} in the value log, the manifest says ${said}`
    throw corruption(message, { path, offset: 0 })
  }

  close(): void {
    this.#handles.close()
  }
}
