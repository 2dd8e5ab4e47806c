import { describe, expect, test } from 'vitest'
import { pickOf, running } from './testing/trees.ts'

const DENSE = 'entries=4 tombstones=2'

/** So many runs are allowed that no other rule is due. */
const PARAMS = { deletion_ratio: 0.5, level0_file_num_compaction_trigger: 9 }

const pick = (tree: string, params = {}) => pickOf({ ...PARAMS, ...params }, tree)

/** RocksDB `PickDeleteTriggeredCompaction` with several levels. */
describe('a table with many tombstones', () => {
  const UPPER = `L4\nR4: 1[a,c]; 2[e,g] ${DENSE}; 3[i,k]`

  test('merges with those it overlaps in the next run that is not empty', () => {
    expect(pick(`${UPPER}\nL6\nR6: 4[a,b]; 5[f,h]; 6[j,l]`)).toBe(
      'merge L4 R4 (tables 2), L6 R6 (tables 5) -> L6 R6',
    )
  })

  test('takes neighbours along that read no further table', () => {
    expect(pick(`${UPPER}\nL6\nR6: 5[b,h]; 6[j,l]`)).toBe(
      'merge L4 R4 (tables 1, 2), L6 R6 (tables 5) -> L6 R6',
    )
    expect(pick(`${UPPER}\nL6\nR6: 5[b,j]; 6[k,l]`), 'table 3 would read 6').toBe(
      'merge L4 R4 (tables 2), L6 R6 (tables 5) -> L6 R6',
    )
    expect(pick(`${UPPER}\nL6\nR6: 5[a,j]; 6[k,l]`), 'table 1 lies within').toBe(
      'merge L4 R4 (tables 1, 2), L6 R6 (tables 5) -> L6 R6',
    )
    const narrow = { max_compaction_bytes: 1 }
    expect(pick(`${UPPER}\nL6\nR6: 5[b,h]; 6[j,l]`, narrow), 'beyond the bytes').toBe(
      'merge L4 R4 (tables 2), L6 R6 (tables 5) -> L6 R6',
    )
  })

  test('moves where it overlaps nothing', () => {
    expect(pick(`${UPPER}\nL6\nR6: 4[a,b]; 6[j,l]`)).toBe('move L4 R4 (tables 2) -> L6 R6')
  })

  test('stays in the oldest run, and where it has too few', () => {
    expect(pick(UPPER)).toBe('nothing')
    expect(pick(`${UPPER}\nL6\nR6: 4[a,z]`, { deletion_ratio: 0.6 })).toBe('nothing')
  })

  test('of level 0 takes the runs along that it overlaps, directly or through others', () => {
    const level0 = 'L0\nR3: 1[a,c]\nR2: 2[m,p]'
    expect(pick(`${level0}\nR1: 3[b,e] ${DENSE}\nL6\nR6: 4[a,b]; 5[d,h]; 6[n,z]`)).toBe(
      'merge L0 R3, L0 R1, L6 R6 (tables 4, 5) -> L6 R6',
    )
    expect(pick(`${level0}\nR1: 3[b,e] ${DENSE}\nL6\nR6: 4[a,z]`), 'reads no more').toBe(
      'merge L0 R3, L0 R2, L0 R1, L6 R6 (tables 4) -> L6 R6',
    )
    expect(pick(`${level0}\nR1: 3[b,e] ${DENSE}`), 'into an empty tree').toBe(
      'merge L0 R3, L0 R1 -> L6 new',
    )
    expect(pick(`L0\nR3: 1[a,c] ${DENSE}\nR2: 2[m,p]`), 'which moves').toBe('move L0 R3 -> L6 new')
  })

  test('of level 0 takes runs along that it overlaps through others alone', () => {
    const level0 = `L0\nR4: 1[f,k]\nR3: 2[d,g]\nR1: 3[b,e] ${DENSE}`
    expect(pick(`${level0}\nL6\nR6: 4[a,c]; 5[e,h]; 6[k,z]`)).toBe(
      'merge L0 R4, L0 R3, L0 R1, L6 R6 (tables 4, 5, 6) -> L6 R6',
    )
  })

  test('waits for jobs in its levels', () => {
    const tree = `L0\nR9: 9[x,z]\n${UPPER}\nL6\nR6: 4[a,b]; 5[f,h]; 6[j,l]`
    const beside = (level: number, run: number) => ({ inProgress: [running([run], level)] })
    expect(pickOf(PARAMS, tree, beside(6, 6))).toBe('nothing')
    expect(pickOf(PARAMS, tree, beside(4, 4))).toBe('nothing')
    expect(pickOf(PARAMS, tree, beside(0, 9))).toMatch(/^merge L4/)
  })

  test('every marked table is chosen in some tree', () => {
    const chosen = new Set(
      Array.from({ length: 40 }, (_, seq) => {
        const tree = `L4\nR4: 1[a,c] ${DENSE}; 2[e,g] ${DENSE}\nL6\nR6: 4[a,b]; 6[f,l]`
        return pickOf(PARAMS, tree, { oldestSnapshotSeq: seq })
      }),
    )
    expect([...chosen].sort()).toEqual([
      'merge L4 R4 (tables 1), L6 R6 (tables 4) -> L6 R6',
      'merge L4 R4 (tables 2), L6 R6 (tables 6) -> L6 R6',
    ])
  })
})

/** RocksDB with one level. */
test('with one level, the newest run with many tombstones merges with all older ones', () => {
  const tree = `L0\nR1: 1[a,z]\nR2: 2[a,z] ${DENSE}\nR3: 3[a,z]`
  expect(pick(tree, { num_levels: 1 })).toBe('merge L0 R2, L0 R3 -> L0 R3')
  const oldest = `L0\nR1: 1[a,z]\nR3: 3[a,z] ${DENSE}`
  expect(pick(oldest, { num_levels: 1 })).toBe('nothing')
  const beside = { inProgress: [running([3])] }
  expect(pickOf({ ...PARAMS, num_levels: 1 }, tree, beside)).toBe('nothing')
})

/** RocksDB `PickReadTriggeredCompaction`. */
describe('reads', () => {
  const tree = `L4\nR4: 1[a,c] bytes=10; 2[e,g] bytes=30\nL6\nR6: 4[a,b]; 5[f,h]`
  const pickRead = (threshold: number, reads: Readonly<Record<number, number>>, params = {}) =>
    pickOf({ read_triggered_compaction_threshold: threshold, ...params }, tree, {
      tableStats: (id: number) => ({ reads: reads[id] ?? 0 }),
    })

  test('send the table with the most of them per byte to the next run', () => {
    expect(pickRead(2, { 1: 20, 2: 60 })).toBe('nothing')
    expect(pickRead(2, { 1: 21, 2: 62 })).toBe('merge L4 R4 (tables 1), L6 R6 (tables 4) -> L6 R6')
    expect(pickRead(2, { 1: 21, 2: 64 })).toBe('merge L4 R4 (tables 2), L6 R6 (tables 5) -> L6 R6')
    expect(pickRead(0, { 1: 1000 })).toBe('nothing')
    expect(pickRead(2, { 4: 1e9 }), 'of the oldest run').toBe('nothing')
  })

  test('with one level merge the runs that overlap in level 0', () => {
    const readOften = { tableStats: (id: number) => ({ reads: id === 2 ? 9 : 0 }) }
    const params = { read_triggered_compaction_threshold: 2, num_levels: 1 }
    const runs = 'L0\nR1: 1[a,c]\nR2: 2[b,f]\nR3: 3[m,z]'
    expect(pickOf(params, runs, readOften)).toBe('merge L0 R1, L0 R2 -> L0 R2')
    expect(pickOf(params, 'L0\nR1: 1[a,b]\nR2: 2[d,f]', readOften)).toBe('nothing')
  })
})
