/**
 * Owns FIFO: nothing is merged. The oldest tables are dropped once they are older than `ttl`, or
 * while the tree is larger than `max_table_files_size`. It suits a cache or a log with bounded disk
 * space: each byte is written once, and a lookup may have to ask every flush that is left.
 *
 * Trigger      file staleness; space amplification (here: the size of the tree)
 * Layout       tiering: every flush is a run of level 0
 * Granularity  single table
 * Movement     oldest
 *
 * The engine allows drops only under the database's own retention option: set `retentionMaxBytes`
 * to at most `max_table_files_size`, or `retentionMaxAgeMs` to at most 1000 · `ttl`. Without it the
 * engine refuses the first drop, and nothing is lost.
 *
 * One job at a time, as in RocksDB (`PickTTLCompaction`: "no need to schedule parallel
 * compactions"). Writers never wait: the number of tables is what was asked for (RocksDB,
 * `SanitizeCfOptions`).
 *
 * Source: RocksDB `db/compaction/compaction_picker_fifo.cc` (2026), with its option names and
 * without its optional merges in level 0 (`allow_compaction`). As there, drops by age come first if
 * they bring the tree within its size; otherwise drops by size. Deeper levels exist only if another
 * strategy left them. There the tables with the smallest keys go first, as in RocksDB, and a level
 * is dropped before the level above it, so a dropped table never uncovers an older version.
 */

import { z } from 'zod'
import type { DropSpec, InputSlice, PickReason, TreeView } from '../engine/compaction/strategy.ts'
import { tableAt, tablesOf } from '../engine/version/run.ts'
import type { TableMeta } from '../engine/version/table-meta.ts'
import { runsOldestFirst, type Version } from '../engine/version/version.ts'
import { defineStrategy } from './define-strategy.ts'
import { bitsPerKey } from './primitives/shared-parameters.ts'

const params = z.object({
  max_table_files_size: z
    .int()
    .min(1)
    .default(2 ** 30)
    .describe('Bytes of tables beyond which the oldest are dropped. RocksDB: 1 GB.'),
  ttl: z
    .number()
    .min(0)
    .default(30 * 24 * 60 * 60)
    .describe('Seconds after its writing that a table is dropped; 0: never. RocksDB: 30 days.'),
  bitsPerKey,
})

type Params = z.output<typeof params>

export const fifo = defineStrategy({
  name: 'fifo',
  description: 'Nothing merged, the oldest tables dropped by age or size (RocksDB FIFO)',
  params,
  primitives: {
    trigger: ['file staleness', 'space amplification'],
    layout: 'tiering',
    granularity: ['single table'],
    movement: ['oldest'],
  },
  drops: true,

  pick(view, values) {
    if (view.inProgress.length > 0) return null
    return pickExpired(view, values) ?? pickSurplus(view, values)
  },

  stallLimits: () => ({
    slowdownRuns: Number.POSITIVE_INFINITY,
    stopRuns: Number.POSITIVE_INFINITY,
  }),

  nextDueAt(view, { ttl }) {
    const oldest = runsOldestFirst(view.version).next().value
    if (ttl === 0 || oldest === undefined) return null
    return Math.max(view.nowMs, tableAt(oldest.run, 0).createdAtMs + ttl * 1000) + 1
  },
})

function pickExpired(view: TreeView, { ttl, max_table_files_size }: Params): DropSpec | null {
  if (ttl === 0) return null
  const isExpired = ({ createdAtMs }: TableMeta) => view.nowMs - createdAtMs > ttl * 1000
  const { inputs, bytes } = oldestWhile(view.version, isExpired)
  if (view.version.totals.bytes - bytes > max_table_files_size) return null
  return drop(view, inputs, {
    trigger: 'file staleness',
    formula: 'age > ttl',
    values: { bytes, ttl },
  })
}

function pickSurplus(view: TreeView, { max_table_files_size }: Params): DropSpec | null {
  const total = view.version.totals.bytes
  const { inputs } = oldestWhile(
    view.version,
    (_, dropped) => total - dropped > max_table_files_size,
  )
  return drop(view, inputs, {
    trigger: 'space amplification',
    formula: 'bytes > max_table_files_size',
    values: { bytes: total, max_table_files_size },
  })
}

function drop(view: TreeView, inputs: readonly InputSlice[], reason: PickReason): DropSpec | null {
  return inputs.length === 0 ? null : { kind: 'drop', inputs, nextState: view.state, reason }
}

/** Tables from the oldest run on, in key order within a run, while `wanted` holds. */
function oldestWhile(
  version: Version,
  wanted: (table: TableMeta, bytesBefore: number) => boolean,
): { readonly inputs: readonly InputSlice[]; readonly bytes: number } {
  const inputs: InputSlice[] = []
  let bytes = 0
  for (const { level, run } of runsOldestFirst(version)) {
    const tables: TableMeta[] = []
    for (const table of tablesOf(run)) {
      if (!wanted(table, bytes)) break
      tables.push(table)
      bytes += table.bytes
    }
    if (tables.length > 0) inputs.push({ level, run: run.id, tables })
    if (tables.length < run.totals.tables) break
  }
  return { inputs, bytes }
}
