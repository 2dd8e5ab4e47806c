import { describe, expect, test } from 'vitest'
import { createRandom } from '../engine/base/random.ts'
import { parseVersion } from '../engine/version/text.ts'
import { runCount, shapeVector } from '../engine/version/version.ts'
import { bushRatios, lsmBush } from './lsm-bush.ts'
import { printSpec } from './primitives/print-spec.ts'
import { emptyTree, load, type SteppedTree } from './testing/stepper.ts'

/** A tree of so many memtables of 10 bytes. */
const viewOf = (tree: string) => ({
  version: parseVersion(tree),
  memtableBytes: 10,
  state: null,
  inProgress: [],
  oldestSnapshotSeq: 0,
  nowMs: 0,
  tableStats: () => ({ reads: 0 }),
})

const bush = { X: 2, T: 2, C: 1, bitsPerKey: 10, targetTableBytes: 0, filterAlloc: 'uniform' }

describe('ratios', () => {
  const ratios = (memtables: number, deepest: number, params: object = {}) =>
    bushRatios(
      viewOf(`L${deepest}\nR1: 1[a,z] values=${memtables * 10}`),
      { ...bush, ...params },
      deepest,
    )

  test('are T, T^X, T^(X²) from the bottom; the smallest level takes what is left', () => {
    expect(ratios(2 * 2 * 4 * 16, 3)).toEqual([16, 4, 2])
    expect(ratios(2 * 2 * 4 * 7, 3)).toEqual([7, 4, 2])
    expect(ratios(2 * 3 * 9 * 81, 3, { T: 3 })).toEqual([81, 9, 3])
  })

  test('are all T as X goes to 1, and leave N/(C + 1) to the smaller levels', () => {
    expect(ratios(4 * 64, 3, { X: 1, T: 4, C: 3 })).toEqual([4, 4, 4])
    expect(ratios(4 * 32, 3, { X: 1, T: 4, C: 3 })).toEqual([2, 4, 4])
  })
})

describe('picks', () => {
  const pick = (tree: string, params: object = {}) =>
    printSpec(lsmBush.create({ ...bush, ...params }).pick(viewOf(tree)))
  const run = (id: number, memtables: number) => `R${id}: ${id}[a,z] values=${memtables * 10}`
  // 16 memtables: 8 above the deepest level, ratios 4 and 2.
  const DEEP = `L1\n${run(5, 4)}\nL2\n${run(1, 8)}`

  test('as many runs as the ratio merge into one of the next level, with what that makes full', () => {
    const level0 = (runs: number) =>
      `L0\n${Array.from({ length: runs }, (_, at) => run(9 - at, 1)).join('\n')}\n`
    expect(pick(level0(3) + DEEP)).toBe('nothing')
    expect(pick(level0(4) + DEEP)).toBe(
      'merge L0 R9, L0 R8, L0 R7, L0 R6, L1 R5, L2 R1 -> L2 R1 because runs ≥ r',
    )
    expect(pick(`${level0(4)}L2\n${run(1, 12)}`)).toBe(
      'merge L0 R9, L0 R8, L0 R7, L0 R6 -> L1 new because runs ≥ r',
    )
  })

  test('when the ratios no longer suffice, the deepest run moves down, unwritten', () => {
    expect(pick(`L2\n${run(1, 16)}`)).toBe('nothing')
    expect(pick(`L2\n${run(1, 17)}`)).toBe(
      'move L2 R1 -> L3 new because bytes > capacity of the levels',
    )
  })

  test('several runs another strategy left in the deepest level merge first', () => {
    expect(pick(`L2\n${run(2, 5)}\n${run(1, 5)}`)).toBe(
      'merge L2 R2, L2 R1 -> L2 R1 because runs > 1',
    )
  })
})

/** Unique keys, so that every merge keeps all entries; one byte an entry, two a memtable. */
function loadUnique(params: object, buffers: number): { tree: SteppedTree; runsMax: number } {
  const strategy = lsmBush.create({ ...bush, ...params })
  let tree = emptyTree(strategy, { memtableBytes: 2, entryBytes: 1 })
  let runsMax = 0
  for (let buffer = 0; buffer < buffers; buffer++) {
    tree = load(tree, strategy, [buffer, buffers + buffer]).tree
    runsMax = Math.max(runsMax, runCount(tree.version))
  }
  return { tree, runsMax }
}

describe('costs of a load', () => {
  const copies = (params: object, buffers: number) =>
    loadUnique(params, buffers).tree.writtenBytes / (2 * buffers)

  test('copies grow with log log F: thirty-two times the data costs less than one more', () => {
    expect(copies({}, 2047) - copies({}, 63)).toBeLessThan(1)
    // All ratios T: one more for every doubling, half of which are merges into the deepest level.
    expect(copies({ X: 1 }, 2047) - copies({ X: 1 }, 63)).toBeGreaterThan(2)
  })

  test('the price is runs: more of them than tiering at the same ratio ever has', () => {
    expect(loadUnique({}, 1023).runsMax).toBeGreaterThan(2 * Math.log2(1024))
  })

  test('the deepest level holds its share, C times what is above it', () => {
    for (const C of [0.5, 1, 3]) {
      const { tree } = loadUnique({ C }, 1023)
      const deepest = tree.version.levels.at(-1)!.totals.rawBytes / tree.version.totals.rawBytes
      expect(deepest).toBeGreaterThan((C / (C + 1)) * 0.9)
    }
  })
})

test('under updates the tree keeps its depth', () => {
  const strategy = lsmBush.create()
  const random = createRandom(11)
  let tree = emptyTree(strategy, { memtableBytes: 8, entryBytes: 1 })
  for (let buffer = 0; buffer < 600; buffer++) {
    const keys = new Set(Array.from({ length: 8 }, () => random.nextBelow(512)))
    tree = load(tree, strategy, [...keys]).tree
  }
  expect(shapeVector(tree.version).length).toBeLessThanOrEqual(4)
})
