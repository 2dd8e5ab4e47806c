/**
 * Owns resolving a strategy's spec against the tree: slices become tables, places become positions
 * in the recency order. Invariant: a resolved spec refers only to runs and tables of the version
 * that it was resolved against.
 *
 * Positions: run i of the order, newest first, has position i. A new run has the position half-way
 * between its neighbours. A smaller position is newer.
 */

import { compareBytes } from '../base/compare.ts'
import { LsmError } from '../base/errors.ts'
import { indexOfTable, type Run, type RunId, sliceTables, tablesOf } from '../version/run.ts'
import type { TableId, TableMeta } from '../version/table-meta.ts'
import type { Version } from '../version/version.ts'
import { levelAt } from '../version/version.ts'
import type {
  CompactionSpec,
  FilterPolicy,
  InputSlice,
  OutputPlace,
  SoftCuts,
  TableRef,
} from './strategy.ts'

/**
 * A strategy can break `form` and `view` whatever the tree is (`strategy-answers.ts`,
 * `shown-tree.ts`).
 */
export type SafetyRule =
  | 'form'
  | 'view'
  | 'place-exists'
  | 'inputs-exist'
  | 'inputs-contiguous'
  | 'inputs-free'
  | 'outputs-ordered'
  | 'recency'
  | 'destination-disjoint'
  | 'drop-retention'
  | 'drop-oldest'
  | 'progress'

export interface ResolvedInput {
  readonly level: number
  readonly run: Run
  readonly position: number
  readonly tables: readonly TableMeta[]
}

export interface ResolvedOutput {
  readonly level: number
  readonly position: number
  /** The existing run that the output joins, or null for a new run after `after`. */
  readonly run: Run | null
  readonly after: number | null
  readonly fromKey: Uint8Array | null
  /** First key of the next output; null for the last output. */
  readonly toKey: Uint8Array | null
  readonly targetTableBytes: number | null
  readonly cutKeys: readonly Uint8Array[]
  readonly softCuts: SoftCuts | null
  readonly filter: FilterPolicy | null
}

export interface ResolvedSpec {
  readonly spec: CompactionSpec
  readonly inputs: readonly ResolvedInput[]
  readonly inputIds: ReadonlySet<TableId>
  readonly outputs: readonly ResolvedOutput[]
}

export function unsafe(
  rule: SafetyRule,
  message: string,
  tables: readonly { readonly id: TableId }[] = [],
): LsmError {
  const ids = tables.map((table) => table.id)
  const shown = ids.length > 8 ? `${ids.slice(0, 8).join(', ')} and ${ids.length - 8} more` : ids
  const named = ids.length === 0 ? '' : ` (tables ${shown})`
  return new LsmError(
    'LSM_UNSAFE_COMPACTION',
    `unsafe compaction, rule ${rule}: ${message}${named}`,
    { data: { rule, tables: ids } },
  )
}

/**
 * Throws `LSM_UNSAFE_COMPACTION` if the spec names runs or tables that the version does not hold.
 */
export function resolveSpec(version: Version, spec: CompactionSpec): ResolvedSpec {
  if (spec.inputs.length === 0) throw unsafe('inputs-exist', 'no inputs are named')
  const inputs = spec.inputs.map((slice) => resolveSlice(version, slice))
  const inputIds = new Set<TableId>()
  for (const { tables } of inputs) {
    for (const table of tables) {
      if (inputIds.has(table.id)) throw unsafe('inputs-exist', 'a table is named twice', [table])
      inputIds.add(table.id)
    }
  }
  return { spec, inputs, inputIds, outputs: resolveOutputs(version, spec) }
}

/** A run of a level and its position in the recency order; null if the level has no such run. */
function findRun(
  version: Version,
  level: number,
  id: RunId,
): { readonly run: Run; readonly position: number } | null {
  const { runs } = levelAt(version, level)
  const at = runs.findIndex((run) => run.id === id)
  return at < 0 ? null : { run: runs[at]!, position: runsAbove(version, level) + at }
}

function runsAbove({ levels }: Version, level: number): number {
  return levels.slice(0, level).reduce((count, { runs }) => count + runs.length, 0)
}

function resolveSlice(version: Version, { level, run: id, tables }: InputSlice): ResolvedInput {
  const known = findRun(version, level, id)
  if (known === null) throw unsafe('inputs-exist', `level ${level} has no run ${id}`)
  const { run } = known
  return {
    level,
    ...known,
    tables: tables === 'all' ? [...tablesOf(run)] : resolveTables(run, tables),
  }
}

function resolveTables(run: Run, refs: readonly TableRef[]): readonly TableMeta[] {
  const first = refs[0]
  if (first === undefined) throw unsafe('inputs-exist', `an empty slice of run ${run.id}`)
  const from = indexOfTable(run, first)
  const tables = from < 0 ? [] : sliceTables(run, from, from + refs.length)
  const isRef = (table: TableMeta, at: number) => isSame(table, refs[at]!)
  if (tables.length === refs.length && tables.every(isRef)) return tables
  const missing = refs.filter((ref) => indexOfTable(run, ref) < 0)
  if (missing.length > 0) throw unsafe('inputs-exist', `run ${run.id} lacks tables`, missing)
  throw unsafe('inputs-contiguous', `the slice of run ${run.id} has gaps or is unsorted`, refs)
}

/** Matched by id and key; usually it is the same object. */
function isSame(table: TableMeta, ref: TableRef): boolean {
  if (table === ref) return true
  return table.id === ref.id && compareBytes(table.smallest, ref.smallest) === 0
}

function resolveOutputs(version: Version, spec: CompactionSpec): readonly ResolvedOutput[] {
  switch (spec.kind) {
    case 'drop':
      return []
    case 'move':
      return [
        {
          ...resolvePlace(version, spec.place),
          fromKey: null,
          toKey: null,
          targetTableBytes: null,
          cutKeys: [],
          softCuts: null,
          filter: null,
        },
      ]
    case 'merge':
      return spec.outputs.map((output, index) => ({
        ...resolvePlace(version, output.place),
        fromKey: output.fromKey,
        toKey: spec.outputs[index + 1]?.fromKey ?? null,
        targetTableBytes: output.targetTableBytes,
        cutKeys: output.cutKeys,
        softCuts: output.softCuts ?? null,
        filter: output.filter,
      }))
  }
}

function resolvePlace(
  version: Version,
  place: OutputPlace,
): Pick<ResolvedOutput, 'level' | 'position' | 'run' | 'after'> {
  const { level } = place
  const wanted = 'run' in place ? place.run : place.after
  if (wanted === null) {
    return { level, position: runsAbove(version, level) - 0.5, run: null, after: null }
  }
  const known = findRun(version, level, wanted)
  if (known === null) {
    throw unsafe('place-exists', `level ${level} has no run ${wanted} to write to or after`)
  }
  if ('run' in place) return { level, ...known, after: null }
  return { level, position: known.position + 0.5, run: null, after: place.after }
}

/** Deeper trees are refused. The ledger has as many rows. */
export const LEVEL_MAX = 62
