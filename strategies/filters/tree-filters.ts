/**
 * Owns the use of filter allocation in a tree: which bits the outputs of a spec and the tables of a
 * flush get, from the sizes the runs will have once it is done. A strategy says how many bits a key
 * it wants to spend (`bitsPerKey` of its outputs); here they are divided among its runs.
 *
 * Sizes are known but approximately: a merge is taken to keep every entry, a flush to hold entries
 * of the tree's mean size. A table keeps the filter it was written with until it is rewritten, so
 * the tree's memory comes to the budget as its runs turn over.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type {
  CompactionSpec,
  FilterPolicy,
  MergeOutput,
  MergeSpec,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { falsePositiveRate } from '../../engine/table/filter.ts'
import { runsNewestFirst } from '../../engine/version/version.ts'
import { tablesIn } from '../specs.ts'
import type { FilterAllocation } from './filter-allocation.ts'
import { monkey } from './monkey.ts'
import { uniform } from './uniform.ts'

export const FILTER_ALLOCATIONS = { uniform, monkey } as const satisfies Record<
  string,
  FilterAllocation
>

export type FilterAllocationName = keyof typeof FILTER_ALLOCATIONS

/** The spec with its outputs' bits divided by `name`; what each output names is its budget. */
export function withAllocatedFilters<Spec extends CompactionSpec>(
  view: TreeView,
  spec: Spec,
  name: FilterAllocationName,
): Spec {
  if (name === 'uniform' || spec.kind !== 'merge') return spec
  const { runs, runOfOutput } = runsAfter(view, spec)
  const sizes = runs.map((entries) => Math.max(entries, 1))
  const outputs = spec.outputs.map((output, index): MergeOutput => {
    const { bitsPerKey } = output.filter
    const bits = FILTER_ALLOCATIONS[name](sizes, bitsPerKey, falsePositiveRate)
    return { ...output, filter: { bitsPerKey: bits[runOfOutput[index]!]! } }
  })
  return { ...spec, outputs }
}

/** The filter of the run a flush of a whole memtable is about to add. */
export function allocatedFlushFilter(
  view: TreeView,
  { bitsPerKey }: FilterPolicy,
  name: FilterAllocationName,
): FilterPolicy {
  const { entries, rawBytes } = view.version.totals
  if (name === 'uniform' || entries === 0) return { bitsPerKey }
  const flushed = Math.max(1, Math.round((view.memtableBytes * entries) / Math.max(rawBytes, 1)))
  const sizes = Array.from(runsNewestFirst(view.version), ({ run }) => run.totals.entries)
  const bits = FILTER_ALLOCATIONS[name]([flushed, ...sizes], bitsPerKey, falsePositiveRate)
  return { bitsPerKey: bits[0]! }
}

/** Entries of every run once the merge is done, and which of them each output is part of. */
function runsAfter(
  { version }: TreeView,
  { inputs, outputs }: MergeSpec,
): { readonly runs: readonly number[]; readonly runOfOutput: readonly number[] } {
  const left = new Map<string, number>()
  for (const { run } of runsNewestFirst(version)) left.set(`${run.id}`, run.totals.entries)
  const arriving = outputs.map(() => 0)
  for (const input of inputs) {
    for (const { entries, smallest } of tablesIn(version, input)) {
      left.set(`${input.run}`, left.get(`${input.run}`)! - entries)
      const next = outputs.findIndex(
        ({ fromKey }, at) => at > 0 && fromKey !== null && compareBytes(smallest, fromKey) < 0,
      )
      arriving[next === -1 ? outputs.length - 1 : next - 1]! += entries
    }
  }
  const names = outputs.map(({ place }, index) => {
    const name = 'run' in place ? `${place.run}` : `new ${place.level} after ${place.after}`
    left.set(name, (left.get(name) ?? 0) + arriving[index]!)
    return name
  })
  const rest = [...left].filter(([name, entries]) => entries > 0 || names.includes(name))
  return {
    runs: rest.map(([, entries]) => entries),
    runOfOutput: names.map((name) => rest.findIndex(([each]) => each === name)),
  }
}
