/**
 * Owns the last step of a job: from written (or moved) tables to the version edit that installs
 * them, and the facts that new tables inherit from those they replace. It is pure, so that engine
 * and simulator make the same edits with the same run ids in the same order.
 */

import type { RunId } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import type { NewRun, TablePlacement, VersionEdit } from '../version/version-edit.ts'
import type { ResolvedSpec } from './resolved-spec.ts'

/**
 * Facts that an output inherits from the inputs, because a merge cannot tell which entry was the
 * oldest.
 */
export interface Ancestry {
  readonly createdAtMs: number
  readonly oldestWriteAtMs: number
  readonly oldestTombstoneAtMs: number | null
}

export interface WrittenTable {
  /** Index of the output in the spec. */
  readonly destination: number
  readonly table: TableMeta
}

type AllocateRunId = () => RunId

/** The ancestry of tables merged at `nowMs`, taken from all inputs of the spec. */
export function ancestryOf({ inputs }: Pick<ResolvedSpec, 'inputs'>, nowMs: number): Ancestry {
  let oldestWriteAtMs = Number.POSITIVE_INFINITY
  let oldestTombstoneAtMs: number | null = null
  for (const table of inputs.flatMap((input) => input.tables)) {
    const { oldestTombstoneAtMs: tombstoneAtMs } = table
    oldestWriteAtMs = Math.min(oldestWriteAtMs, table.oldestWriteAtMs)
    if (tombstoneAtMs !== null) {
      oldestTombstoneAtMs = Math.min(oldestTombstoneAtMs ?? tombstoneAtMs, tombstoneAtMs)
    }
  }
  return { createdAtMs: nowMs, oldestWriteAtMs, oldestTombstoneAtMs }
}

/** Flushed tables become the newest run of level 0. There is no run if no entry survived. */
export function flushEdit(tables: readonly TableMeta[], allocate: AllocateRunId): VersionEdit {
  if (tables.length === 0) return { newRuns: [], removed: [], added: [] }
  const run = allocate()
  return {
    newRuns: [{ level: 0, run, after: null }],
    removed: [],
    added: tables.map((table) => ({ level: 0, run, table })),
  }
}

/**
 * Removes the inputs and adds `written`: the new tables of a merge in key order; empty for other
 * kinds.
 */
export function compactionEdit(
  resolved: ResolvedSpec,
  written: readonly WrittenTable[],
  allocate: AllocateRunId,
): VersionEdit {
  const removed = resolved.inputs.flatMap(({ level, run, tables }) =>
    tables.map((table) => ({ level, run: run.id, table })),
  )
  switch (resolved.spec.kind) {
    case 'drop':
      return { newRuns: [], removed, added: [] }
    case 'move': {
      const moved = removed.map(({ table }) => ({ destination: 0, table }))
      return { ...placed(resolved, moved, allocate), removed }
    }
    case 'merge':
      return { ...placed(resolved, written, allocate), removed }
  }
}

/** Places the outputs. Outputs that name the same new place share one new run. */
function placed(
  { outputs }: ResolvedSpec,
  tables: readonly WrittenTable[],
  allocate: AllocateRunId,
): { readonly newRuns: readonly NewRun[]; readonly added: readonly TablePlacement[] } {
  const newRuns: NewRun[] = []
  const added = tables.map(({ destination, table }) => {
    const { level, run, after } = outputs[destination]!
    if (run !== null) return { level, run: run.id, table }
    let place = newRuns.find((known) => known.level === level && known.after === after)
    if (place === undefined) {
      place = { level, run: allocate(), after }
      newRuns.push(place)
    }
    return { level, run: place.run, table }
  })
  return { newRuns, added }
}
