/**
 * Owns garbage collection of the value log: it asks the policy for a segment, walks it, and appends
 * its live values to another segment (WiscKey §3.3.2). A value is live if the newest entry of its
 * key points to it. Collection runs between commits, so no write can come between this check and
 * the new pointer.
 *
 * Invariant: a segment is given up only when every new pointer and its value are durable. A moved
 * value is not a user's write: it takes a sequence number, but keeps its first write time and is
 * not counted as a write.
 */

import { corruption, LsmError } from '../../base/errors.ts'
import { ENTRY_KIND } from '../../base/internal-key.ts'
import type { Lookup } from '../../base/lookup.ts'
import { checkedCollect } from '../../compaction/strategy-answers.ts'
import type { CollectSpec } from '../../compaction/value-log-policy.ts'
import type { FileNumbers } from '../../manifest/file-numbers.ts'
import { COMPRESSION_TYPE, decompressBlock } from '../../table/compression.ts'
import { STUB_BYTES } from '../../vlog/segment-format.ts'
import { SegmentWalk } from '../../vlog/segment-walk.ts'
import { ValuePointer } from '../../vlog/value-pointer.ts'
import { WriteBatch } from '../../wal/write-batch.ts'
import type { CollectEvent } from '../events.ts'
import type { ValueLogOptions } from '../options.ts'
import type { ValueLog } from './value-log.ts'

/** What collection asks of the database. */
export interface CollectorHost {
  /** The newest entry of `key`, counted as collection's; borrowed until the next call. */
  find(key: Uint8Array): Lookup | null
  /** Logs and inserts pointers to moved values; the oldest of them was written at `atMs`. */
  appendMoved(batch: WriteBatch, atMs: number): void
  /** Freezes a full memtable if it may: pointers to moved values fill it too. */
  makeRoom(): void
  /** As `makeRoom`, but blocks until the memtable has room. Throws what keeps it from that. */
  waitForRoom(): void
  /** Whether the memtable is full; it cannot be frozen before a job has ended. */
  isFull(): boolean
  /** Makes all that was appended durable. */
  sync(): void
  /** Gives up the data of a segment whose live values have all been moved, durably. */
  spend(segment: number): void
  nowMs(): number
  onEvent(event: CollectEvent): void
}

export interface CollectorParts {
  readonly host: CollectorHost
  readonly values: ValueLog
  readonly numbers: FileNumbers
  readonly options: Pick<ValueLogOptions, 'gcRate' | 'segmentBytes'>
}

/** Bytes of values moved in one batch. It bounds the memory, and how far the memtable overfills. */
const CHUNK_BYTES = 256 * 1024

export class Collector {
  readonly #parts: CollectorParts
  readonly #batch = new WriteBatch()
  readonly #pointer = new ValuePointer()
  #chunkBytes = 0
  #chunkAtMs = Number.POSITIVE_INFINITY
  /** How many bytes may be collected before the log grows again. */
  #allowance = 0
  #seenBytes = 0
  /** Whether the present collection may block until the memtable has room. */
  #mayWait = false

  constructor(parts: CollectorParts) {
    this.#parts = parts
  }

  /**
   * Collects what the policy picks, at most `gcRate` bytes for each byte the log has grown by. It
   * never waits: while the memtable is full and cannot be frozen, it begins no segment.
   */
  step(): void {
    const { values, options, host } = this.#parts
    const { gcRate, segmentBytes } = options
    const grownBytes = values.userBytes - this.#seenBytes
    this.#seenBytes = values.userBytes
    // The allowance may grow to the largest segment: otherwise a large one would never be
    // collected.
    const dearest = values
      .view()
      .segments.reduce((most, { recordBytes }) => Math.max(most, recordBytes), 0)
    const allowanceMax = Math.max(gcRate * Math.max(segmentBytes, grownBytes), dearest)
    this.#allowance = Math.min(this.#allowance + gcRate * grownBytes, allowanceMax)
    this.#collectWhile((recordBytes) => {
      if (recordBytes > this.#allowance || host.isFull()) return false
      this.#allowance -= recordBytes
      return true
    })
  }

  /**
   * Collects all that the policy picks; returns how many segments were collected. It waits for jobs
   * while the memtable is full.
   */
  settle(): number {
    this.#mayWait = true
    try {
      return this.#collectWhile(() => true)
    } finally {
      this.#mayWait = false
    }
  }

  #collectWhile(pays: (recordBytes: number) => boolean): number {
    const { values, numbers } = this.#parts
    // Segments that appear meanwhile are not offered: a policy that always picks would never end.
    const below = numbers.next
    let collected = 0
    for (;;) {
      const view = values.view(below)
      const { policy } = values
      const spec = policy === null ? null : checkedCollect(policy.name, policy.pick(view))
      if (spec === null) return collected
      const segment = view.segments.find((known) => known.segment === spec.segment)
      if (segment === undefined) throw notOffered(spec)
      if (!pays(segment.recordBytes)) return collected
      this.#collect(spec, segment.recordBytes)
      collected++
    }
  }

  #collect(spec: CollectSpec, recordBytes: number): void {
    const { values, host } = this.#parts
    const { collection } = values
    const { segment } = spec
    const file = values.handles.file(segment, 'vlog-gc')
    const walk = new SegmentWalk(file, recordBytes + STUB_BYTES)
    const before = values.collected.appendedBytes
    let records = 0
    let recordsMoved = 0
    while (walk.next()) {
      records++
      if (!this.#isLive(walk, segment)) continue
      this.#move(walk, file.path)
      recordsMoved++
      if (this.#chunkBytes < CHUNK_BYTES) continue
      this.#commit()
      // A compaction in `makeRoom` may have dropped the last pointer, and the segment with it.
      if (!values.holds(segment)) break
    }
    const damage = walk.damage()
    if (damage !== null) throw damage
    if (walk.end?.hasFooter === false) {
      throw corruption('the segment has no footer', { path: file.path, offset: recordBytes })
    }
    this.#commit()
    host.sync()
    host.spend(segment)
    const bytesMoved = values.collected.appendedBytes - before
    collection.segments++
    collection.bytes += recordBytes
    collection.liveBytes += bytesMoved
    host.onEvent({
      kind: 'collect',
      atMs: host.nowMs(),
      segment,
      records,
      recordsMoved,
      bytesRead: recordBytes + STUB_BYTES,
      bytesMoved,
      reason: spec.reason,
    })
  }

  /** Whether the newest entry of the record's key points to it. */
  #isLive(walk: SegmentWalk, segment: number): boolean {
    const { host, values } = this.#parts
    const key = walk.bytes.subarray(walk.keyStart, walk.keyStart + walk.keyLength)
    const found = host.find(key)
    if (found === null || found.kind !== ENTRY_KIND.blobIndex) return false
    const { valueBytes, valueStart, valueLength } = found
    const pointer = this.#pointer.decode(valueBytes, valueStart, valueLength, 'pointer')
    if (pointer.segment !== segment || pointer.offset !== walk.valueOffset) return false
    // The segment's header has no checksum; the block that holds the pointer has one.
    if (pointer.compressionType === walk.compressionType) return true
    throw corruption('the compression differs from what pointers say', {
      path: values.handles.pathOf(segment),
      offset: 0,
    })
  }

  #move(walk: SegmentWalk, path: string): void {
    const { collected } = this.#parts.values
    const { bytes, keyStart, keyLength, valueStart, storedLength, writtenAtMs, offset } = walk
    if (walk.compressionType === COMPRESSION_TYPE.none) {
      collected.add(bytes, keyStart, keyLength, bytes, valueStart, storedLength, writtenAtMs)
    } else {
      const end = valueStart + storedLength
      const value = decompressBlock(walk.compressionType, bytes, valueStart, end)
      if (value === null) throw corruption('the value cannot be decompressed', { path, offset })
      collected.add(bytes, keyStart, keyLength, value, 0, value.length, writtenAtMs)
    }
    const { pointerBytes, pointerLength } = collected
    this.#batch.putPointer(bytes, keyStart, keyLength, pointerBytes, pointerLength)
    this.#chunkBytes += storedLength
    this.#chunkAtMs = Math.min(this.#chunkAtMs, writtenAtMs)
  }

  /** Logs and inserts the pointers to what was moved since the last commit. */
  #commit(): void {
    if (this.#batch.count === 0) return
    const { host } = this.#parts
    host.appendMoved(this.#batch, this.#chunkAtMs)
    this.#batch.clear()
    this.#chunkBytes = 0
    this.#chunkAtMs = Number.POSITIVE_INFINITY
    if (this.#mayWait) host.waitForRoom()
    else host.makeRoom()
  }
}

function notOffered({ segment }: CollectSpec): LsmError {
  const message = `the value-log policy picked segment ${segment}, which is not offered`
  const data = { rule: 'segment-offered', segment }
  return new LsmError('LSM_UNSAFE_COMPACTION', message, { data })
}
