/**
 * Owns a workload as RocksDB's query trace, which `db_bench --benchmarks=replay` runs natively: the
 * calls that the runner makes to a store, one trace record each. The runner reads, merges and
 * writes to update a field, so the trace has a get, and a put of the whole record if the record
 * exists. `records` remembers the records for this.
 *
 * Scans lose their length: RocksDB's traces hold a seek, but not the nexts that follow it.
 */

import { ByteWriter } from '../../../engine/base/coding.ts'
import { WriteBatch } from '../../../engine/wal/write-batch.ts'
import {
  ALL_FIELDS,
  OPERATION_KIND,
  Operation,
  type OperationStream,
  type Workload,
} from '../../operation.ts'
import { mergeField } from '../../record-codec.ts'
import {
  ROCKSDB_PART,
  ROCKSDB_RECORD,
  ROCKSDB_RECORD_HEAD_BYTES,
  ROCKSDB_TRACE_HEADER,
} from '../rocksdb-format.ts'
import type { TracePhase } from '../ycsb-text.ts'

/** The newest record of every key. Needed only if updates replace one field. */
export interface RecordStore {
  /** Borrowed until the next call. */
  get(key: Uint8Array): Uint8Array | undefined
  put(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): void
}

/** Number of trace records, as db_bench counts them. */
export interface RocksdbCounts {
  writes: number
  gets: number
  seeks: number
}

const CHUNK_BYTES = 1 << 18
const NS_PER_MICROSECOND = 1000

/**
 * The whole trace in chunks, which the caller owns. Consumes the workload. `records` is null if no
 * operation updates a single field. `counts` is incremented. Operations of phases that were not
 * requested only update `records`. A replay at the trace's pace waits `restMicroseconds` after the
 * last operation.
 */
export function* rocksdbTrace(
  workload: Workload,
  records: RecordStore | null,
  counts: RocksdbCounts,
  phase: TracePhase = 'all',
  restMicroseconds = 0,
): Generator<Uint8Array> {
  const trace = new RocksdbRecords(records, counts)
  trace.begin()
  trace.emits = phase !== 'run'
  if (trace.emits || records !== null) yield* trace.stream(workload.load)
  trace.emits = phase !== 'load'
  if (trace.emits) for (const { stream } of workload.phases) yield* trace.stream(stream)
  if (restMicroseconds > 0) trace.rest(restMicroseconds)
  trace.end()
  yield trace.take()
}

class RocksdbRecords {
  emits = true
  readonly #writer = new ByteWriter(2 * CHUNK_BYTES)
  readonly #batch = new WriteBatch()
  readonly #records: RecordStore | null
  readonly #counts: RocksdbCounts
  #microseconds = 0

  constructor(records: RecordStore | null, counts: RocksdbCounts) {
    this.#records = records
    this.#counts = counts
  }

  begin(): void {
    const text = new TextEncoder().encode(ROCKSDB_TRACE_HEADER)
    this.#head(ROCKSDB_RECORD.begin, text.length)
    this.#writer.raw(text)
  }

  rest(microseconds: number): void {
    this.#microseconds += microseconds
    this.#head(ROCKSDB_RECORD.blockCacheData, 0)
  }

  end(): void {
    this.#head(ROCKSDB_RECORD.end, 0)
  }

  take(): Uint8Array {
    const taken = this.#writer.copy()
    this.#writer.reset()
    return taken
  }

  *stream(stream: OperationStream): Generator<Uint8Array> {
    const operation = new Operation()
    while (stream.next(operation)) {
      const { arrivalNs } = operation
      // Without recorded times, an operation arrives every microsecond.
      const clock =
        arrivalNs < 0 ? this.#microseconds + 1 : Math.floor(arrivalNs / NS_PER_MICROSECOND)
      this.#microseconds = Math.max(this.#microseconds, clock)
      this.#apply(operation, stream)
      stream.acknowledge(operation)
      if (this.#writer.length >= CHUNK_BYTES) yield this.take()
    }
  }

  #apply(operation: Operation, stream: OperationStream): void {
    const { key } = operation
    switch (operation.kind) {
      case OPERATION_KIND.read:
        this.#get(key)
        break
      case OPERATION_KIND.insert:
        this.#put(key, valueIn(operation, stream))
        break
      case OPERATION_KIND.update:
        this.#update(operation, stream)
        break
      case OPERATION_KIND.scan:
        this.#seek(key)
        break
      case OPERATION_KIND.readModifyWrite:
        this.#get(key)
        this.#update(operation, stream)
        break
      case OPERATION_KIND.delete:
        this.#delete(key)
    }
  }

  #update(operation: Operation, stream: OperationStream): void {
    const { key, fieldIndex } = operation
    const value = valueIn(operation, stream)
    if (fieldIndex === ALL_FIELDS) {
      this.#put(key, value)
      return
    }
    this.#get(key)
    const record = this.#records?.get(key)
    if (record === undefined) return
    this.#put(key, mergeField(record, stream.fieldNames[fieldIndex]!, value))
  }

  #put(key: Uint8Array, value: Uint8Array): void {
    this.#records?.put(key, value)
    this.#batch.clear()
    this.#batch.put(key, value)
    this.#write()
  }

  #delete(key: Uint8Array): void {
    this.#records?.delete(key)
    this.#batch.clear()
    this.#batch.delete(key)
    this.#write()
  }

  #write(): void {
    if (!this.emits) return
    const batch = this.#batch.view()
    this.#head(ROCKSDB_RECORD.write, 8 + varintBytes(batch.length) + batch.length)
    this.#writer.u64(2 ** ROCKSDB_PART.writeBatch).prefixed(batch)
    this.#counts.writes++
  }

  #get(key: Uint8Array): void {
    if (!this.emits) return
    const { getColumnFamily, getKey } = ROCKSDB_PART
    this.#query(ROCKSDB_RECORD.get, 2 ** getColumnFamily + 2 ** getKey, key)
    this.#counts.gets++
  }

  #seek(key: Uint8Array): void {
    if (!this.emits) return
    const { iteratorColumnFamily, iteratorKey } = ROCKSDB_PART
    const parts = 2 ** iteratorColumnFamily + 2 ** iteratorKey
    this.#query(ROCKSDB_RECORD.iteratorSeek, parts, key)
    this.#counts.seeks++
  }

  /** A query of `key` in the default column family. */
  #query(type: number, parts: number, key: Uint8Array): void {
    this.#head(type, 8 + 4 + varintBytes(key.length) + key.length)
    this.#writer.u64(parts).u32(0).prefixed(key)
  }

  #head(type: number, payloadBytes: number): void {
    this.#writer.reserve(ROCKSDB_RECORD_HEAD_BYTES + payloadBytes)
    this.#writer.u64(this.#microseconds).u8(type).u32(payloadBytes)
  }
}

const NO_VALUE = new Uint8Array(0)

function valueIn(operation: Operation, stream: OperationStream): Uint8Array {
  return operation.valueLength > 0 ? stream.value(operation) : NO_VALUE
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}
