import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { LsmError } from '../engine/base/errors.ts'
import type { TreeView } from '../engine/compaction/strategy.ts'
import { parseVersion } from '../engine/version/text.ts'
import { levelAt } from '../engine/version/version.ts'
import { defineStrategy } from './define-strategy.ts'
import { describeParams } from './parameters.ts'
import { outputTo, wholeRuns } from './primitives/specs.ts'
import { fluid } from './whole-levels/fluid.ts'

/** From T runs on it merges all of level 0 into a new run of level 1. Only `pick` is written. */
const smallest = defineStrategy({
  name: 'smallest',
  description: 'The least a strategy can be',
  params: z.object({ T: z.number().int().min(2).default(4), bitsPerKey: z.number().default(7) }),
  primitives: { trigger: ['sorted runs'], layout: 'tiering', granularity: [], movement: [] },
  pick(view, { T }) {
    const { runs } = levelAt(view.version, 0)
    if (runs.length < T) return null
    return {
      kind: 'merge',
      inputs: wholeRuns(0, runs),
      outputs: [outputTo({ level: 1, after: null }, null, 10)],
      nextState: view.state,
      reason: { trigger: 'sorted runs', formula: 'runs ≥ T', values: { runs: runs.length, T } },
    }
  },
})

function viewWith(level0Runs: number): TreeView {
  const runs = Array.from({ length: level0Runs }, (_, at) => `R${at + 1}: ${at + 1}[a,z] bytes=10`)
  return {
    version: parseVersion(`L0\n${runs.join('\n')}\nL1\nR99: 99[a,z] bytes=10`),
    memtableBytes: 10,
    state: null,
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
  }
}

function messageOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    expect((error as LsmError).code).toBe('LSM_INVALID_ARGUMENT')
    return (error as LsmError).message
  }
  throw new Error('nothing was thrown')
}

describe('what is left out follows from pick', () => {
  const strategy = smallest.create()

  test('a level is due exactly when the pick reads from it', () => {
    const scores = (runs: number) => strategy.score(viewWith(runs)).map(({ score }) => score)
    expect(scores(3)).toEqual([0.75, 0.25])
    expect(scores(4)).toEqual([1, 0.25])
    expect(scores(6)).toEqual([1.5, 0.25])
  })

  test('debt is what the pick would read, running or not', () => {
    expect(strategy.debtBytes(viewWith(3))).toBe(0)
    expect(strategy.debtBytes(viewWith(5))).toBe(50)
    const running = strategy.pick(viewWith(5))!
    expect(strategy.debtBytes({ ...viewWith(5), inProgress: [running] })).toBe(50)
  })

  test('stalls count from the runs that will stay, so a tree at rest never stalls', () => {
    expect(strategy.stallLimits(viewWith(4))).toEqual({ slowdownRuns: 8, stopRuns: 12 })
    expect(strategy.stallLimits(viewWith(3))).toEqual({ slowdownRuns: 11, stopRuns: 15 })
    const wide = smallest.create({ T: 30 })
    expect(wide.stallLimits(viewWith(29)).slowdownRuns).toBeGreaterThan(29)
  })

  test('flushes get the filter of bitsPerKey, ten bits when none is declared', () => {
    expect(strategy.flushFilter(viewWith(0))).toEqual({ bitsPerKey: 7 })
    const bare = defineStrategy({
      name: 'bare',
      description: '',
      params: z.object({}),
      primitives: smallest.primitives,
      pick: () => null,
    })
    expect(bare.create().flushFilter(viewWith(0))).toEqual({ bitsPerKey: 10 })
  })

  test('state starts as null and no time makes anything due', () => {
    expect(strategy.initialState).toBeNull()
    expect(strategy.nextDueAt(viewWith(9))).toBeNull()
  })
})

describe('parameters', () => {
  test('are filled in with their defaults', () => {
    expect(fluid.parse({ T: 10, K: 3 })).toEqual({
      T: 10,
      K: 3,
      Z: 1,
      sizing: 'static',
      bitsPerKey: 10,
      targetTableBytes: 0,
      filterAlloc: 'uniform',
    })
  })

  test.each([
    [{ T: 1 }, 'fluid: T: expected integer 2 … 1000, not 1'],
    [{ T: 2.5 }, 'fluid: T: expected integer 2 … 1000, not 2.5'],
    [{ T: Number.NaN }, 'fluid: T: expected integer 2 … 1000, not NaN'],
    [{ T: '4' }, 'fluid: T: expected integer 2 … 1000, not 4'],
    [{ K: 0 }, 'fluid: K: expected integer ≥ 1, not 0'],
    [{ K: 4 }, 'fluid: K must be from 1 to T − 1 = 3, not 4'],
    [{ T: 2, Z: 2, K: 1 }, 'fluid: Z must be from 1 to T − 1 = 1, not 2'],
    [{ bitsPerKee: 1 }, 'fluid has no parameter bitsPerKee; did you mean bitsPerKey?'],
    [
      { q: 1 },
      'fluid has no parameter q; it has T, K, Z, sizing, bitsPerKey, targetTableBytes, filterAlloc',
    ],
  ])('%o is refused in one line', (raw, message) => {
    expect(messageOf(() => fluid.create(raw))).toBe(message)
  })

  test('of a wrong choice are refused with the choices', () => {
    expect(messageOf(() => fluid.create({ sizing: 'statc' }))).toBe(
      'fluid: sizing: expected one of static, dynamic, not statc',
    )
  })

  test('describe themselves', () => {
    const [, , filterAlloc] = describeParams(smallest)
    expect(filterAlloc).toMatchObject({ name: 'filterAlloc', range: 'one of uniform, monkey' })
    expect(describeParams(smallest).slice(0, 2)).toEqual([
      { name: 'T', range: 'integer ≥ 2', default: 4, description: '' },
      { name: 'bitsPerKey', range: 'number', default: 7, description: '' },
    ])
  })
})
