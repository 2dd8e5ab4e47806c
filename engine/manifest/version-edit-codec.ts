/**
 * Owns the bytes of version edits, which are the records of a manifest. An edit is a sequence of
 * fields, each a varint tag and its content. Tags below 8192 are those of RocksDB's `VersionEdit`,
 * with the same meaning. Our tags are in the ranges that RocksDB skips, so its tools read our
 * manifests. Never renumber.
 *
 *   1      comparator         string                      in a manifest's first record
 *   2      log number         varint
 *   3      next file number   varint
 *   4      last seq           varint
 *   6      removed table      varint level, varint id
 *   103    added table        varint level, id, file bytes; string smallest, largest internal key;
 *                             varint seqMin, seqMax; then {varint tag, string}… ended by tag 1
 *   400    sealed segment     varint number, records, record bytes; two empty strings; then
 *                             {varint tag, string}… ended by tag 0, of which there are none
 *   401    removed segment    varint number, records, record bytes; then as above
 *   12288  strategy           string of: string name, string state as JSON
 *   12289  next run id        string of: varint
 *   12290  new run            string of: varint level, run, 1 + after (0: the level's newest)
 *   12291  opened segment     string of: varint number
 *   12292  spent segment      string of: varint number
 *   12293  logged seq         string of: varint           in the last record of a clean close
 *
 *   tags within an added table:
 *   4      oldest segment     varint: the least it points to; absent when it points to none
 *   128    run                varint
 *   129    counts             varint entries, tombstones, raw key bytes, raw value bytes
 *   130    times              varint created, oldest write (ms since the epoch)
 *   131    oldest tombstone   varint (ms); absent when there is none
 *   132    filter             u8 kind, f64le bits per key, varint bytes; absent when there is none
 *   133    value-log bytes    {varint segment, bytes}…; absent when there are none
 *   134    range deletions    varint; absent when there are none
 *
 * 400 and 401 are RocksDB's blob file and blob garbage. When all of a file is garbage and no table
 * links to it, the file no longer exists for RocksDB either. Field 4 is the link.
 *
 * A string is a varint length and that many bytes. The reader skips an unknown tag if bit 8192 is
 * set or, within a table, if bit 64 is clear. Any other unknown tag is damage.
 *
 * RocksDB bounds a table by internal keys, we bound it by user keys. The bounds written are
 * (smallest, seqMax, the greatest kind) and (largest, seqMin, the least kind), so all entries lie
 * within them. The largest bound of an open table is that of RocksDB, before all versions of its
 * key: (largest, 2^56 − 1, kind 15).
 */

import { ByteReader, ByteWriter } from '../base/coding.ts'
import {
  ENTRY_KIND,
  encodeInternalKey,
  encodeRangeEnd,
  isRangeEnd,
  TRAILER_BYTES,
  userKeyOf,
} from '../base/internal-key.ts'
import type { Json } from '../base/json.ts'
import type { SealedSegment, SegmentsEdit } from '../version/segment-meta.ts'
import { type FilterMeta, NO_FILTER, type TableId, type TableMeta } from '../version/table-meta.ts'
import type { NewRun, TablePlacement, VersionEdit } from '../version/version-edit.ts'

/** RocksDB's name for the order of user keys. */
export const COMPARATOR_NAME = 'leveldb.BytewiseComparator'

const TAG = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSeq: 4,
  removedTable: 6,
  addedTable: 103,
  sealedSegment: 400,
  removedSegment: 401,
  strategy: 12288,
  nextRunId: 12289,
  newRun: 12290,
  openedSegment: 12291,
  spentSegment: 12292,
  loggedSeq: 12293,
} as const

const TABLE_TAG = {
  end: 1,
  oldestSegment: 4,
  run: 128,
  counts: 129,
  times: 130,
  oldestTombstone: 131,
  filter: 132,
  vlogBytes: 133,
  rangeDeletions: 134,
} as const

/** Ends the custom fields of a segment. */
const SEGMENT_END_TAG = 0

const IGNORABLE_BIT = 8192
const TABLE_NOT_IGNORABLE_BIT = 64

const FILTER_KINDS = ['none', 'blocked-bloom'] as const satisfies readonly FilterMeta['kind'][]

/**
 * A decoded edit. A removed table has only level and id; the reader of the manifest adds the rest.
 */
export interface StoredEdit extends Omit<VersionEdit, 'removed'> {
  readonly removed: readonly { readonly level: number; readonly id: TableId }[]
  readonly comparator?: string
}

/** Owned bytes. `first` means that the edit opens a manifest, so it names the comparator. */
export function encodeVersionEdit(edit: VersionEdit, first = false): Uint8Array {
  const writer = new ByteWriter()
  if (first) writer.varint(TAG.comparator).text(COMPARATOR_NAME)
  const number = (tag: number, value: number | undefined) => {
    if (value !== undefined) writer.varint(tag).varint(value)
  }
  number(TAG.logNumber, edit.logNumber)
  number(TAG.nextFileNumber, edit.nextFileNumber)
  number(TAG.lastSeq, edit.lastSeq)
  const field = (tag: number, content: ByteWriter) => writer.varint(tag).prefixed(content.view())
  if (edit.strategy !== undefined) {
    const { name, state } = edit.strategy
    field(TAG.strategy, new ByteWriter().text(name).text(JSON.stringify(state)))
  }
  if (edit.nextRunId !== undefined) field(TAG.nextRunId, new ByteWriter().varint(edit.nextRunId))
  if (edit.loggedSeq !== undefined) field(TAG.loggedSeq, new ByteWriter().varint(edit.loggedSeq))
  for (const { level, run, after } of edit.newRuns) {
    const place = after === null ? 0 : 1 + after
    field(TAG.newRun, new ByteWriter().varint(level).varint(run).varint(place))
  }
  for (const { level, table } of edit.removed) {
    writer.varint(TAG.removedTable).varint(level).varint(table.id)
  }
  for (const placement of edit.added) encodeAddedTable(writer, placement)
  encodeSegments(writer, edit.segments ?? {})
  return writer.copy()
}

function encodeSegments(writer: ByteWriter, edit: SegmentsEdit): void {
  const { opened = [], sealed = [], spent = [], removed = [] } = edit
  const named = (tag: number, segment: number) =>
    writer.varint(tag).prefixed(new ByteWriter().varint(segment).view())
  const measured = (tag: number, { segment, records, recordBytes }: SealedSegment) =>
    writer.varint(tag).varint(segment).varint(records).varint(recordBytes)
  const none = new Uint8Array(0)
  for (const segment of opened) named(TAG.openedSegment, segment)
  for (const segment of sealed) {
    // The two strings are RocksDB's place for a checksum of the whole file: its method and its
    // value.
    measured(TAG.sealedSegment, segment).prefixed(none).prefixed(none).varint(SEGMENT_END_TAG)
  }
  for (const segment of spent) named(TAG.spentSegment, segment)
  for (const segment of removed) measured(TAG.removedSegment, segment).varint(SEGMENT_END_TAG)
}

function encodeAddedTable(writer: ByteWriter, { level, run, table }: TablePlacement): void {
  writer
    .varint(TAG.addedTable)
    .varint(level)
    .varint(table.id)
    .varint(table.bytes)
    .prefixed(encodeInternalKey(table.smallest, table.seqMax, ENTRY_KIND.blobIndex))
    .prefixed(largestBound(table))
    .varint(table.seqMin)
    .varint(table.seqMax)
  const content = new ByteWriter()
  const field = (tag: number) => {
    writer.varint(tag).prefixed(content.view())
    content.reset()
  }
  const oldestSegment = table.vlogBytes[0]?.[0]
  if (oldestSegment !== undefined) {
    content.varint(oldestSegment)
    field(TABLE_TAG.oldestSegment)
  }
  content.varint(run)
  field(TABLE_TAG.run)
  content
    .varint(table.entries)
    .varint(table.tombstones)
    .varint(table.rawKeyBytes)
    .varint(table.rawValueBytes)
  field(TABLE_TAG.counts)
  content.varint(table.createdAtMs).varint(table.oldestWriteAtMs)
  field(TABLE_TAG.times)
  if (table.oldestTombstoneAtMs !== null) {
    content.varint(table.oldestTombstoneAtMs)
    field(TABLE_TAG.oldestTombstone)
  }
  const { kind, bitsPerKey, bytes } = table.filter
  if (kind !== 'none') {
    content.u8(FILTER_KINDS.indexOf(kind)).raw(encodeDouble(bitsPerKey)).varint(bytes)
    field(TABLE_TAG.filter)
  }
  if (table.vlogBytes.length > 0) {
    for (const [segment, segmentBytes] of table.vlogBytes) {
      content.varint(segment).varint(segmentBytes)
    }
    field(TABLE_TAG.vlogBytes)
  }
  if (table.rangeDeletions > 0) {
    content.varint(table.rangeDeletions)
    field(TABLE_TAG.rangeDeletions)
  }
  writer.varint(TABLE_TAG.end)
}

function largestBound({ largest, isOpen, seqMin }: TableMeta): Uint8Array {
  if (isOpen === true) return encodeRangeEnd(largest)
  return encodeInternalKey(largest, seqMin, ENTRY_KIND.deletion)
}

/**
 * Decodes one record. Owned. Damage throws `LSM_CORRUPTION`, which names `source` and the byte in
 * it.
 */
export function decodeVersionEdit(bytes: Uint8Array, source: string): StoredEdit {
  const reader = new ByteReader(bytes, source)
  const newRuns: NewRun[] = []
  const removed: { level: number; id: TableId }[] = []
  const added: TablePlacement[] = []
  const segments = new SegmentsDecoder()
  const fields: { -readonly [Field in keyof StoredEdit]?: StoredEdit[Field] } = {}
  while (!reader.done) {
    const tag = reader.varint()
    switch (tag) {
      case TAG.comparator:
        fields.comparator = reader.text()
        break
      case TAG.logNumber:
        fields.logNumber = reader.varint()
        break
      case TAG.nextFileNumber:
        fields.nextFileNumber = reader.varint()
        break
      case TAG.lastSeq:
        fields.lastSeq = reader.varint()
        break
      case TAG.removedTable:
        removed.push({ level: reader.varint(), id: reader.varint() })
        break
      case TAG.addedTable:
        added.push(decodeAddedTable(reader, source))
        break
      case TAG.strategy: {
        const content = contentOf(reader, source)
        fields.strategy = { name: content.text(), state: decodeJson(content) }
        break
      }
      case TAG.nextRunId:
        fields.nextRunId = contentOf(reader, source).varint()
        break
      case TAG.loggedSeq:
        fields.loggedSeq = contentOf(reader, source).varint()
        break
      case TAG.newRun: {
        const content = contentOf(reader, source)
        const [level, run, place] = [content.varint(), content.varint(), content.varint()]
        newRuns.push({ level, run, after: place === 0 ? null : place - 1 })
        break
      }
      case TAG.sealedSegment:
      case TAG.removedSegment:
      case TAG.openedSegment:
      case TAG.spentSegment:
        segments.decode(tag, reader, source)
        break
      default:
        if ((tag & IGNORABLE_BIT) === 0) throw reader.fail(`unknown version-edit tag ${tag}`)
        reader.prefixed()
    }
  }
  const edit = segments.edit()
  return { ...fields, ...(edit === undefined ? {} : { segments: edit }), newRuns, removed, added }
}

/** Collects the fields of an edit that are about segments. */
class SegmentsDecoder {
  readonly #opened: number[] = []
  readonly #sealed: SealedSegment[] = []
  readonly #spent: number[] = []
  readonly #removed: SealedSegment[] = []

  decode(tag: number, reader: ByteReader, source: string): void {
    if (tag === TAG.openedSegment) {
      this.#opened.push(contentOf(reader, source).varint())
    } else if (tag === TAG.spentSegment) {
      this.#spent.push(contentOf(reader, source).varint())
    } else {
      const [segment, records, recordBytes] = [reader.varint(), reader.varint(), reader.varint()]
      if (tag === TAG.sealedSegment) {
        reader.prefixed()
        reader.prefixed()
      }
      while (reader.varint() !== SEGMENT_END_TAG) reader.prefixed()
      const list = tag === TAG.sealedSegment ? this.#sealed : this.#removed
      list.push({ segment, records, recordBytes })
    }
  }

  /** Undefined if no field was about segments. */
  edit(): SegmentsEdit | undefined {
    const parts = {
      ...(this.#opened.length > 0 && { opened: this.#opened }),
      ...(this.#sealed.length > 0 && { sealed: this.#sealed }),
      ...(this.#spent.length > 0 && { spent: this.#spent }),
      ...(this.#removed.length > 0 && { removed: this.#removed }),
    }
    return Object.keys(parts).length === 0 ? undefined : parts
  }
}

function decodeAddedTable(reader: ByteReader, source: string): TablePlacement {
  const level = reader.varint()
  const id = reader.varint()
  const bytes = reader.varint()
  const smallest = decodeUserKey(reader)
  const lastAt = reader.offset
  const largest = decodeUserKey(reader)
  const isOpen = isRangeEnd(reader.bytes.subarray(lastAt, reader.offset))
  const seqMin = reader.varint()
  const seqMax = reader.varint()
  let run: number | null = null
  let counts: readonly [number, number, number, number] | null = null
  let times: readonly [number, number] | null = null
  let oldestTombstoneAtMs: number | null = null
  let filter: FilterMeta = NO_FILTER
  let vlogBytes: TableMeta['vlogBytes'] = []
  let rangeDeletions = 0
  for (let tag = reader.varint(); tag !== TABLE_TAG.end; tag = reader.varint()) {
    const content = contentOf(reader, source)
    if (tag === TABLE_TAG.run) {
      run = content.varint()
    } else if (tag === TABLE_TAG.counts) {
      counts = [content.varint(), content.varint(), content.varint(), content.varint()]
    } else if (tag === TABLE_TAG.times) {
      times = [content.varint(), content.varint()]
    } else if (tag === TABLE_TAG.oldestTombstone) {
      oldestTombstoneAtMs = content.varint()
    } else if (tag === TABLE_TAG.filter) {
      filter = decodeFilter(content)
    } else if (tag === TABLE_TAG.vlogBytes) {
      vlogBytes = decodeVlogBytes(content)
    } else if (tag === TABLE_TAG.rangeDeletions) {
      rangeDeletions = content.varint()
    } else if ((tag & TABLE_NOT_IGNORABLE_BIT) !== 0) {
      throw reader.fail(`unknown tag ${tag} of table ${id}`)
    }
  }
  if (run === null || counts === null || times === null) {
    throw reader.fail(`table ${id} lacks its run, counts or times`)
  }
  const [entries, tombstones, rawKeyBytes, rawValueBytes] = counts
  const [createdAtMs, oldestWriteAtMs] = times
  const table: TableMeta = {
    id,
    smallest,
    largest,
    ...(isOpen ? { isOpen } : {}),
    bytes,
    entries,
    tombstones,
    rangeDeletions,
    rawKeyBytes,
    rawValueBytes,
    seqMin,
    seqMax,
    createdAtMs,
    oldestWriteAtMs,
    oldestTombstoneAtMs,
    filter,
    vlogBytes,
  }
  return { level, run, table }
}

/** A reader of the next string. Its errors count bytes within the record. */
function contentOf(reader: ByteReader, source: string): ByteReader {
  const { length } = reader.prefixed()
  return new ByteReader(reader.bytes, source, reader.offset - length, reader.offset)
}

/** Copied, so that a table never keeps the manifest's bytes alive. */
function decodeUserKey(reader: ByteReader): Uint8Array {
  const internalKey = reader.prefixed()
  if (internalKey.length < TRAILER_BYTES) {
    throw reader.fail(`internal key of ${internalKey.length} bytes`)
  }
  return new Uint8Array(userKeyOf(internalKey))
}

function decodeFilter(content: ByteReader): FilterMeta {
  const kind = FILTER_KINDS[content.u8()]
  if (kind === undefined) throw content.fail('unknown kind of filter')
  return { kind, bitsPerKey: decodeDouble(content.raw(8)), bytes: content.varint() }
}

function decodeVlogBytes(content: ByteReader): TableMeta['vlogBytes'] {
  const pairs: (readonly [segment: number, bytes: number])[] = []
  while (!content.done) pairs.push([content.varint(), content.varint()])
  return pairs
}

function decodeJson(content: ByteReader): Json {
  const text = content.text()
  try {
    return JSON.parse(text) as Json
  } catch {
    throw content.fail('strategy state is not JSON')
  }
}

function encodeDouble(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value, true)
  return bytes
}

function decodeDouble(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true)
}
