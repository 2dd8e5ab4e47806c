import { describe, expect, test } from 'vitest'
import type { CompactionSpec, InputSlice, TreeView } from '../engine/compaction/strategy.ts'
import { validateSpec } from '../engine/compaction/validate-spec.ts'
import { tablesOf } from '../engine/version/run.ts'
import { parseVersion } from '../engine/version/text.ts'
import { levelAt, type Version } from '../engine/version/version.ts'
import { STRATEGIES } from './catalog.ts'
import { placesOf, tablesIn } from './primitives/specs.ts'
import { type Decision, ESTIMATED_BYTES, LEVEL_DECISIONS } from './testing/rocksdb-decisions.ts'
import { UNIVERSAL_DECISIONS } from './testing/rocksdb-universal-decisions.ts'

type Situation = Pick<Decision, 'tree' | 'cursors' | 'running' | 'memtableBytes' | 'nowMs'>

function viewOf({ tree, cursors, running, memtableBytes, nowMs }: Situation): TreeView {
  const version = parseVersion(tree)
  return {
    version,
    memtableBytes: memtableBytes ?? 67_108_864,
    state: { cursors: (cursors ?? []).map((key) => key && Buffer.from(key).toString('hex')) },
    inProgress: (running ?? []).map((job) => jobOf(version, job)),
    oldestSnapshotSeq: Number.MAX_SAFE_INTEGER,
    nowMs: nowMs ?? 0,
    tableStats: () => ({ reads: 0 }),
  }
}

/** A running merge of tables of a level into the oldest of them, or into the run of another. */
function jobOf(
  version: Version,
  { level, tables, to }: NonNullable<Decision['running']>[number],
): CompactionSpec {
  const inputs = levelAt(version, level).runs.flatMap((run): InputSlice[] => {
    const taken = [...tablesOf(run)].filter(({ id }) => tables.includes(id))
    return taken.length === 0 ? [] : [{ level, run: run.id, tables: taken }]
  })
  const joined = to === level ? inputs.at(-1)?.run : levelAt(version, to).runs.at(-1)?.id
  const place = joined === undefined ? { level: to, after: null } : { level: to, run: joined }
  const output = { fromKey: null, targetTableBytes: null, cutKeys: [], filter: { bitsPerKey: 0 } }
  return {
    kind: 'merge',
    inputs,
    outputs: [{ ...output, place }],
    nextState: null,
    reason: { trigger: '', formula: '', values: {} },
  }
}

/** A pick in the form of `Decision.picks`. Tables of level 0 are in the order of their numbers. */
function printed({ version }: TreeView, spec: CompactionSpec | null): string {
  if (spec === null) return 'nothing'
  const tables = new Map<number, number[]>()
  for (const slice of spec.inputs) {
    const ids = tablesIn(version, slice).map(({ id }) => id)
    tables.set(slice.level, [...(tables.get(slice.level) ?? []), ...ids])
  }
  tables.get(0)?.sort((a, b) => a - b)
  const inputs = [...tables].map(([level, ids]) => `L${level} ${ids.join(' ')}`).join(' + ')
  return `${spec.kind} ${inputs} -> L${placesOf(spec)[0]!.level}`
}

describe('the decisions of RocksDB’s picker tests', () => {
  test.each([...LEVEL_DECISIONS, ...UNIVERSAL_DECISIONS])('$test', (decision) => {
    const view = viewOf(decision)
    const spec = STRATEGIES.get(decision.strategy)!.create(decision.params).pick(view)
    if (spec !== null) validateSpec({ ...view, retention: null }, spec)
    expect(printed(view, spec)).toBe(decision.ours?.picks ?? decision.picks)
  })

  test.each(ESTIMATED_BYTES)('$test', ({ strategy, params, tree, bytes }) => {
    const view = viewOf({ tree })
    expect(STRATEGIES.get(strategy)!.create(params).debtBytes(view)).toBe(bytes)
  })

  test('where ours differs, it does', () => {
    for (const { picks, ours, test: name } of [...LEVEL_DECISIONS, ...UNIVERSAL_DECISIONS]) {
      expect(ours?.picks, name).not.toBe(picks)
    }
  })
})
