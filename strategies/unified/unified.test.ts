import { describe, expect, test } from 'vitest'
import { compareBytes } from '../../engine/base/compare.ts'
import { tablesOf } from '../../engine/version/run.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { runsNewestFirst, shapeVector } from '../../engine/version/version.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { toHex } from '../primitives/round-robin.ts'
import { emptyTree, load, type SteppedTree } from '../testing/stepper.ts'
import type { Borders } from './shards.ts'
import { shardsOf } from './shards.ts'
import { unified } from './unified.ts'

/** The pick from a tree with memtables and tables of 100 bytes, and shards at these keys. */
function specOf(
  tree: string,
  borders: string,
  params: Record<string, unknown> = {},
  cursors: readonly number[] = [],
) {
  return unified.create({ base_shard_count: 1, ...params }).pick({
    version: parseVersion(tree),
    memtableBytes: 100,
    state: { borders: [...borders].map((key) => toHex(new TextEncoder().encode(key))), cursors },
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
  })
}

const flushes = (...runs: number[]) =>
  ['L0', ...runs.map((run) => `R${run}: ${run}[a,z] values=100`)].join('\n')

describe('overlap', () => {
  test.each([
    ['T4: three flushes rest', flushes(3, 2, 1), 'T4', 'nothing'],
    ['T4: four merge', flushes(4, 3, 2, 1), 'T4', 'L0 R4, L0 R3, L0 R2, L0 R1 -> L0 R1'],
    ['L10: two merge', flushes(2, 1), 'L10', 'L0 R2, L0 R1 -> L0 R1'],
    ['N: two merge', flushes(2, 1), 'N', 'L0 R2, L0 R1 -> L0 R1'],
  ])('%s', (_, tree, scaling, expected) => {
    const printed = printSpec(specOf(tree, '', { scaling_parameters: [scaling] }))
    expect(printed).toContain(expected)
  })

  const TREE = `
    L0
      R9: 9[a,z] values=100
      R8: 8[a,z] values=100
    L1
      R7: 71[a,f] values=150; 72[m,z] values=150
      R6: 61[a,f] values=150; 62[m,z] values=150
      R5: 51[a,f] values=150; 52[m,z] values=150`

  test('most overlapping runs first; of equally many the smallest level', () => {
    const twoOrMore = { scaling_parameters: ['T2', 'T3'] }
    expect(printSpec(specOf(TREE, 'm', twoOrMore))).toBe(
      'merge L1 R7 (tables 71), L1 R6 (tables 61), L1 R5 (tables 51) -> L1 R5 because ' +
        'overlap ≥ t',
    )
    const three = TREE.replace('R9:', 'R10: 10[a,z] values=100\nR9:')
    expect(printSpec(specOf(three, 'm', twoOrMore))).toMatch(/^merge L0 R10, L0 R9, L0 R8 -> L0 R8/)
  })

  test('buckets of a level take turns', () => {
    const spec = specOf(TREE, 'm', { scaling_parameters: ['T3'] })
    expect(spec?.nextState).toEqual({ borders: ['6d'], cursors: [0, 1] })
    expect(printSpec(specOf(TREE, 'm', { scaling_parameters: ['T3'] }, [0, 1]))).toMatch(
      /^merge L1 R7 \(tables 72\), /,
    )
  })

  test('if too many runs overlap, the oldest merge', () => {
    const most = { max_sstables_to_compact: 2, scaling_parameters: ['T3'] }
    expect(printSpec(specOf(flushes(5, 4, 3, 2, 1), '', most))).toMatch(
      /^merge L0 R3, L0 R2, L0 R1 -> /,
    )
  })

  test('cuts at every n-th border, by the density of the output', () => {
    const cutsOf = (growth: number) => {
      const spec = specOf(flushes(4, 3, 2, 1), 'cfimpsv', { sstable_growth: growth })
      return spec?.kind === 'merge' ? spec.outputs[0] : undefined
    }
    const keysOf = (keys: readonly Uint8Array[] = []) =>
      String.fromCharCode(...keys.flatMap((key) => [...key]))
    expect(keysOf(cutsOf(0)?.cutKeys)).toBe('fms')
    expect(cutsOf(0)?.targetTableBytes).toBe(200)
    expect(keysOf(cutsOf(0.5)?.cutKeys)).toBe('m')
    expect(cutsOf(1)?.cutKeys).toEqual([])
  })
})

describe('density', () => {
  test('the oldest tables of a bucket go to the level of their density, on what they overlap', () => {
    const tree = `
      L0
        R9: 9[a,z] values=400
      L1
        R8: 8[m,n] values=100
        R7: 7[a,c] values=100`
    expect(printSpec(specOf(tree, ''))).toBe('move L0 R9 -> L1 new because density ≥ limit')
    // Half of the bytes in half of the key space are as dense; the newest free run takes them.
    expect(printSpec(specOf(tree.replace('[a,z] values=400', '[b,f] values=200'), 'g'))).toMatch(
      /^move L0 R9 -> L1 R8 /,
    )
  })

  test('also under newer tables, which a flush may have put there since', () => {
    const tree = `
      L0
        R9: 9[a,z] values=100
        R8: 8[a,m] values=200; 7[n,z] values=200`
    expect(printSpec(specOf(tree, 'n'))).toMatch(/^move L0 R8 -> L1 new /)
  })

  test('not past a level that they overlap', () => {
    const tree = `
      L0
        R9: 9[a,z] values=2000
      L2
        R8: 8[m,n] values=100`
    expect(printSpec(specOf(tree, ''))).toMatch(/^move L0 R9 -> L2 new /)
    expect(printSpec(specOf(tree.replace('L2', 'L1'), ''))).toMatch(/^move L0 R9 -> L1 new /)
  })

  test('of less dense tables, they stay', () => {
    expect(specOf('L0\nR9: 9[a,z] values=309', '')).toBeNull()
    expect(specOf('L1\nR9: 9[a,z] values=50', '')).toBeNull()
  })

  test('no table is denser than the tree has bytes', () => {
    // A sixteenth of the key space: 300 · 16 would be the density of level 3.
    expect(specOf('L0\nR9: 9[a,b] values=300', 'cdefghijklmnopq')).toBeNull()
  })

  test('neighbours move together', () => {
    const tree = 'L0\nR9: 1[a,c] values=200; 2[d,f] values=200; 3[g,h] values=50; 4[i,k] values=200'
    expect(printSpec(specOf(tree, 'dgi'))).toMatch(/^move L0 R9 \(tables 1, 2\) -> L1 new/)
  })
})

test('tables sink if a level has more runs than overlap', () => {
  const tree = `
    L0
      R3: 3[a,c] values=50
      R2: 2[x,z] values=50
      R1: 1[m,n] values=50`
  expect(printSpec(specOf(tree, 'mx'))).toBe('move L0 R3 -> L0 R1 because runs > overlap')
})

describe('a load of unique keys', () => {
  const ENTRIES = 64

  function loaded(params: Record<string, unknown>, buffers: number): SteppedTree {
    const strategy = unified.create(params)
    let tree = emptyTree(strategy, { memtableBytes: ENTRIES, entryBytes: 1 })
    for (let at = 0; at < buffers; at++) {
      const keys = Array.from(
        { length: ENTRIES },
        (_, index) => Math.imul(ENTRIES * at + index, 0x9e3779b1) >>> 0,
      )
      tree = load(tree, strategy, keys).tree
    }
    return tree
  }

  test('T4 copies each buffer once a level, as tiering does', () => {
    const tree = loaded({}, 64)
    expect(tree.writtenBytes).toBe(64 * ENTRIES * 4)
    expect(shapeVector(tree.version)).toEqual([0, 0, 0, 1])
  })

  test('L4 rests with one run a level, N in powers of two', () => {
    const leveled = loaded({ scaling_parameters: ['L4'] }, 45)
    expect(Math.max(...shapeVector(leveled.version))).toBe(1)
    expect(shapeVector(loaded({ scaling_parameters: ['N'] }, 21).version)).toEqual([1, 0, 1, 0, 1])
  })

  test('no table of a level below 0 crosses a border', () => {
    const tree = loaded({ sstable_growth: 0 }, 60)
    const { keys } = shardsOf((tree.state as { borders: Borders }).borders)
    expect(keys).toHaveLength(15)
    const deepest = runsNewestFirst(tree.version).filter(({ level }) => level === 2)
    for (const { smallest, largest } of deepest.flatMap(({ run }) => [...tablesOf(run)])) {
      const crossed = keys.filter(
        (key) => compareBytes(smallest, key) < 0 && compareBytes(key, largest) <= 0,
      )
      expect(crossed).toEqual([])
    }
  })
})
