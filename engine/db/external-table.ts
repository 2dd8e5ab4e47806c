/**
 * Owns the reading of a table that comes from outside: from RocksDB's `SstFileWriter`, or from a
 * folder of RocksDB or of this engine. It is read once, from the first entry to the last, and
 * nothing in it is believed.
 *
 *   1. footer, properties, index and range deletions parse; every block that the metaindex names
 *      has the right checksum
 *   2. the format, the comparator and the kinds of entries are known
 *   3. each data block has the right checksum; entries ascend strictly in internal order, and keys
 *      and values are within the limits of writes
 *   4. at the end, the number of entries is the one in the properties, so the table is whole
 *
 * Invariant: a caller that has read to the end (`valid` is false) has seen a sound table.
 */

import { assert } from '../base/assert.ts'
import { compareRanges } from '../base/compare.ts'
import { corruption, invalidArgument } from '../base/errors.ts'
import { CursorFields, type InternalCursor, keyBytesOf } from '../base/internal-cursor.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import type { RangeDeletions } from '../base/range-deletions.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { BlockCache } from '../cache/block-cache.ts'
import { showEntry } from '../iterators/show-entry.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredProperties } from '../table/properties.ts'
import { ReadAhead } from '../table/table-cursor.ts'
import { unsupported } from '../table/table-format.ts'
import { TableReader } from '../table/table-reader.ts'
import { checkMetaBlocks } from '../table/verify-table.ts'
import { printKey } from '../version/text.ts'
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../wal/write-batch.ts'

/** RocksDB's kinds of entries that this engine does not write, for error messages. */
const KIND_NAMES: Readonly<Record<number, string>> = {
  2: 'merge operands',
  7: 'single deletions',
  [ENTRY_KIND.blobIndex]: 'pointers into a value log or blob file',
  20: 'deletions with timestamps',
  22: 'wide columns',
}

/**
 * A u32le in the properties of a table of `SstFileWriter`. Since version 2 there is also a
 * `rocksdb.external_sst_file.global_seqno`: RocksDB gives all entries that sequence number. An
 * ingest gives them a new one, so it need not be read.
 */
const VERSION_PROPERTY = 'rocksdb.external_sst_file.version'
const VERSION_MAX = 2

const READ_AHEAD_BYTES = 1024 * 1024

export class ExternalTable extends CursorFields implements InternalCursor {
  readonly path: string
  /** Size of the file. */
  readonly bytes: number
  /** Null if there are none. */
  readonly rangeDeletions: RangeDeletions | null
  readonly #reader: TableReader
  readonly #cursor: InternalCursor
  #entries = 0
  #previousKey = new Uint8Array(256)
  /** −1 before the first entry. */
  #previousLength = -1
  #previousSeq = 0

  /**
   * Errors, each with the path: `LSM_NOT_FOUND`, `LSM_IO`, `LSM_CORRUPTION`, and
   * `LSM_INVALID_ARGUMENT` for a sound table of a kind that cannot be ingested. The moves of the
   * cursor throw the same.
   */
  static open(storage: Pick<Storage, 'open'>, path: string): ExternalTable {
    const file = storage.open(path, { cause: 'ingest', level: -1 })
    try {
      const reader = TableReader.open(file, 0, new BlockCache(0))
      checkMetaBlocks(file)
      checkProperties(reader.properties, path)
      checkRanges(reader.rangeDeletions, path)
      return new ExternalTable(reader)
    } catch (error) {
      file.close()
      throw error
    }
  }

  private constructor(reader: TableReader) {
    super()
    const { path, file, rangeDeletions } = reader
    this.path = path
    this.bytes = file.bytes
    this.rangeDeletions = rangeDeletions
    this.#reader = reader
    this.#cursor = reader.cursor({
      file,
      counters: new ReadCounters(),
      fillCache: false,
      readAhead: new ReadAhead(READ_AHEAD_BYTES),
    })
  }

  /** May be called once: the order is checked from the first entry on. */
  seekToFirst(): void {
    assert(this.#previousLength < 0, 'an external table is read once')
    this.#cursor.seekToFirst()
    this.#show()
  }

  next(): void {
    this.#cursor.next()
    this.#show()
  }

  seekToLast(): void {
    assert(false, 'an external table is read forward')
  }

  seek(): void {
    assert(false, 'an external table is read forward')
  }

  prev(): void {
    assert(false, 'an external table is read forward')
  }

  /** Idempotent. */
  close(): void {
    this.#reader.close()
  }

  #show(): void {
    const cursor = this.#cursor
    this.valid = false
    if (cursor.valid) {
      this.#check(cursor)
      this.#entries++
      showEntry(this, cursor)
      this.valid = true
      return
    }
    const { entries, rangeDeletions } = this.#reader.properties
    const expected = entries - rangeDeletions
    const actual = this.#entries
    if (actual !== expected) {
      const message = `${actual} entries found, but the properties say ${expected}`
      throw corruption(message, { path: this.path, expected, actual })
    }
  }

  #check({ keyBytes, keyStart, keyLength, seq, kind, valueLength }: InternalCursor): void {
    const { path } = this
    if (kind !== ENTRY_KIND.value && kind !== ENTRY_KIND.deletion) {
      throw unsupported(path, `an entry of kind ${kind}${nameOf(kind)}`)
    }
    checkBytes(path, 'key', keyLength, KEY_BYTES_MAX)
    checkBytes(path, 'value', valueLength, VALUE_BYTES_MAX)
    if (this.#previousLength >= 0) {
      const previous = this.#previousKey
      const length = this.#previousLength
      const order = compareRanges(previous, 0, length, keyBytes, keyStart, keyLength)
      if (order > 0 || (order === 0 && seq >= this.#previousSeq)) {
        const key = printKey(keyBytesOf({ keyBytes, keyStart, keyLength }))
        throw corruption(`keys out of order: ${key} does not follow the entry before it`, { path })
      }
    }
    if (keyLength > this.#previousKey.length) this.#previousKey = new Uint8Array(2 * keyLength)
    for (let i = 0; i < keyLength; i++) this.#previousKey[i] = keyBytes[keyStart + i]!
    this.#previousLength = keyLength
    this.#previousSeq = seq
  }
}

function nameOf(kind: number): string {
  const name = KIND_NAMES[kind]
  return name === undefined ? '' : ` (${name})`
}

function checkProperties({ entries, all }: StoredProperties, path: string): void {
  if (entries === 0) throw invalidArgument(`${path}: the table has no entries`, { path })
  const version = all.get(VERSION_PROPERTY)
  if (version === undefined) return
  const isKnown = version.length === 4 && version[0]! <= VERSION_MAX && version[0]! > 0
  if (!isKnown) throw unsupported(path, `version ${version[0]} of external tables`)
}

function checkRanges(rangeDeletions: RangeDeletions | null, path: string): void {
  for (const { from, to } of rangeDeletions?.fragments ?? []) {
    checkBytes(path, 'key', from.length, KEY_BYTES_MAX)
    checkBytes(path, 'key', to.length, KEY_BYTES_MAX)
  }
}

function checkBytes(path: string, what: string, bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return
  const data = { path, bytes, bytesMax }
  throw invalidArgument(`${path}: ${what} of ${bytes} bytes; at most ${bytesMax}`, data)
}
