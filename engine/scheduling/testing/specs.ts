/** Makes specs for trees in text form: runs and tables are named by their numbers. */

import { resolveSpec } from '../../compaction/resolved-spec.ts'
import type {
  CompactionSpec,
  DropSpec,
  InputSlice,
  MergeOutput,
  MergeSpec,
  MoveSpec,
  OutputPlace,
} from '../../compaction/strategy.ts'
import { tablesOf } from '../../version/run.ts'
import { runsNewestFirst, type Version } from '../../version/version.ts'
import { type PinnedSpec, pinSpec } from '../pinned-spec.ts'

const common = { nextState: null, reason: { trigger: 'test', formula: '', values: {} } }

/** The tables `ids` of run `id`; all of its tables if no ids are given. */
export function slice(tree: Version, id: number, ...ids: number[]): InputSlice {
  const { level, run } = runsNewestFirst(tree).find((placed) => placed.run.id === id)!
  if (ids.length === 0) return { level, run: id, tables: 'all' }
  return { level, run: id, tables: [...tablesOf(run)].filter((table) => ids.includes(table.id)) }
}

export function output(place: OutputPlace, fromKey: string | null = null): MergeOutput {
  return {
    place,
    fromKey: fromKey === null ? null : new TextEncoder().encode(fromKey),
    targetTableBytes: null,
    cutKeys: [],
    filter: { bitsPerKey: 10 },
  }
}

export function merge(inputs: readonly InputSlice[], ...outputs: MergeOutput[]): MergeSpec {
  return { kind: 'merge', inputs, outputs, ...common }
}

export function move(place: OutputPlace, ...inputs: InputSlice[]): MoveSpec {
  return { kind: 'move', inputs, place, ...common }
}

export function drop(...inputs: InputSlice[]): DropSpec {
  return { kind: 'drop', inputs, ...common }
}

export function pinned(tree: Version, spec: CompactionSpec): PinnedSpec {
  return pinSpec(tree, resolveSpec(tree, spec))
}
