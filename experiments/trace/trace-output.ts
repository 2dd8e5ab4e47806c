/**
 * Owns the output of a workload's operations in a given format, to a file that appears complete or
 * not at all, or to standard output. Invariant: only one chunk is in memory at a time.
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import {
  csvText,
  Operation,
  pumpUntil,
  type RocksdbCounts,
  rocksdbTrace,
  type TraceCompression,
  type TraceHeader,
  type TracePhase,
  TraceWriter,
  type Workload,
  ycsbText,
} from '../../workloads/index.ts'
import { formatBytes } from '../base/units.ts'
import { UsageError } from '../base/usage-error.ts'

/** All formats that can be written, by their names in `--format`. */
export const OUTPUT_FORMATS = {
  native: 'the native trace: compact, with checksums, replayed by exp --trace',
  ycsb: "the text of YCSB's BasicDB client",
  rocksdb: "RocksDB's query trace, which db_bench --benchmarks=replay runs; seeks without nexts",
  csv: 'one row for each operation, without the bytes of values',
} as const
export type OutputFormat = keyof typeof OUTPUT_FORMATS

export interface OutputRequest {
  readonly format: OutputFormat
  /** Empty: write to standard output. */
  readonly out: string
  readonly phase: TracePhase
  readonly compression: TraceCompression
  /** Header of a native trace. */
  readonly header: TraceHeader
}

/** Consumes the workload; returns messages, one line each. Rejects when `signal` aborts. */
export async function writeOperations(
  workload: Workload,
  request: OutputRequest,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { format, out, phase } = request
  switch (format) {
    case 'native':
      return writeNative(workload, request, signal)
    case 'ycsb':
      await writeChunks(ycsbText(workload, phase), out, signal)
      return hasFields(workload) ? [] : ['values without fields are written as the field field0']
    case 'csv':
      await writeChunks(csvText(workload, phase), out, signal)
      return []
    case 'rocksdb':
      return writeRocksdb(workload, request, signal)
  }
}

async function writeNative(
  workload: Workload,
  request: OutputRequest,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { out, phase, header, compression } = request
  if (out === '') throw new UsageError('--out=FILE is needed: a native trace is not text')
  if (phase !== 'all') throw new UsageError('--phase: a native trace always holds all phases')
  const writer = new TraceWriter(out, header, { compression })
  try {
    await pumpUntil(signal, workload, writer, new Operation())
    const { operationsByKind } = writer.finish(workload.properties)
    const operations = operationsByKind.reduce((sum, count) => sum + count, 0)
    return [`${out}: ${operations} operations, ${formatBytes(writer.written.bytes)}`]
  } finally {
    writer.abort()
  }
}

async function writeRocksdb(
  workload: Workload,
  { out, phase }: OutputRequest,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const counts: RocksdbCounts = { writes: 0, gets: 0, seeks: 0 }
  // Loaded only when needed: it brings an engine and its strategies.
  const { ScratchRecords } = await import('./scratch-records.ts')
  using records = hasFields(workload) ? new ScratchRecords() : null
  await writeChunks(rocksdbTrace(workload, records, counts, phase), out, signal)
  const { writes, gets, seeks } = counts
  const exempt = seeks === 0 ? '' : ' (scans: RocksDB traces no nexts)'
  return [`${out}: ${writes} writes, ${gets} gets, ${seeks} seeks${exempt}`]
}

function hasFields({ load, phases }: Workload): boolean {
  return [load, ...phases.map(({ stream }) => stream)].some(
    ({ fieldNames }) => fieldNames.length > 0,
  )
}

/**
 * Writing to a file never waits when it is standard output. A pause between chunks lets a signal be
 * handled.
 */
async function* inTurns(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    yield chunk
    await setImmediate()
  }
}

/**
 * Writes to standard output, or to a temporary file beside `path` that is renamed when complete.
 */
export async function writeChunks(
  chunks: Iterable<Uint8Array>,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  if (path === '') {
    await pipeline(Readable.from(inTurns(chunks)), process.stdout, { end: false, signal })
    return
  }
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await pipeline(Readable.from(chunks), createWriteStream(temporary, { flush: true }), { signal })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
