/**
 * Owns the tree without bytes on which rules are checked: everything that a walk needs of it. Sizes
 * are chosen so that an engine with the smallest memtable counts the same.
 */

import type { CompactionStrategy } from '../../engine/compaction/strategy.ts'
import { contains } from '../../engine/version/key-range.ts'
import { tablesOf } from '../../engine/version/run.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { emptyTree, flush, keyBytes, type SteppedTree } from '../testing/stepper.ts'
import { MEMTABLE_ENTRIES } from './history.ts'

export { apply, brokenRecency, keyBytes, readAll, viewOf } from '../testing/stepper.ts'
export type Tree = SteppedTree

/** Raw bytes of an entry. Eight entries are the smallest memtable that the engine allows. */
export const ENTRY_BYTES = 512
export const MEMTABLE_BYTES = MEMTABLE_ENTRIES * ENTRY_BYTES

/** So late that no age reaches back to time 0. */
export const START_MS = 1_000_000_000

export function startTree(strategy: CompactionStrategy): Tree {
  const sizes = { memtableBytes: MEMTABLE_BYTES, entryBytes: ENTRY_BYTES }
  return { ...emptyTree(strategy, sizes), nowMs: START_MS }
}

/** Flushes a run of level 0 with `puts`, then tombstones of `deletes`; none if both are empty. */
export function flushInto(
  tree: Tree,
  { puts, deletes }: { readonly puts: readonly number[]; readonly deletes: readonly number[] },
): Tree {
  if (puts.length + deletes.length === 0) return tree
  return flush(tree, [...puts, ...deletes], new Set(deletes))
}

/** The keys in the range of some table. A flush itself drops the tombstones of other keys. */
export function covered(version: Version, keys: readonly number[]): readonly number[] {
  const tables = runsNewestFirst(version).flatMap(({ run }) => [...tablesOf(run)])
  return keys.filter((key) => tables.some((table) => contains(table, keyBytes(key))))
}
