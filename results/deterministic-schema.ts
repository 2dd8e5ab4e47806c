/**
 * Owns the half of a result that equal seeds repeat bit for bit under inline scheduling: bytes, runs,
 * blocks and their ratios, all taken from the byte ledger and the read counters. Nothing here may
 * depend on the machine or the clock.
 *
 * Sums without a window reach from the opening of the fresh folder (the load is in them) to the
 * named moment: *burst* is the last operation of the last phase, *drained* is after the drain.
 */

import { z } from 'zod'
import { CAUSES, DIRECTIONS, SECTIONS } from '../engine/storage/ledger.ts'
import { bytes, count, countByKind, hexHash, name, ratio, shape } from './fields.ts'

const bytesByCause = z.partialRecord(z.enum(CAUSES), bytes)

const phase = z.strictObject({
  name: z.enum(['load', 'run', 'drain']),
  operationsByKind: countByKind,
  /** Acknowledged key + value of puts and keys of deletes, before overwrites collapse. */
  userBytes: bytes,
  /** What the ledger wrote within this phase alone. */
  bytesWrittenByCause: bytesByCause,
  shapeAtStart: shape,
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
  /** (flushed + merged raw bytes) ÷ user bytes: the figure that equals the models' integers. */
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
  /** Bytes the strategy still has to write until nothing is due; its own estimate. */
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
  /** Key + value handed to the caller. */
  bytesReturned: bytes,
  runsPerOperation: ratio,
  /** From cache and storage together. */
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
  /** −1: bytes of no level. */
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

/** A strategy's urgency by level, for the levels it tells of: ≥ 1 means due. */
const scores = z.array(z.strictObject({ level: count, score: z.number() }))

const seriesPoint = z.strictObject({
  /** Operations done since the load began. */
  atOperation: count,
  userBytes: bytes,
  bytesWritten: bytes,
  waTotal: ratio,
  physicalBytes: bytes,
  liveLogicalBytes: bytes,
  debtBytes: bytes,
  runs: count,
  shape,
  /** Bytes written ÷ user bytes since the point before. */
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
  /** Of all levels when it was picked; null for a flush. */
  scores: scores.nullable().default(null),
  /** What was free to be picked in the levels it took from; null for a flush. */
  candidates: z.strictObject({ runs: count, tables: count }).nullable().default(null),
  /** Entries it dropped: shadowed versions, and tombstones with nothing below. */
  shadowedDropped: count.nullable().default(null),
  tombstonesDropped: count.nullable().default(null),
  /** The highest `physicalBytes` up to its end. */
  peakPhysicalBytes: bytes.nullable().default(null),
})

/** Bytes of records: their headers and keys count, those of files do not. */
const valueLog = z.strictObject({
  /** By writers; by collection and by compactions that move values. */
  appendedBytes: bytes,
  movedBytes: bytes,
  /** (appended + moved) ÷ appended. */
  waLog: ratio,
  segmentsCollected: count,
  /** In the segments collected, and in the values found live there. */
  collectedBytes: bytes,
  collectedLiveBytes: bytes,
  /** In segments that hold data; of those, what tables point to and what merges found to be garbage. */
  logBytes: bytes,
  liveBytes: bytes,
  garbageBytes: bytes,
  treeBytes: bytes,
  /** Tables, and segments, ÷ live logical bytes. */
  treeSpaceAmplification: ratio,
  logSpaceAmplification: ratio,
  /** Oldest first; a spent one holds no data, tables only name it still. */
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

/** By the filters' own false-positive rates, as built; the key lies in the range of every run. */
const filters = z.strictObject({
  /** Runs a get of an absent key reads in vain: Σ of the rates. */
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
  /** Over the run phase alone. */
  readAmplification: z.strictObject({
    getHit: readAccount,
    getMiss: readAccount,
    /** What updates of one field read before they write. */
    updateRead: readAccount,
    shortScan: readAccount,
    longScan: readAccount,
  }),
  /** The drained tree. */
  levels: z.array(level),
  /** What the drained tree's filters promise; null where they were not asked. */
  filters: filters.nullable().default(null),
  /** The drained value log; null where no value was ever separated. */
  valueLog: valueLog.nullable().default(null),
  ledger: z.strictObject({ cells: z.array(ledgerCell), balance }),
  counts: z.strictObject({ flushes: count, merges: count, moves: count, drops: count }),
  series: z.array(seriesPoint),
  /** The first events only: `total` says how many there were. */
  events: z.strictObject({ total: count, log: z.array(event) }),
  /** Hash of the operation stream: equal for every strategy in a paired comparison. */
  traceHash: hexHash,
  /** Of a run that went on until a state: the hash at `config.operations`, equal for all contenders. */
  askedTraceHash: hexHash.nullable().default(null),
  /** What became of `config.until`; null: nothing was asked. */
  until: z
    .strictObject({
      reached: z.boolean(),
      /** Of the run phase, when it ended. */
      operations: count,
      /** One line with the figures that decided it. */
      why: z.string(),
    })
    .nullable()
    .default(null),
  /** Hash over the files of the drained tree's tables. */
  tableDigest: hexHash.nullable(),
  /** The highest `physicalBytes` ever seen, inputs and outputs of a merge together. */
  peakPhysicalBytes: bytes,
  /** `peakPhysicalBytes` ÷ the live logical bytes at that moment. */
  peakSpaceAmplification: ratio.default(null),
  /** Where `liveLogicalBytes` come from. */
  oracle: z
    .strictObject({
      /** 'sampled': keys whose hash falls in the sample are tracked, and their sum is scaled. */
      kind: z.enum(['exact', 'sampled']),
      /** One key in so many is tracked. */
      oneIn: z.int().positive(),
      recordsTracked: count,
      /** Of the process, beside the engine's. */
      memoryBytes: bytes,
    })
    .nullable()
    .default(null),
  /** Answers held against what was written; null: they were not checked. */
  answers: z
    .strictObject({
      /** Gets, those of updates among them. */
      gets: count,
      /** Scans of the run that were looked at, of those there were. */
      scans: count,
      /** Entries of those scans, and of the drained tree, all of which is read. */
      entries: count,
      /** Missing where the database's retention lets a strategy drop them. */
      forgotten: count,
      /** Answers that were not the newest value written. */
      wrong: count,
      /** The first of them. */
      mismatches: z.array(
        z.strictObject({
          /** Operations done before. */
          operation: count,
          /** 'end': reading the drained tree. */
          by: z.enum(['get', 'scan', 'end']),
          /** As text or hexadecimal digits; of a key that is missing at the end, the record. */
          key: name,
          /** A value by its CRC-32, or 'nothing'. */
          expected: name,
          got: name,
        }),
      ),
      /** One key in so many is checked. */
      oneIn: z.int().positive(),
      /** Of the process, beside the engine's. */
      memoryBytes: bytes,
    })
    .nullable()
    .default(null),
  /** Entries from which a scan counts as long. */
  longScanEntriesMin: z.int().positive(),
})

/** Whether the sizes of files account for every byte moved. */
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
