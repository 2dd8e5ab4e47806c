import { describe, expect, test } from 'vitest'
import { tablesOf } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import { parseVersion } from '../version/text.ts'
import { ancestryOf, compactionEdit, flushEdit } from './placement.ts'
import { resolveSpec } from './resolved-spec.ts'
import type { CompactionSpec, OutputPlace } from './strategy.ts'

const TREE = parseVersion(`
L0
  R9: 90[a,m] written=30; 91[n,z] written=10
  R8: 80[c,e] written=20
L1
  R5: 50[a,z] written=25
`)
const [fresh, second] = [
  ...tablesOf(parseVersion('L0\n  R1: 100[a,c]; 101[d,z]').levels[0]!.runs[0]!),
]
const common = { nextState: null, reason: { trigger: 'test', formula: '', values: {} } }
const inputs = [9, 8].map((run) => ({ level: 0, run, tables: 'all' as const }))

function mergeTo(...places: OutputPlace[]): CompactionSpec {
  const keys = [null, new TextEncoder().encode('d')]
  const outputs = places.map((place, index) => ({
    place,
    fromKey: keys[index]!,
    targetTableBytes: null,
    cutKeys: [],
    filter: { bitsPerKey: 10 },
  }))
  return { kind: 'merge', inputs, outputs, ...common }
}

function runIds(first: number): () => number {
  let next = first
  return () => next++
}

describe('what outputs inherit', () => {
  test('the oldest write and the oldest tombstone of all inputs', () => {
    const resolved = resolveSpec(TREE, mergeTo({ level: 1, after: null }))
    const [first, ...rest] = resolved.inputs[0]!.tables as [TableMeta, TableMeta]
    const withTombstones = {
      ...resolved,
      inputs: [
        { ...resolved.inputs[0]!, tables: [{ ...first, oldestTombstoneAtMs: 12 }, ...rest] },
        resolved.inputs[1]!,
      ],
    }
    const ancestry = { createdAtMs: 99, oldestWriteAtMs: 10, oldestTombstoneAtMs: null }
    expect(ancestryOf(resolved, 99)).toEqual(ancestry)
    expect(ancestryOf(withTombstones, 99)).toEqual({ ...ancestry, oldestTombstoneAtMs: 12 })
  })
})

describe('edits', () => {
  const written = [
    { destination: 0, table: fresh! },
    { destination: 1, table: second! },
  ]

  test('outputs that name the same new place share one new run', () => {
    const place = { level: 1, after: 5 }
    const edit = compactionEdit(resolveSpec(TREE, mergeTo(place, place)), written, runIds(10))
    expect(edit.newRuns).toEqual([{ level: 1, run: 10, after: 5 }])
    expect(edit.added.map(({ run, table }) => [run, table.id])).toEqual([
      [10, 100],
      [10, 101],
    ])
    expect(edit.removed.map(({ table }) => table.id)).toEqual([90, 91, 80])
  })

  test('different new places get different runs; existing runs keep their ids', () => {
    const spec = mergeTo({ level: 1, run: 5 }, { level: 2, after: null })
    const edit = compactionEdit(resolveSpec(TREE, spec), written, runIds(10))
    expect(edit.newRuns).toEqual([{ level: 2, run: 10, after: null }])
    expect(edit.added.map(({ level, run }) => [level, run])).toEqual([
      [1, 5],
      [2, 10],
    ])
  })

  test('a move adds the tables it removes; a drop adds none; neither uses written tables', () => {
    const move = { kind: 'move', inputs, place: { level: 2, after: null }, ...common } as const
    const moved = compactionEdit(resolveSpec(TREE, move), [], runIds(10))
    expect(moved.added.map(({ table }) => table)).toEqual(moved.removed.map(({ table }) => table))
    const drop = { kind: 'drop', inputs, ...common } as const
    const dropped = compactionEdit(resolveSpec(TREE, drop), [], runIds(10))
    expect(dropped).toMatchObject({ newRuns: [], added: [] })
    expect(dropped.removed).toHaveLength(3)
  })

  test('a flush without surviving entries uses no run id', () => {
    const next = runIds(10)
    expect(flushEdit([], next)).toEqual({ newRuns: [], removed: [], added: [] })
    expect(flushEdit([fresh!], next).newRuns).toEqual([{ level: 0, run: 10, after: null }])
  })
})
