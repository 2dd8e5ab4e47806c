/** Owns what a simulation reports of each installed flush and compaction. */

import type { CompactionSpec, PickReason } from '../../engine/compaction/strategy.ts'
import { type RunId, tablesOf } from '../../engine/version/run.ts'
import { type Totals, totalsOf } from '../../engine/version/totals.ts'
import type { TablePlacement, VersionEdit } from '../../engine/version/version-edit.ts'
import { EvenRun, type StoredBytes, storedBytesOf } from './even-run.ts'
import type { PlacedRun } from './whole-runs.ts'

/** Tables of one run that an edit removed or added. */
export interface EventPart {
  readonly level: number
  readonly run: RunId
  readonly totals: Totals
  readonly stored: StoredBytes
}

/** An installed flush or compaction. */
export interface SimulatedEvent {
  readonly kind: 'flush' | CompactionSpec['kind']
  readonly removed: readonly EventPart[]
  readonly added: readonly EventPart[]
  /** The edit, table by table. Reading it opens whole runs, which is slow. */
  readonly edit: VersionEdit
  /** Null for a flush. */
  readonly reason: PickReason | null
}

/** A whole run as a part of an event. */
export function partOf({ level, run }: PlacedRun): EventPart {
  const stored = run instanceof EvenRun ? run.stored : storedBytesOf(tablesOf(run))
  return { level, run: run.id, totals: run.totals, stored }
}

/** The placements grouped by run, in the order of the edit. */
export function partsOf(placements: readonly TablePlacement[]): readonly EventPart[] {
  const parts: EventPart[] = []
  for (let from = 0; from < placements.length; ) {
    const { level, run } = placements[from]!
    let to = from + 1
    while (to < placements.length && placements[to]!.run === run) to++
    const tables = placements.slice(from, to).map(({ table }) => table)
    parts.push({ level, run, totals: totalsOf(tables), stored: storedBytesOf(tables) })
    from = to
  }
  return parts
}
