/**
 * Owns the difference between two versions, as data, and its application. The manifest stores edits
 * (their bytes: `manifest/version-edit-codec.ts`). Applying an edit is pure.
 *
 * Invariant: `applyEdit` first creates the new runs, then removes and adds tables, then drops runs
 * left empty. An edit that names an unknown run or table is a bug or damage, and throws.
 */

import { show } from '../base/arguments.ts'
import { assert, paranoid } from '../base/assert.ts'
import { invalidArgument } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { EMPTY_LEVEL, type Level } from './level.ts'
import { checkRun, editRun, type RunId, runOf } from './run.ts'
import type { SegmentsEdit } from './segment-meta.ts'
import type { TableMeta } from './table-meta.ts'
import { addTotals, subtractTotals } from './totals.ts'
import { checkVersion, type Version, versionOf } from './version.ts'

/**
 * A new, empty run in `level`, placed after (older than) run `after`. Null makes it the level's
 * newest.
 */
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

/** What one flush or compaction changes in the tree. What is left out stays as it is. */
export interface VersionEdit {
  /** Tables now hold everything in the WAL files below this number. */
  readonly logNumber?: number
  readonly nextFileNumber?: number
  readonly nextRunId?: number
  readonly lastSeq?: number
  /** Set only by a clean close: tables and logs durably hold all writes up to this one. */
  readonly loggedSeq?: number
  readonly newRuns: readonly NewRun[]
  readonly removed: readonly TablePlacement[]
  readonly added: readonly TablePlacement[]
  /** The strategy that made the edit, and its state after the edit. */
  readonly strategy?: { readonly name: string; readonly state: Json }
  /** Changes to segments of the value log. */
  readonly segments?: SegmentsEdit
}

export const EMPTY_EDIT: VersionEdit = { newRuns: [], removed: [], added: [] }

/** Throws `LSM_INVALID_ARGUMENT` if `edit` is not an edit. */
export function checkEdit(edit: VersionEdit): void {
  const lists = [edit?.newRuns, edit?.removed, edit?.added]
  if (!lists.every(Array.isArray)) throw invalidArgument(`expected an edit, not ${show(edit)}`)
}

/**
 * The version after `edit`; `version` itself does not change. An edit that names an unknown run or
 * table throws.
 */
export function applyEdit(version: Version, edit: VersionEdit): Version {
  checkVersion(version)
  checkEdit(edit)
  const levels: Level[] = [...version.levels]
  const changes = groupByRun(edit)
  /** Levels in which the edit leaves a run without tables. */
  const untidy = new Set<number>()
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
    if (!changes.has(run)) untidy.add(index)
  }
  for (const [id, { level: index, removed, added }] of changes) {
    const { runs, totals } = level(index)
    const at = runs.findIndex((run) => run.id === id)
    assert(at >= 0, `level ${index} has no run ${id}`)
    const before = runs[at]!
    const edited = editRun(before, removed, added)
    if (paranoid()) checkRun(edited)
    if (edited.totals.tables === 0) untidy.add(index)
    levels[index] = {
      runs: runs.with(at, edited),
      totals: addTotals(subtractTotals(totals, before.totals), edited.totals),
    }
  }
  return versionOf(levels.map((after, at) => (untidy.has(at) ? tidied(after) : after)))
}

interface RunChanges {
  readonly level: number
  readonly removed: TableMeta[]
  readonly added: TableMeta[]
}

/** A run number is used once in a tree, across all levels. */
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

/** The level without its empty runs. */
function tidied({ runs, totals }: Level): Level {
  return { runs: runs.filter((run) => run.totals.tables > 0), totals }
}
