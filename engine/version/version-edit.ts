/**
 * Owns the difference between two versions, as data, and its application. An edit is what the
 * manifest stores (bytes: `manifest/version-edit-codec.ts`); applying it is pure.
 *
 * Invariant: `applyEdit` first creates the new runs, then removes and adds tables, then forgets
 * runs left empty. An edit that names an unknown run or table is a bug or damage and throws.
 */

import { assert, paranoid } from '../base/assert.ts'
import type { Json } from '../base/json.ts'
import { EMPTY_LEVEL, type Level, levelOf } from './level.ts'
import { checkRun, editRun, type RunId, runOf } from './run.ts'
import type { SegmentsEdit } from './segment-meta.ts'
import type { TableMeta } from './table-meta.ts'
import { type Version, versionOf } from './version.ts'

/** A new, empty run in `level`, next older than run `after`; null: the newest of the level. */
export interface NewRun {
  readonly level: number
  readonly run: RunId
  readonly after: RunId | null
}

export interface TablePlacement {
  readonly level: number
  readonly run: RunId
  readonly table: TableMeta
}

export interface VersionEdit {
  /** All WAL files below this number are superseded by tables. */
  readonly logNumber?: number
  readonly nextFileNumber?: number
  readonly nextRunId?: number
  readonly lastSeq?: number
  readonly newRuns: readonly NewRun[]
  readonly removed: readonly TablePlacement[]
  readonly added: readonly TablePlacement[]
  /** The strategy that made the edit, and its state after it. */
  readonly strategy?: { readonly name: string; readonly state: Json }
  /** What became of segments of the value log. */
  readonly segments?: SegmentsEdit
}

export const EMPTY_EDIT: VersionEdit = { newRuns: [], removed: [], added: [] }

export function applyEdit(version: Version, edit: VersionEdit): Version {
  const levels: Level[] = [...version.levels]
  const level = (index: number) => {
    while (levels.length <= index) levels.push(EMPTY_LEVEL)
    return levels[index]!
  }
  for (const { level: index, run, after } of edit.newRuns) {
    const runs = [...level(index).runs]
    const at = after === null ? 0 : runs.findIndex((other) => other.id === after) + 1
    assert(after === null || at > 0, `level ${index} has no run ${after}`)
    runs.splice(at, 0, runOf(run, []))
    levels[index] = { runs, totals: level(index).totals }
  }
  for (const [id, changes] of groupByRun(edit)) {
    const { level: index } = changes
    const { runs, totals } = level(index)
    const at = runs.findIndex((run) => run.id === id)
    assert(at >= 0, `level ${index} has no run ${id}`)
    const edited = editRun(runs[at]!, changes.removed, changes.added)
    if (paranoid()) checkRun(edited)
    levels[index] = { runs: runs.with(at, edited), totals }
  }
  return versionOf(
    levels.map((after, at) => (after === version.levels[at] ? after : tidied(after))),
  )
}

interface RunChanges {
  readonly level: number
  readonly removed: TableMeta[]
  readonly added: TableMeta[]
}

/** A run's number is given once in a tree, whatever its level. */
function groupByRun(edit: VersionEdit): ReadonlyMap<RunId, RunChanges> {
  const groups = new Map<RunId, RunChanges>()
  const group = ({ level, run }: TablePlacement) => {
    const known = groups.get(run)
    if (known !== undefined) {
      assert(known.level === level, `run ${run} is in levels ${known.level} and ${level}`)
      return known
    }
    const fresh = { level, removed: [], added: [] }
    groups.set(run, fresh)
    return fresh
  }
  for (const placement of edit.removed) group(placement).removed.push(placement.table)
  for (const placement of edit.added) group(placement).added.push(placement.table)
  return groups
}

/** An edited level without runs left empty, with its totals. */
function tidied({ runs }: Level): Level {
  return levelOf(runs.filter(({ totals }) => totals.tables > 0))
}
