/**
 * Owns whole loads of a stepped tree: buffers are flushed one by one, and the tree comes to rest
 * after each. Entries weigh one byte.
 */
import type { CompactionSpec } from '../../engine/compaction/strategy.ts'
import type { StrategyModule } from '../define-strategy.ts'
import { emptyTree, load, type SteppedTree } from './stepper.ts'

/** The tree after the last buffer, and every spec that was applied. */
export function loadAll(
  module: StrategyModule,
  params: Readonly<Record<string, unknown>>,
  memtableBytes: number,
  buffers: readonly (readonly number[])[],
): { readonly tree: SteppedTree; readonly specs: readonly CompactionSpec[] } {
  const strategy = module.create(params)
  let tree = emptyTree(strategy, { memtableBytes, entryBytes: 1 })
  const specs: CompactionSpec[] = []
  for (const keys of buffers) {
    const step = load(tree, strategy, keys)
    tree = step.tree
    specs.push(...step.specs)
  }
  return { tree, specs }
}

/** `count` whole buffers of unique keys; every two of them overlap. */
export function uniqueBuffers(count: number, entries: number): number[][] {
  return Array.from({ length: count }, (_, buffer) =>
    Array.from({ length: entries }, (_, at) => at * count + buffer),
  )
}
