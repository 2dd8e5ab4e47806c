/**
 * Owns the use of filter allocation in a tree: the bits per key for the outputs of a spec and for
 * flushed tables. A strategy names its budget (`bitsPerKey` of its outputs), which is divided among
 * the runs here.
 *
 * A table keeps its filter until it is rewritten. So an output gets the bits that it should have
 * when the tree is fullest: beside all present runs, with the inputs of the merge, since runs of
 * their size will come again. Otherwise a merge of the whole tree would spend the whole budget on
 * one run, and the next runs would exceed it. Sizes are estimates: a merge is taken to keep every
 * entry, and a flush to hold entries of the tree's mean size.
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
import { tablesIn } from '../primitives/specs.ts'
import type { FilterAllocation } from './filter-allocation.ts'
import { monkey } from './monkey.ts'
import { uniform } from './uniform.ts'

export const FILTER_ALLOCATIONS = { uniform, monkey } as const satisfies Record<
  string,
  FilterAllocation
>

export type FilterAllocationName = keyof typeof FILTER_ALLOCATIONS

/** The spec with its outputs' filter bits, divided by `name`. Each output names its budget. */
export function withAllocatedFilters<Spec extends CompactionSpec>(
  view: TreeView,
  spec: Spec,
  name: FilterAllocationName,
): Spec {
  if (name === 'uniform' || spec.kind !== 'merge') return spec
  const { sizes, runOfOutput } = runsAtFullest(view, spec)
  const outputs = spec.outputs.map((output, index): MergeOutput => {
    const { bitsPerKey } = output.filter
    const bits = FILTER_ALLOCATIONS[name](sizes, bitsPerKey, falsePositiveRate)
    return { ...output, filter: { bitsPerKey: bits[runOfOutput[index]!]! } }
  })
  return { ...spec, outputs }
}

/** The filter of the run that the flush of a whole memtable adds. */
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

/**
 * `sizes`: entries of every present and every new run, each output run with the entries that it
 * gets from others. `runOfOutput`: for each output, the index of its run in `sizes`.
 */
function runsAtFullest(
  { version }: TreeView,
  { inputs, outputs }: MergeSpec,
): { readonly sizes: readonly number[]; readonly runOfOutput: readonly number[] } {
  const sizes = new Map<string, number>()
  for (const { run } of runsNewestFirst(version)) sizes.set(`${run.id}`, run.totals.entries)
  const names = outputs.map(({ place }) =>
    'run' in place ? `${place.run}` : `new ${place.level} after ${place.after}`,
  )
  const wholeRunOf = new Map(Array.from(runsNewestFirst(version), ({ run }) => [run.id, run]))
  for (const input of inputs) {
    if (input.tables === 'all' && names.length === 1) {
      // There is one output, so the run's total is enough.
      if (names[0] === `${input.run}`) continue
      const { entries } = wholeRunOf.get(input.run)!.totals
      sizes.set(names[0]!, (sizes.get(names[0]!) ?? 0) + entries)
      continue
    }
    for (const { entries, smallest } of tablesIn(version, input)) {
      const next = outputs.findIndex(
        ({ fromKey }, at) => at > 0 && fromKey !== null && compareBytes(smallest, fromKey) < 0,
      )
      const name = names[next === -1 ? outputs.length - 1 : next - 1]!
      if (name !== `${input.run}`) sizes.set(name, (sizes.get(name) ?? 0) + entries)
    }
  }
  for (const name of names) if (!sizes.has(name)) sizes.set(name, 1)
  const order = [...sizes.keys()]
  return { sizes: [...sizes.values()], runOfOutput: names.map((name) => order.indexOf(name)) }
}
