/**
 * Owns the division of a large merge into parts by key range, which can run beside each other
 * (RocksDB `max_subcompactions`, `CompactionJob::GenSubcompactionBoundaries`). Pure.
 *
 * Invariant: every user key lies in exactly one part, and a part reads every table that may hold
 * one of its keys. So the joined outcome of the parts holds the same entries as the undivided
 * merge; only the tables are cut at other keys.
 */

import { compareBytes } from '../base/compare.ts'
import type { SourceKeys } from '../compaction/merge-rules.ts'
import { rawBytes, rawBytesOfTables, type TableMeta } from '../version/table-meta.ts'
import type { JobOrder, JobOutcome } from './job-order.ts'

/** A key at which a merge may be divided. */
interface Border {
  readonly key: Uint8Array
  /** Estimate of the raw input bytes before it. */
  readonly bytesBefore: number
}

/**
 * Divides a merge into at most `partsMax` parts of about equal raw bytes, in key order. Borders are
 * first keys of input tables. No part is planned smaller than one output table. A flush, and a
 * merge that has to give one table (`targetTableBytes` null), stay whole.
 */
export function divide(order: JobOrder, partsMax: number): readonly JobOrder[] {
  const borders = bordersOf(order, partsMax)
  if (borders.length === 0) return [order]
  return [...borders, null].map((to, part) =>
    within(order, { from: borders[part - 1] ?? null, to }),
  )
}

/** The outcome of the whole merge, from those of its parts in the order of `divide`. */
export function joinOutcomes(outcomes: readonly JobOutcome[]): JobOutcome {
  const sum = (count: (outcome: JobOutcome) => number) =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0)
  return {
    written: outcomes.flatMap(({ written }) => written),
    sealed: outcomes.flatMap(({ sealed }) => sealed),
    dropped: {
      shadowed: sum(({ dropped }) => dropped.shadowed),
      tombstones: sum(({ dropped }) => dropped.tombstones),
    },
    movedBytes: sum(({ movedBytes }) => movedBytes),
  }
}

/** First keys of all parts except the first, ascending. */
function bordersOf({ source, destinations }: JobOrder, partsMax: number): readonly Uint8Array[] {
  if ('memtable' in source) return []
  let tableBytesMax = 0
  for (const { targetTableBytes } of destinations) {
    if (targetTableBytes === null) return []
    tableBytesMax = Math.max(tableBytesMax, targetTableBytes)
  }
  const tables = source.runs.flatMap((run) => run.tables)
  const totalBytes = rawBytesOfTables(tables)
  const parts = Math.min(partsMax, Math.floor(totalBytes / tableBytesMax))
  const possible = possibleBorders(tables)
  const chosen: Uint8Array[] = []
  let at = 0
  for (let part = 1; part < parts && at < possible.length; part++) {
    const wantedBytes = (totalBytes * part) / parts
    const distance = (index: number) => Math.abs(possible[index]!.bytesBefore - wantedBytes)
    while (at + 1 < possible.length && distance(at + 1) <= distance(at)) at++
    chosen.push(possible[at++]!.key)
  }
  return chosen
}

/**
 * The distinct first keys of tables, ascending, without the very first. A table that a border cuts
 * is counted as half before it, because its inside is unknown.
 */
function possibleBorders(tables: readonly TableMeta[]): readonly Border[] {
  const byStart = tables.toSorted((a, b) => compareBytes(a.smallest, b.smallest))
  const byEnd = tables.toSorted((a, b) => compareBytes(a.largest, b.largest))
  const borders: Border[] = []
  let startedBytes = 0
  let endedBytes = 0
  let ended = 0
  for (const [index, { smallest: key }] of byStart.entries()) {
    const previous = byStart[index - 1]
    if (previous === undefined) continue
    startedBytes += rawBytes(previous)
    if (compareBytes(previous.smallest, key) === 0) continue
    while (ended < byEnd.length && compareBytes(byEnd[ended]!.largest, key) < 0) {
      endedBytes += rawBytes(byEnd[ended++]!)
    }
    borders.push({ key, bytesBefore: (startedBytes + endedBytes) / 2 })
  }
  return borders
}

/**
 * The order with only the tables that may hold keys of the part. All destinations stay, so that the
 * outcome names them by the same indexes.
 */
function within(order: JobOrder, keys: SourceKeys): JobOrder {
  if ('memtable' in order.source) return order
  const { from, to } = keys
  const isIn = ({ smallest, largest }: TableMeta) =>
    (from === null || compareBytes(largest, from) >= 0) &&
    (to === null || compareBytes(smallest, to) < 0)
  const runs = order.source.runs
    .map(({ level, tables }) => ({ level, tables: tables.filter(isIn) }))
    .filter(({ tables }) => tables.length > 0)
  return { ...order, source: { runs }, keys }
}
