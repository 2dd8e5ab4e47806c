/**
 * Owns the tree that a simulation starts from: the folder of a database, ours or RocksDB's, which
 * is only read. Its keys are replaced by positions (`strategies/simulator/found-tree.ts`).
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type FolderTree, Ledger, NodeStorage, readFolderTree } from '../../engine/index.ts'
import { insertPhase, type WriteShape } from '../../workloads/index.ts'
import { hashOfJson } from '../base/digest.ts'
import { formatBytes } from '../base/units.ts'
import { UsageError, usageOf } from '../base/usage-error.ts'
import type { MeanRecord } from './mean-record.ts'

export interface TreeSource {
  readonly folder: string
  readonly tree: FolderTree
  /** Of the tables' sizes, counts and key ranges. */
  readonly hash: string
  /** Mean entry of the tree. Later writes are taken to have this size, too. */
  readonly record: MeanRecord
}

/**
 * Throws `UsageError` if the folder is no database, is open, or is damaged, and if it holds range
 * deletions, which the simulator does not model.
 */
export function readTreeSource(folder: string): TreeSource {
  if (!existsSync(join(folder, 'CURRENT'))) {
    throw new UsageError(`--from: ${folder} is not a database: it has no CURRENT file`)
  }
  const tree = usageOf(() => readFolderTree(new NodeStorage(new Ledger()), folder))
  const { entries, tombstones, rangeDeletions } = tree.version.totals
  if (entries === 0) throw new UsageError(`--from: ${folder} has no tables yet`)
  if (rangeDeletions > 0) {
    const held = `${rangeDeletions} range deletions`
    throw new UsageError(`--from: ${folder} holds ${held}, which the simulator does not model`)
  }
  const tables = tree.version.levels.flatMap(({ runs }, level) =>
    runs.flatMap((run) =>
      run.chunks.flatMap((chunk) => chunk.tables.map((table) => ({ level, run: run.id, table }))),
    ),
  )
  const sum = (of: (table: (typeof tables)[number]['table']) => number) =>
    tables.reduce((total, { table }) => total + of(table), 0)
  const facts = tables.map(({ level, run, table }) => [
    level,
    run,
    table.id,
    table.bytes,
    table.entries,
    Buffer.from(table.smallest).toString('hex'),
    Buffer.from(table.largest).toString('hex'),
  ])
  return {
    folder,
    tree,
    hash: hashOfJson(facts),
    record: {
      keyBytes: sum(({ rawKeyBytes }) => rawKeyBytes) / entries,
      valueBytes: sum(({ rawValueBytes }) => rawValueBytes) / Math.max(entries - tombstones, 1),
    },
  }
}

/** No writes: the simulation does only what is due. */
export function nothingWritten(records: number): WriteShape {
  return {
    keys: { prefixBytes: 0, radix: 256 },
    insertOrder: 'hashed',
    records,
    load: insertPhase('load', records),
    phases: [],
  }
}

/** Lines about the tree: what it is, what is estimated or unknown, and its levels. */
export function describeSource({ folder, tree }: TreeSource): readonly string[] {
  const { source, version, strategy, estimatedTables } = tree
  const { tables, bytes, entries } = version.totals
  const maker = source === 'rocksdb' ? 'RocksDB' : 'varve'
  const lines = [
    `${folder}: ${tables} tables of ${maker}, ${formatBytes(bytes)}, ${entries} entries`,
    `  made under ${strategy ?? 'a strategy that its options do not name'}`,
  ]
  if (estimatedTables > 0) {
    lines.push(
      `  counts of ${estimatedTables} tables are estimated: their properties are not readable`,
    )
  }
  lines.push('  entries of different runs count as different keys; what they overwrite is unknown')
  const levels = version.levels.map(({ runs, totals }) => ({ ...totals, runs: runs.length }))
  return [...lines, ...levelLines(levels)]
}

/** A line for each level that holds something. */
export function levelLines(
  levels: readonly { readonly runs: number; readonly tables: number; readonly bytes: number }[],
): readonly string[] {
  return levels.flatMap(({ runs, tables, bytes }, level) =>
    runs === 0
      ? []
      : [
          `  L${level}: ${runs} ${runs === 1 ? 'run' : 'runs'}, ${tables} tables, ${formatBytes(bytes)}`,
        ],
  )
}
