/** Owns hand-made trees for the tests of universal compaction. A memtable has 10 bytes. */

import type { CompactionSpec, TreeView } from '../../../engine/compaction/strategy.ts'
import { validateSpec } from '../../../engine/compaction/validate-spec.ts'
import { parseVersion } from '../../../engine/version/text.ts'
import { printSpec } from '../../primitives/print-spec.ts'
import { universal } from '../universal.ts'

/** Runs of level 0 of these bytes, newest first: R1 is the newest. */
export function level0(...bytes: number[]): string {
  return ['L0', ...bytes.map((each, at) => `R${at + 1}: ${at + 1}[a,z] bytes=${each}`)].join('\n')
}

/** An oldest run so large that nothing is amplified, and no ratio spans the gap. */
export const LARGE = '\nL6\nR99: 99[a,z] bytes=100000'

export function viewOf(tree: string, more: Partial<TreeView> = {}): TreeView {
  return {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: null,
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
    ...more,
  }
}

/** A job that reads these runs of a level. */
export function running(runs: readonly number[], level = 0): CompactionSpec {
  return {
    kind: 'merge',
    inputs: runs.map((run) => ({ level, run, tables: 'all' })),
    outputs: [],
    nextState: null,
    reason: { trigger: '', formula: '', values: {} },
  }
}

/** What universal compaction picks, without the formula. The engine would accept it. */
export function pickOf(
  params: Record<string, unknown>,
  tree: string,
  more: Partial<TreeView> = {},
): string {
  const view = viewOf(tree, more)
  const spec = universal.create(params).pick(view)
  if (spec !== null) validateSpec({ ...view, retention: null }, spec)
  return printSpec(spec).replace(/ because .*/, '')
}
