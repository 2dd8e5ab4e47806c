import { describe, expect, test } from 'vitest'
import type { TreeView } from '../../engine/compaction/strategy.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { dynamicLeveled } from './dynamic-leveled.ts'
import { oneLeveling } from './one-leveling.ts'

/** Tables weigh `values` raw bytes; the memtable has 10. */
function viewOf(tree: string): TreeView {
  return {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: { cursors: [] },
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
  }
}

const FOUR_RUNS = `
  L0
    R9: 9[a,z] values=10
    R8: 8[a,z] values=10
    R7: 7[a,z] values=10
    R6: 6[a,z] values=10`

describe('dynamic targets, at T = 4 and a memtable of 10', () => {
  const pick = (tree: string, params = {}) =>
    printSpec(dynamicLeveled.create(params).pick(viewOf(tree)))

  test('an empty tree takes level 0 into the last level', () => {
    expect(pick(FOUR_RUNS)).toBe(
      'merge L0 R9, L0 R8, L0 R7, L0 R6 -> L6 new because runs(0) ≥ l0Trigger',
    )
    expect(pick(FOUR_RUNS, { levels: 2 })).toMatch(/ -> L1 new /)
  })

  test.each([
    // What the last level holds, and where level 0 goes: it opens a level beyond base · T = 40.
    [40, 6],
    [41, 5],
    [160, 5],
    [161, 4],
    [641, 3],
    [2561, 2],
    [10_241, 1],
    [1_000_000, 1],
  ])('with %i bytes in the last level, level 0 goes to level %i', (bytes, base) => {
    expect(pick(`${FOUR_RUNS}\nL6\n R1: 1[a,b] values=${bytes}`)).toContain(` -> L${base} `)
  })

  test('a level is due at 1/T of the next, and the last never', () => {
    const tree = (bytes: number) =>
      `L5\n R2: 2[a,b] values=${bytes}; 3[c,d] values=10\nL6\n R1: 1[a,b] values=160`
    expect(pick(tree(29))).toBe('nothing')
    expect(pick(tree(30))).toMatch(
      /^move L5 R2 \(tables 3\) -> L6 R1 because bytes ≥ max\(next target/,
    )
  })

  test('nothing passes what another strategy left in a level above; that goes down', () => {
    const left = '\nL2\n R2: 2[a,z] values=9\nL6\n R1: 1[a,z] values=40'
    expect(pick(FOUR_RUNS + left)).toContain(' -> L2 R2 ')
    expect(pick(left.replace('values=9', 'values=10'))).toMatch(/^move L2 R2 .*-> L3 new/)
  })

  test('a tree deeper than asked for ends where it ends', () => {
    const tree = `${FOUR_RUNS}\nL6\n R1: 1[a,b] values=41`
    expect(pick(tree, { levels: 3 })).toContain(' -> L5 ')
  })
})

describe('1-leveling', () => {
  const pick = (tree: string, params = {}) =>
    printSpec(oneLeveling.create(params).pick(viewOf(tree)))

  test('the first level holds its runs, then all of them merge into the next', () => {
    expect(pick(FOUR_RUNS, { runs: 5 })).toBe('nothing')
    expect(pick(FOUR_RUNS)).toBe(
      'merge L0 R9, L0 R8, L0 R7, L0 R6 -> L1 new because runs(0) ≥ l0Trigger',
    )
  })

  test('its size is the unit of the levels below: runs · T^i memtables', () => {
    const tree = (bytes: number) => `L1\n R1: 1[a,b] values=${bytes}`
    expect(pick(tree(159))).toBe('nothing')
    expect(pick(tree(160))).toBe('move L1 R1 (tables 1) -> L2 new because bytes ≥ base·T^level')
    expect(pick(tree(79), { runs: 2 })).toBe('nothing')
    expect(pick(tree(80), { runs: 2 })).not.toBe('nothing')
  })
})
