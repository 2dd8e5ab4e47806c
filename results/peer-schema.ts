/**
 * Owns the shape of a peer's result: a run of the same stream against a store that keeps books of
 * its own. It shares all with a run of ours but what no peer can tell: `deterministic` holds only
 * what the stream alone decides, and all that was counted about the store lies in `peer`, each
 * figure beside the counter that stands for it. A figure nobody counted is null, never zero.
 */

import { z } from 'zod'
import { bytes, count, countByKind, hexHash, name, ratio } from './fields.ts'
import { type RunResult, runResultSchema } from './schema.ts'

export const PEER_NAMES = ['leveldb', 'rocksdb', 'lmdb', 'sqlite', 'db_bench'] as const
export type PeerName = (typeof PEER_NAMES)[number]

const known = (schema: z.ZodInt) => schema.nullable()

const setting = z.strictObject({
  /** By Varve's name, or the peer's where Varve has no such thing. */
  name,
  /** Null: Varve has no such setting. */
  varve: z.json(),
  /** Null: the peer has none. */
  peer: z.json(),
  equal: z.boolean(),
  /** Why not, or what the peer's figure means; empty when there is nothing to say. */
  note: z.string(),
})

const level = z.strictObject({
  level: count,
  tables: count,
  bytes,
  /** By compactions out of this level or into it, as the peer counts; null: it does not. */
  bytesRead: known(bytes),
  bytesWritten: known(bytes),
})

const reading = z.strictObject({
  /** Key + value of puts and keys of deletes, as the harness counted them. */
  userBytes: bytes,
  /** Table bytes written by flushes and by compactions, the peer's own account. */
  flushBytes: known(bytes),
  compactionBytes: known(bytes),
  compactionReadBytes: known(bytes),
  flushes: known(count),
  compactions: known(count),
  /** Compactions that took tables of level 0, and how many they took together. */
  level0Compactions: known(count),
  level0TablesCompacted: known(count),
  /** Tables that changed their level without being rewritten. */
  moves: known(count),
  /** What the process passed to write calls, less its terminal output: /proc/self/io wchar. */
  processBytes: known(bytes),
  /** What it passed to read calls: rchar. */
  processReadBytes: known(bytes),
  /** Pages sent to the device: write_bytes, page-granular. */
  deviceBytes: known(bytes),
  /** processBytes ÷ userBytes. */
  waTotal: ratio,
  /** (flush + compaction bytes) ÷ userBytes. */
  waLsm: ratio,
  /** (flush + compaction bytes) ÷ flush bytes: RocksDB's W-Amp. */
  waRocksdb: ratio,
  /** Sizes of all files of the folder. */
  physicalBytes: bytes,
  liveLogicalBytes: known(bytes),
  spaceAmplification: ratio,
  levels: z.array(level).nullable(),
  /** The store's own statistics, verbatim; null: it prints none. */
  report: z.string().nullable(),
})

const peerSectionSchema = z.strictObject({
  name: z.enum(PEER_NAMES),
  /** The store and its version, and the library that reaches it. */
  version: name,
  /** Budgets and policies, side by side. */
  settings: z.array(setting).min(1),
  /** At the last operation; null: the run is not ours to stop there. */
  burst: reading.nullable(),
  drained: reading,
  drain: z.strictObject({
    /** What was waited for. */
    how: name,
    /** False: it was still at work when the time was up. */
    converged: z.boolean(),
  }),
  /** Which counter stands for a figure of `burst` and `drained`, by the figure's name. */
  counters: z.record(z.string(), z.string()),
  /** What a latency of this peer is the time of. */
  latencyIncludes: name,
  /** Operations as the peer counted them; null: it does not. */
  ownCounts: z.record(z.string(), count).nullable(),
})

const reads = z.strictObject({
  operations: count,
  /** Key and value bytes of what they found. */
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
  /** Null: the keys are foreign and not counted. */
  liveLogicalBytes: known(bytes),
  /** Reads by what they turned out to be; null: nobody counted them. */
  reads: z
    .strictObject({
      getHit: reads,
      /** Found nothing. */
      getMiss: reads,
      /** Of updates of one field. */
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
/** Before defaults are filled in. */
export type PeerResultInput = DeepReadonly<z.input<typeof peerResultSchema>>
export type PeerSection = PeerResult['peer']
export type PeerReading = PeerSection['drained']
export type PeerSetting = PeerSection['settings'][number]

/** A result of ours or of a peer. */
export function isPeerResult(result: RunResult | PeerResult): result is PeerResult {
  return 'peer' in result
}
