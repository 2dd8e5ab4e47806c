/**
 * Owns the half of a result that equal seeds repeat bit for bit under inline scheduling: bytes,
 * runs, blocks and their ratios, all taken from the byte ledger and the read counters. Nothing here
 * depends on the machine or the clock.
 *
 * Sums without a window start when the fresh folder is opened (so they include the load) and end at
 * the named moment: *burst* is the last operation of the last phase, *drained* is after the drain.
 */

import { z } from 'zod'
import { CAUSES, DIRECTIONS, SECTIONS } from '../engine/storage/ledger.ts'
import { bytes, count, countByKind, hexHash, name, ratio, shape } from './fields.ts'

const bytesByCause = z.partialRecord(z.enum(CAUSES), bytes)

/** Bytes are those of records, including record headers and keys, without file headers. */
const valueLogWork = {
  /** Bytes written by writers; and by collection and by compactions that move values. */
  appendedBytes: bytes,
  movedBytes: bytes,
  /** (appended + moved) ÷ appended. */
  waLog: ratio,
  segmentsCollected: count,
  /** Bytes of the collected segments, and of the values found live in them. */
  collectedBytes: bytes,
  collectedLiveBytes: bytes,
}

const phase = z.strictObject({
  name: z.enum(['load', 'run', 'drain']),
  operationsByKind: countByKind,
  /** Acknowledged key + value of puts and keys of deletes, before overwrites collapse. */
  userBytes: bytes,
  /** Bytes that the ledger wrote within this phase only. */
  bytesWrittenByCause: bytesByCause,
  shapeAtStart: shape,
  /** What the value log wrote within this phase; null if no value was ever separated. */
  valueLog: z.strictObject(valueLogWork).nullable().default(null),
})

const amplification = z.strictObject({
  userBytes: bytes,
  bytesWrittenByCause: bytesByCause,
  /** Raw key + value bytes written by flushes, and by merges. */
  flushedRawBytes: bytes,
  mergedRawBytes: bytes,
  /** All bytes written ÷ user bytes. */
  waTotal: ratio,
  /** (flush + compaction bytes written) ÷ user bytes. */
  waLsm: ratio,
  /**
   * (flushed + merged raw bytes) ÷ user bytes: the figure that equals the integers of the models.
   */
  waEntries: ratio,
  /** RocksDB's Sum row: (flush + compaction bytes written) ÷ flush bytes written. */
  waRocksdb: ratio,
  /** Pebble's: (WAL + flush + compaction bytes written) ÷ WAL bytes written. */
  waPebble: ratio,
  /** Physical ÷ live logical bytes. */
  spaceAmplification: ratio,
  /** Key + value of the newest version of every live key, from the oracle. */
  liveLogicalBytes: bytes,
  /** Sizes of all files in the folder. */
  physicalBytes: bytes,
  /** The strategy's own estimate of the bytes it still has to write until nothing is due. */
  debtBytes: bytes,
  /** 'level-0-run': a flush is written as a run of level 0 first; 'papers': it is not. */
  convention: z.enum(['level-0-run', 'papers']),
})

const readAccount = z.strictObject({
  operations: count,
  runsProbed: count,
  filterChecks: count,
  filterNegatives: count,
  filterFalsePositives: count,
  blocksFromCache: count,
  blocksFromStorage: count,
  bytesFromStorage: bytes,
  /** Key + value bytes returned to the caller. */
  bytesReturned: bytes,
  runsPerOperation: ratio,
  /** Blocks from cache and storage together. */
  blocksPerOperation: ratio,
  blocksFromStoragePerOperation: ratio,
  /** bytesFromStorage ÷ bytesReturned. */
  bytesReadPerByteReturned: ratio,
})

const level = z.strictObject({
  level: count,
  runs: count,
  tables: count,
  bytes,
  entries: count,
  tombstones: count,
  rawBytes: bytes,
  /** Flushes and compactions into this level, and compactions reading from it. */
  bytesWritten: bytes,
  bytesRead: bytes,
  flushedRawBytes: bytes,
  mergedRawBytes: bytes,
})

const ledgerCell = z.strictObject({
  cause: z.enum(CAUSES),
  /** −1 for bytes of no level. */
  level: z.int().min(-1),
  section: z.enum(SECTIONS),
  direction: z.enum(DIRECTIONS),
  bytes,
  calls: count,
})

const balance = z
  .strictObject({
    presentAtOpenBytes: bytes,
    appendedBytes: bytes,
    linkedBytes: bytes,
    truncatedBytes: bytes,
    removedBytes: bytes,
    liveBytes: bytes,
    /** presentAtOpen + appended + linked − truncated = live + removed, to the byte. */
    conserved: z.boolean(),
  })
  .refine((line) => line.conserved === isConserved(line), {
    path: ['conserved'],
    error: 'expected what the balance says',
  })

/** A strategy's urgency for each level that it reports: ≥ 1 means due. */
const scores = z.array(z.strictObject({ level: count, score: z.number() }))

const seriesPoint = z.strictObject({
  /** Number of operations done since the load started. */
  atOperation: count,
  userBytes: bytes,
  bytesWritten: bytes,
  waTotal: ratio,
  physicalBytes: bytes,
  liveLogicalBytes: bytes,
  debtBytes: bytes,
  runs: count,
  shape,
  /** Bytes written ÷ user bytes since the previous point. */
  waWindow: ratio.default(null),
  /** The highest `physicalBytes` so far. */
  peakPhysicalBytes: bytes.nullable().default(null),
  /** Table bytes by level, level 0 first. */
  levelBytes: z.array(bytes).nullable().default(null),
  scores: scores.nullable().default(null),
})

const eventSide = z.strictObject({ level: count, runs: count, tables: count, bytes })

const event = z.strictObject({
  kind: z.enum(['flush', 'merge', 'move', 'drop']),
  atOperation: count,
  inputs: z.array(eventSide),
  outputs: z.array(eventSide),
  bytesRead: bytes,
  bytesWritten: bytes,
  /** The strategy's trigger with the values that made it true; null for a flush. */
  reason: z
    .strictObject({
      trigger: z.string(),
      formula: z.string(),
      values: z.record(z.string(), z.union([z.number(), z.string()])),
    })
    .nullable(),
  /** Scores of all levels at the time of the pick; null for a flush. */
  scores: scores.nullable().default(null),
  /** Runs and tables free to be picked in the levels it took from; null for a flush. */
  candidates: z.strictObject({ runs: count, tables: count }).nullable().default(null),
  /** Dropped entries: shadowed versions, and tombstones with nothing below. */
  shadowedDropped: count.nullable().default(null),
  tombstonesDropped: count.nullable().default(null),
  /** The highest `physicalBytes` up to the end of the event. */
  peakPhysicalBytes: bytes.nullable().default(null),
})

const valueLog = z.strictObject({
  ...valueLogWork,
  /**
   * Bytes in segments that hold data; of these, the bytes that tables point to, and those that
   * merges found to be garbage.
   */
  logBytes: bytes,
  liveBytes: bytes,
  garbageBytes: bytes,
  treeBytes: bytes,
  /** Bytes of tables, and of segments, ÷ live logical bytes. */
  treeSpaceAmplification: ratio,
  logSpaceAmplification: ratio,
  /** Oldest first. A spent segment holds no data; only tables still name it. */
  segments: z.array(
    z.strictObject({
      segment: count,
      state: z.enum(['sealed', 'spent']),
      records: count,
      recordBytes: bytes,
      liveBytes: bytes,
    }),
  ),
})

/**
 * Computed from the filters' own false-positive rates, as built, for a key in the range of every
 * run.
 */
const filters = z.strictObject({
  /** Runs that a get of an absent key reads in vain: the sum of the rates. */
  probesPerMiss: z.number().nonnegative(),
  /** Newest first. */
  runs: z.array(
    z.strictObject({
      level: count,
      entries: count,
      bitsPerKey: z.number().nonnegative(),
      /** 1 without a filter. */
      falsePositiveRate: z.number().min(0).max(1),
    }),
  ),
})

export const deterministicSchema = z.strictObject({
  phases: z.array(phase).min(1),
  amplification: z.strictObject({ burst: amplification, drained: amplification }),
  /** Over the run phase only. */
  readAmplification: z.strictObject({
    getHit: readAccount,
    getMiss: readAccount,
    /** Reads of an update of one field before its write. */
    updateRead: readAccount,
    shortScan: readAccount,
    longScan: readAccount,
  }),
  /** The drained tree. */
  levels: z.array(level),
  /** The misses that the drained tree's filters predict; null in older results of the engine. */
  filters: filters.nullable().default(null),
  /** The drained value log; null if no value was ever separated. */
  valueLog: valueLog.nullable().default(null),
  ledger: z.strictObject({ cells: z.array(ledgerCell), balance }),
  counts: z.strictObject({ flushes: count, merges: count, moves: count, drops: count }),
  series: z.array(seriesPoint),
  /** Only the first events; `total` is the number of all events. */
  events: z.strictObject({ total: count, log: z.array(event) }),
  /** Hash of the operation stream. Equal for every strategy in a paired comparison. */
  traceHash: hexHash,
  /**
   * For a run with `config.until`: the hash at `config.operations`, which is equal for all
   * contenders.
   */
  askedTraceHash: hexHash.nullable().default(null),
  /** The outcome of `config.until`; null if nothing was requested. */
  until: z
    .strictObject({
      reached: z.boolean(),
      /** Operations of the run phase at its end. */
      operations: count,
      /** One line with the figures that decided the outcome. */
      why: z.string(),
    })
    .nullable()
    .default(null),
  /** Hash over the files of the drained tree's tables. */
  tableDigest: hexHash.nullable(),
  /** The highest `physicalBytes` ever seen, with a merge's inputs and outputs together. */
  peakPhysicalBytes: bytes,
  /** `peakPhysicalBytes` ÷ the live logical bytes at that moment. */
  peakSpaceAmplification: ratio.default(null),
  /** The source of `liveLogicalBytes`. */
  oracle: z
    .strictObject({
      /**
       * 'sampled': only keys whose hash falls in the sample are tracked, and their sum is scaled.
       */
      kind: z.enum(['exact', 'sampled']),
      /** One of this many keys is tracked. */
      oneIn: z.int().positive(),
      recordsTracked: count,
      /** Memory of the oracle in the process, besides the engine's. */
      memoryBytes: bytes,
    })
    .nullable()
    .default(null),
  /** Comparison of answers with the written values; null if they were not checked. */
  answers: z
    .strictObject({
      /** Gets, including those of updates. */
      gets: count,
      /** Scans of the run that were checked, a part of all scans. */
      scans: count,
      /** Entries of these scans, and of the drained tree, which is read completely. */
      entries: count,
      /**
       * Missing answers that the database's retention allows, because a strategy may drop the data.
       */
      forgotten: count,
      /**
       * Gets and shown scans that were not compared, because a write of their keys was under way at
       * the same time. Missing if there were none.
       */
      overlapped: count.exactOptional(),
      /** Answers that differ from the newest written value. */
      wrong: count,
      /** The first wrong answers. */
      mismatches: z.array(
        z.strictObject({
          /** Number of operations done before. */
          operation: count,
          /** 'end' means the reading of the drained tree. */
          by: z.enum(['get', 'scan', 'end']),
          /**
           * As text or hexadecimal digits. For a key missing at the end, the number of its record.
           */
          key: name,
          /** A value is given by its CRC-32, or as 'nothing'. */
          expected: name,
          got: name,
        }),
      ),
      /** One of this many keys is checked. */
      oneIn: z.int().positive(),
      /** Memory of the check in the process, besides the engine's. */
      memoryBytes: bytes,
    })
    .nullable()
    .default(null),
  /** A scan of at least this many entries counts as long. */
  longScanEntriesMin: z.int().positive(),
})

/** Whether the sizes of files account for every moved byte. */
export function isConserved(line: {
  readonly presentAtOpenBytes: number
  readonly appendedBytes: number
  readonly linkedBytes: number
  readonly truncatedBytes: number
  readonly removedBytes: number
  readonly liveBytes: number
}): boolean {
  const came = line.presentAtOpenBytes + line.appendedBytes + line.linkedBytes
  return came - line.truncatedBytes === line.liveBytes + line.removedBytes
}
