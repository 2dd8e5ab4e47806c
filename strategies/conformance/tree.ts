/**
 * Owns the choice of the tree without bytes that rules are checked on, in one place: all that a
 * walk asks of one is here. Sizes are such that an engine of the smallest memtable counts the same.
 */

import type { CompactionStrategy } from '../../engine/compaction/strategy.ts'
import { contains } from '../../engine/version/key-range.ts'
import { tablesOf } from '../../engine/version/run.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { emptyTree, flush, keyBytes, type SteppedTree } from '../testing/stepper.ts'
import { MEMTABLE_ENTRIES } from './history.ts'

export { apply, brokenRecency, keyBytes, readAll, viewOf } from '../testing/stepper.ts'
export type Tree = SteppedTree

/** Raw bytes of an entry; eight of them are the smallest memtable the engine takes. */
export const ENTRY_BYTES = 512
export const MEMTABLE_BYTES = MEMTABLE_ENTRIES * ENTRY_BYTES

/** Late enough that no age reaches back to the epoch. */
export const START_MS = 1_000_000_000

export function startTree(strategy: CompactionStrategy): Tree {
  const sizes = { memtableBytes: MEMTABLE_BYTES, entryBytes: ENTRY_BYTES }
  return { ...emptyTree(strategy, sizes), nowMs: START_MS }
}

/** The newest run of level 0: `puts`, then tombstones of `deletes`. */
export function flushInto(
  tree: Tree,
  { puts, deletes }: { readonly puts: readonly number[]; readonly deletes: readonly number[] },
): Tree {
  return flush(tree, [...puts, ...deletes], new Set(deletes))
}

/** Those keys that some table's range holds: of others a flush drops the tombstones itself. */
export function covered(version: Version, keys: readonly number[]): readonly number[] {
  const tables = runsNewestFirst(version).flatMap(({ run }) => [...tablesOf(run)])
  return keys.filter((key) => tables.some((table) => contains(table, keyBytes(key))))
}
