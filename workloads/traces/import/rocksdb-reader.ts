/**
 * Owns the reading of RocksDB's query traces, and of the text that trace_analyzer makes from them.
 *
 * These traces do not contain the length of a scan (a seek has no nexts, and becomes a scan of one
 * record), nor which column families belong together (all keys go into one key space). The text
 * does not contain the values' bytes either.
 */

import { ByteReader } from '../../../engine/base/coding.ts'
import { corruption, invalidArgument, isLsmError } from '../../../engine/base/errors.ts'
import { OPERATION_KIND, type OperationKind } from '../../operation.ts'
import {
  ROCKSDB_PART,
  ROCKSDB_RECORD,
  ROCKSDB_RECORD_HEAD_BYTES,
  ROCKSDB_TRACE_MAGIC,
} from '../rocksdb-format.ts'
import {
  checkedValueBytes,
  type ForeignReader,
  type ImportContext,
  lineReader,
  reasonOf,
  wholeNumber,
} from './foreign-reader.ts'
import { joined } from './lines.ts'
import { readBatch } from './rocksdb-batch.ts'

const { read, update, scan, readModifyWrite } = OPERATION_KIND
const NS_PER_MICROSECOND = 1000
const PHASE = 'run'
/** Limit for one record, because a record must fit in memory. */
const RECORD_BYTES_MAX = 2 ** 27
/** Offset of the record's type, after its time. */
const TYPE_OFFSET = 8
const VERSIONS = /Trace Version: 0\.2\b/
const FAMILY_NOTE = 'in a column family of its own: all keys went into one key space'
const SEEK_NOTE = 'seeks, recorded without their nexts: scans of one record'
const BACKWARD_NOTE = 'seeks for the previous key: scans of one record, forwards'
const MERGE_NOTE = 'merges: read, then a put of the operand'

export function rocksdbReader(path: string, context: ImportContext): ForeignReader {
  return new RocksdbRecords(path, context)
}

class RocksdbRecords implements ForeignReader {
  readonly #path: string
  readonly #context: ImportContext
  /** Offset in the file at which `#pending` starts. */
  #offset = 0
  /**
   * The bytes read of an unfinished record, and its stated size; 0 means that its head is
   * incomplete.
   */
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #wantedBytes = 0
  #state: 'begin' | 'records' | 'ended' = 'begin'

  constructor(path: string, context: ImportContext) {
    this.#path = path
    this.#context = context
  }

  /**
   * RocksDB overwrites an older file in place, so bytes after the end record belong to another
   * trace.
   */
  write(chunk: Uint8Array): void {
    if (this.#state === 'ended') return
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    // The pieces of a large record are joined once, when it is complete.
    if (this.#pendingBytes < this.#wantedBytes) return
    const bytes = joined(this.#pending, this.#pendingBytes)
    let at = 0
    let size = recordBytes(bytes, at)
    for (; size !== null && at + size <= bytes.length; size = recordBytes(bytes, at)) {
      if (this.#record(bytes.subarray(at, at + size), at)) return
      at += size
    }
    if (size !== null && size > RECORD_BYTES_MAX) {
      throw this.#state === 'begin'
        ? this.#noTrace()
        : this.#damaged(at, `a record of ${size} bytes`)
    }
    this.#offset += at
    this.#wantedBytes = size ?? 0
    this.#pending = [bytes.slice(at)]
    this.#pendingBytes = bytes.length - at
  }

  end(): void {
    if (this.#state === 'begin') throw this.#noTrace()
    if (this.#state === 'ended') return
    if (this.#pendingBytes > 0) {
      const reason = `the file ends inside a record, ${this.#pendingBytes} bytes into it`
      this.#context.report.fail(`${this.#path} at offset ${this.#offset}`, reason)
    } else {
      this.#context.report.note('the trace lacks its end record: tracing was not ended')
    }
  }

  /** Returns whether it was the end record. */
  #record(bytes: Uint8Array, at: number): boolean {
    const reader = new ByteReader(bytes, `${this.#path} at offset ${this.#offset + at}`)
    const type = bytes[TYPE_OFFSET]!
    if (this.#state === 'begin') this.#begin(type, reader)
    else if (type === ROCKSDB_RECORD.end) this.#state = 'ended'
    else this.#operation(type, reader, at)
    return this.#state === 'ended'
  }

  #begin(type: number, reader: ByteReader): void {
    const text = new TextDecoder().decode(reader.bytes.subarray(ROCKSDB_RECORD_HEAD_BYTES))
    if (type !== ROCKSDB_RECORD.begin || !text.startsWith(ROCKSDB_TRACE_MAGIC))
      throw this.#noTrace()
    if (!VERSIONS.test(text)) {
      const said = /Trace Version: ([^\t]*)/.exec(text)?.[1] ?? 'none'
      throw invalidArgument(`${this.#path}: RocksDB trace version ${said}; 0.2 is read here`)
    }
    this.#state = 'records'
  }

  #operation(type: number, reader: ByteReader, at: number): void {
    this.#context.beginPhase(PHASE, [])
    try {
      const microseconds = reader.u64()
      reader.offset = ROCKSDB_RECORD_HEAD_BYTES
      const parts = new Parts(reader, `${this.#path} at offset ${this.#offset + at}`)
      this.#dispatch(type, microseconds, parts)
    } catch (error) {
      if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
      const place = `${this.#path} at offset ${this.#offset + at}`
      this.#context.report.fail(place, error.message.slice(place.length + 2))
    }
  }

  #dispatch(type: number, clock: number, parts: Parts): void {
    const { report } = this.#context
    if (type === ROCKSDB_RECORD.write) {
      this.#write(parts.string(ROCKSDB_PART.writeBatch), clock, parts.source)
    } else if (type === ROCKSDB_RECORD.get) {
      this.#family(parts.u32(ROCKSDB_PART.getColumnFamily))
      this.#add(read, parts.string(ROCKSDB_PART.getKey), clock, parts.source)
    } else if (
      type === ROCKSDB_RECORD.iteratorSeek ||
      type === ROCKSDB_RECORD.iteratorSeekForPrev
    ) {
      const forwards = type === ROCKSDB_RECORD.iteratorSeek
      this.#family(parts.u32(ROCKSDB_PART.iteratorColumnFamily))
      this.#add(scan, parts.string(ROCKSDB_PART.iteratorKey), clock, parts.source)
      report.note(forwards ? SEEK_NOTE : BACKWARD_NOTE)
    } else if (type === ROCKSDB_RECORD.multiGet) this.#multiGet(parts, clock)
    else throw parts.fail(`record type ${type} is no operation known here`)
  }

  #multiGet(parts: Parts, clock: number): void {
    const count = parts.u32(ROCKSDB_PART.multiGetCount)
    const families = new ByteReader(parts.string(ROCKSDB_PART.multiGetColumnFamilies), parts.source)
    const keys = new ByteReader(parts.string(ROCKSDB_PART.multiGetKeys), parts.source)
    for (let i = 0; i < count; i++) {
      this.#family(families.u32())
      this.#add(read, keys.prefixed(), clock, parts.source)
    }
  }

  #write(batch: Uint8Array, clock: number, source: string): void {
    const { report } = this.#context
    readBatch(new ByteReader(batch, source), {
      put: (key, value) => this.#add(update, key, clock, source, value),
      delete: (key) => this.#add(OPERATION_KIND.delete, key, clock, source),
      merge: (key, operand) => {
        this.#add(readModifyWrite, key, clock, source, operand)
        report.note(MERGE_NOTE)
      },
      deleteRange: () => report.fail(source, 'a deletion of a range cannot be replayed here'),
      inColumnFamily: () => report.note(FAMILY_NOTE),
    })
  }

  #family(id: number): void {
    if (id !== 0) this.#context.report.note(FAMILY_NOTE)
  }

  /** `source` is the record; this may be one of its several operations. */
  #add(
    kind: OperationKind,
    key: Uint8Array,
    clock: number,
    source: string,
    value: Uint8Array | null = null,
  ): void {
    const context = this.#context
    const reason = reasonOf(() => {
      const operation = context.begin(kind, key)
      if (kind === scan) operation.scanLength = 1
      context.arrive(clock, NS_PER_MICROSECOND)
      context.add(value)
      return null
    })
    if (reason !== null) context.report.fail(source, reason)
  }

  #noTrace(): Error {
    return invalidArgument(`${this.#path}: not a RocksDB trace (no header record at its start)`)
  }

  #damaged(at: number, what: string): Error {
    return corruption(what, { path: this.#path, offset: this.#offset + at })
  }
}

/** Size of the record at `at`; null if its head is incomplete. */
function recordBytes(bytes: Uint8Array, at: number): number | null {
  if (at + ROCKSDB_RECORD_HEAD_BYTES > bytes.length) return null
  const lengthAt = at + ROCKSDB_RECORD_HEAD_BYTES - 4
  return ROCKSDB_RECORD_HEAD_BYTES + new ByteReader(bytes, '', lengthAt, lengthAt + 4).u32()
}

/** The parts of a payload, read in order. Parts that are not requested are skipped. */
class Parts {
  readonly source: string
  readonly #values = new Map<number, number | Uint8Array>()
  readonly #reader: ByteReader

  constructor(reader: ByteReader, source: string) {
    this.#reader = reader
    this.source = source
    const bits = reader.u64()
    for (let part = 1; part <= ROCKSDB_PART.multiGetKeys; part++) {
      if (Math.floor(bits / 2 ** part) % 2 === 0) continue
      this.#values.set(part, NUMBERS.has(part) ? reader.u32() : reader.prefixed())
    }
    if (bits >= 2 ** (ROCKSDB_PART.multiGetKeys + 1)) throw this.fail('a part not known here')
  }

  u32(part: number): number {
    const value = this.#values.get(part)
    if (typeof value !== 'number') throw this.fail(`part ${part} is missing`)
    return value
  }

  string(part: number): Uint8Array {
    const value = this.#values.get(part)
    if (!(value instanceof Uint8Array)) throw this.fail(`part ${part} is missing`)
    return value
  }

  fail(what: string): Error {
    return this.#reader.fail(what)
  }
}

const NUMBERS: ReadonlySet<number> = new Set([
  ROCKSDB_PART.getColumnFamily,
  ROCKSDB_PART.iteratorColumnFamily,
  ROCKSDB_PART.multiGetCount,
])

/**
 * Indexed by the numbers of `tools/trace_analyzer_tool.h`. A range deletion (4) has no counterpart.
 */
const ANALYZER_KINDS: readonly (OperationKind | undefined)[] = [
  ...[read, update, OPERATION_KIND.delete, OPERATION_KIND.delete, undefined, readModifyWrite],
  ...[scan, scan, read],
]
const ANALYZER_NOTES: Readonly<Record<number, string>> = {
  5: MERGE_NOTE,
  6: SEEK_NOTE,
  7: BACKWARD_NOTE,
}
const ANALYZER_LINE = /^(?:0x)?([0-9A-Fa-f]*) (\d+) (\d+) (\d+) (\d+)$/

/** Lines of `hex key, type, column family, value size, microseconds`, one per operation. */
export function analyzerTextReader(path: string, context: ImportContext): ForeignReader {
  return lineReader(path, context.report, ({ text }) => {
    const columns = ANALYZER_LINE.exec(text)
    if (columns === null) return 'not "hex-key type column-family value-size microseconds"'
    const [, hexKey, typeText, family, size, time] = columns
    const type = Number(typeText)
    const kind = ANALYZER_KINDS[type]
    if (kind === undefined) return `operation type ${type} cannot be replayed here`
    if (hexKey!.length % 2 !== 0) return 'the key has half a byte'
    const microseconds = wholeNumber(time)
    if (microseconds < 0) return `time "${time}" is beyond what is read here`
    const valueBytes = checkedValueBytes(Number(size))
    context.beginPhase(PHASE, [])
    const key = Uint8Array.from({ length: hexKey!.length / 2 }, (_, i) =>
      Number.parseInt(hexKey!.slice(2 * i, 2 * i + 2), 16),
    )
    const operation = context.begin(kind, key)
    if (kind === scan) operation.scanLength = 1
    if (family !== '0') context.report.note(FAMILY_NOTE)
    if (ANALYZER_NOTES[type] !== undefined) context.report.note(ANALYZER_NOTES[type])
    context.arrive(microseconds, NS_PER_MICROSECOND)
    if (kind === update || kind === readModifyWrite) context.addUnknownValue(valueBytes)
    else context.add()
    return null
  })
}
