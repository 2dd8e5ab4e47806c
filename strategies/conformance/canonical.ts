/**
 * Owns a text form of trees and picks without the numbers of tables and runs: runs are named by
 * their place, tables by their keys. Two trees with the same data have equal texts.
 */

import type { CompactionSpec, MergeOutput, OutputPlace } from '../../engine/compaction/strategy.ts'
import { type Run, tablesOf } from '../../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt, runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { tablesIn } from '../primitives/specs.ts'
import { numberIn } from './engine-run.ts'

export function printCanonical(version: Version): string {
  const lines = runsNewestFirst(version).map(({ level, run }) => {
    return `L${level}: ${[...tablesOf(run)].map(canonicalTable).join('; ')}`
  })
  return lines.join('\n')
}

export function printCanonicalSpec(version: Version, spec: CompactionSpec | null): string {
  if (spec === null) return 'nothing'
  const inputs = spec.inputs.map((slice) => {
    const keys = tablesIn(version, slice).map(keysOf).join('')
    return `L${slice.level}#${placeOf(levelAt(version, slice.level).runs, slice.run)}${keys}`
  })
  return `${spec.kind} ${inputs.join(', ')} -> ${outputsOf(version, spec).join(', ')}`
}

function outputsOf(version: Version, spec: CompactionSpec): readonly string[] {
  const place = (one: OutputPlace) => {
    const { runs } = levelAt(version, one.level)
    if ('run' in one) return `L${one.level}#${placeOf(runs, one.run)}`
    return `L${one.level} after #${one.after === null ? 'none' : placeOf(runs, one.after)}`
  }
  if (spec.kind === 'drop') return []
  if (spec.kind === 'move') return [place(spec.place)]
  return spec.outputs.map((output) => {
    const from = output.fromKey === null ? '' : ` from ${numberIn(output.fromKey)}`
    const cuts = output.cutKeys.map((key) => ` cut ${numberIn(key)}`).join('')
    const soft = softCutsOf(output)
    return `${place(output.place)}${from}${cuts}${soft} by ${output.targetTableBytes}`
  })
}

function softCutsOf({ softCuts }: MergeOutput): string {
  if (softCuts == null) return ''
  const { keys, overlapBytes, endsFrom, overlapBytesMax, skippedBytesMin } = softCuts
  const borders = keys.map((key, at) => ` ${numberIn(key)}+${overlapBytes[at]}B`).join('')
  return ` soft${borders} from ${endsFrom.join('/')} max ${overlapBytesMax}/${skippedBytesMin}`
}

function placeOf(runs: readonly Run[], id: number): number {
  return runs.findIndex((run) => run.id === id)
}

function canonicalTable(table: TableMeta): string {
  const { entries, tombstones, seqMin, seqMax } = table
  const times = [table.createdAtMs, table.oldestWriteAtMs, table.oldestTombstoneAtMs].join('/')
  const seqs = `${seqMin}-${seqMax}`
  return `${keysOf(table)} ${entries}-${tombstones} ${rawBytes(table)}B seq=${seqs} at=${times}`
}

function keysOf({ smallest, largest }: TableMeta): string {
  return `[${numberIn(smallest)},${numberIn(largest)}]`
}
