/**
 * Owns the shape of a peer's result: a run of the same stream against a store with its own
 * counters. It has all fields of our results except those that no peer can report. `deterministic`
 * holds only facts that the stream alone determines. `peer` holds everything counted about the
 * store, and the counter behind each figure. A figure that was not counted is null, never zero.
 */

import { z } from 'zod'
import { bytes, count, countByKind, hexHash, name, ratio } from './fields.ts'
import { type RunResult, runResultSchema } from './schema.ts'

export const PEER_NAMES = ['leveldb', 'rocksdb', 'lmdb', 'sqlite', 'db_bench'] as const
export type PeerName = (typeof PEER_NAMES)[number]

const known = (schema: z.ZodInt) => schema.nullable()

const setting = z.strictObject({
  /** Our name of the setting, or the peer's name if we have no such setting. */
  name,
  /** Null if we have no such setting. */
  varve: z.json(),
  /** Null if the peer has no such setting. */
  peer: z.json(),
  equal: z.boolean(),
  /** Why they are not equal, or what the peer's figure means; empty if there is nothing to say. */
  note: z.string(),
})

const level = z.strictObject({
  level: count,
  tables: count,
  bytes,
  /** Bytes of compactions out of this level or into it, as the peer counts; null if it does not. */
  bytesRead: known(bytes),
  bytesWritten: known(bytes),
})

const reading = z.strictObject({
  /** Key + value of puts and keys of deletes, counted by the harness. */
  userBytes: bytes,
  /** Table bytes written by flushes and by compactions, by the peer's own count. */
  flushBytes: known(bytes),
  compactionBytes: known(bytes),
  compactionReadBytes: known(bytes),
  flushes: known(count),
  compactions: known(count),
  /** Compactions that took tables of level 0, and the number of level-0 tables they took. */
  level0Compactions: known(count),
  level0TablesCompacted: known(count),
  /** Tables that changed their level without being rewritten. */
  moves: known(count),
  /**
   * Compactions that began with more tables of level 0, or more sorted runs, than make them due:
   * background work lagged behind the writes.
   */
  lateCompactions: known(count).default(null),
  /** Times that the store slowed writes down or stopped them, by its LOG. */
  stalls: known(count).default(null),
  /**
   * Bytes that the process passed to write calls, less its terminal output: /proc/self/io wchar.
   */
  processBytes: known(bytes),
  /** Bytes that the process passed to read calls: rchar. */
  processReadBytes: known(bytes),
  /** Pages sent to the device: write_bytes, page-granular. */
  deviceBytes: known(bytes),
  /** processBytes ÷ userBytes. */
  waTotal: ratio,
  /** (flush + compaction bytes) ÷ userBytes. */
  waLsm: ratio,
  /** (flush + compaction bytes) ÷ flush bytes: RocksDB's W-Amp. */
  waRocksdb: ratio,
  /** Sum of the sizes of all files of the folder. */
  physicalBytes: bytes,
  liveLogicalBytes: known(bytes),
  spaceAmplification: ratio,
  levels: z.array(level).nullable(),
  /** The store's own statistics, verbatim; null if it prints none. */
  report: z.string().nullable(),
})

const peerSectionSchema = z.strictObject({
  name: z.enum(PEER_NAMES),
  /** The store and its version, and the library through which it is called. */
  version: name,
  /** Budgets and policies, ours and the peer's. */
  settings: z.array(setting).min(1),
  /** The reading at the last operation; null if we cannot stop the run there. */
  burst: reading.nullable(),
  drained: reading,
  drain: z.strictObject({
    /** The condition that was waited for. */
    how: name,
    /** False if the store was still at work when the time limit was reached. */
    converged: z.boolean(),
  }),
  /** For each figure of `burst` and `drained`, the counter from which it comes. */
  counters: z.record(z.string(), z.string()),
  /** What a measured latency of this peer covers. */
  latencyIncludes: name,
  /** Operations as counted by the peer; null if it does not count them. */
  ownCounts: z.record(z.string(), count).nullable(),
})

const reads = z.strictObject({
  operations: count,
  /** Key and value bytes of the found entries. */
  bytesReturned: bytes,
})

const deterministic = z.strictObject({
  phases: z.array(
    z.strictObject({
      name: z.enum(['load', 'run']),
      operationsByKind: countByKind,
      userBytes: bytes,
    }),
  ),
  traceHash: hexHash,
  /** Null for foreign keys, which are not counted. */
  liveLogicalBytes: known(bytes),
  /** Reads by their outcome; null if they were not counted. */
  reads: z
    .strictObject({
      getHit: reads,
      /** Gets that found nothing. */
      getMiss: reads,
      /** Reads of updates of one field. */
      updateRead: reads,
      shortScan: reads,
      longScan: reads,
    })
    .nullable()
    .default(null),
})

export const peerResultSchema = runResultSchema
  .omit({ deterministic: true })
  .extend({ deterministic, peer: peerSectionSchema })

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

export type PeerResult = DeepReadonly<z.infer<typeof peerResultSchema>>
/** The input of the schema, in which fields with defaults may be missing. */
export type PeerResultInput = DeepReadonly<z.input<typeof peerResultSchema>>
export type PeerSection = PeerResult['peer']
export type PeerReading = PeerSection['drained']
export type PeerSetting = PeerSection['settings'][number]

/** Whether a result is a peer's and not ours. */
export function isPeerResult(result: RunResult | PeerResult): result is PeerResult {
  return 'peer' in result
}
