import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../engine/base/clock.ts'
import type { CompactionSpec, OutputPlace, SoftCuts } from '../../engine/compaction/strategy.ts'
import { checkRun, type Run, tablesOf } from '../../engine/version/run.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { totalsOf } from '../../engine/version/totals.ts'
import { shapeVector } from '../../engine/version/version.ts'
import { applyEdit } from '../../engine/version/version-edit.ts'
import { STRATEGIES } from '../catalog.ts'
import { EvenRun, storedBytesOf } from './even-run.ts'
import { uniformKeys } from './key-model.ts'
import type { SimulatedEvent } from './simulated-event.ts'
import { StatisticalSimulator } from './statistical-simulator.ts'
import { wholeRunsOf, withRunsReplaced } from './whole-runs.ts'

test('tables of one entry each are apart, however their borders scatter', () => {
  // In one of a thousand trees a border falls on the very end, with tables still to come.
  for (let seed = 1; seed <= 1100; seed++) {
    const simulator = new StatisticalSimulator({
      strategy: STRATEGIES.get('tiering')!.create(),
      memtableBytes: 100,
      seed,
      clock: new ManualClock(),
      insertOrder: 'hashed',
      shape: {
        model: uniformKeys(1000),
        keyBytes: 12,
        valueBytes: 88,
        keyPrefixBytes: 0,
        keyRadix: 256,
        blocks: { blockBytes: 4096, restartInterval: 16 },
      },
    })
    simulator.write({ insert: 1, update: 0, delete: 0 }, 16)
    for (const { runs } of simulator.tree.version.levels) runs.forEach(checkRun)
  }
})

function simulated(name: string, onEvent: (event: SimulatedEvent) => void = () => {}) {
  const simulator = new StatisticalSimulator({
    strategy: STRATEGIES.get(name)!.create(),
    memtableBytes: 25_600,
    seed: 1,
    onEvent,
    clock: new ManualClock(),
    insertOrder: 'hashed',
    shape: {
      model: uniformKeys(20_000),
      keyBytes: 12,
      valueBytes: 88,
      keyPrefixBytes: 0,
      keyRadix: 256,
      blocks: { blockBytes: 4096, restartInterval: 16 },
    },
  })
  simulator.write({ insert: 1, update: 0, delete: 0 }, 16_000)
  simulator.write({ insert: 0, update: 0.6, delete: 0.4 }, 9_100)
  simulator.flush()
  return simulator
}

describe.each(['leveling', 'tiering', 'universal', 'lsm-bush'])('%s', (name) => {
  test('a run known by its sums opens into tables that add up to them', () => {
    const { version } = simulated(name).tree
    const even = version.levels.flatMap(({ runs }) => runs).filter((run) => run instanceof EvenRun)
    expect(even.length).toBeGreaterThan(0)
    for (const run of even) {
      checkRun(run)
      const tables = [...tablesOf(run)]
      expect(totalsOf(tables)).toEqual(run.totals)
      expect(storedBytesOf(tables)).toEqual(run.stored)
      expect(new Set(tables.map(({ id }) => id)).size).toBe(tables.length)
    }
  })

  test('its edits, table by table, make the tree that its runs make', () => {
    let replayed = parseVersion('')
    const shapes: string[] = []
    const simulator = simulated(name, ({ edit, removed, added }) => {
      for (const [parts, placements] of [
        [removed, edit.removed],
        [added, edit.added],
      ] as const) {
        const tables = parts.reduce((sum, { totals }) => sum + totals.tables, 0)
        expect(placements.length).toBe(tables)
      }
      replayed = applyEdit(replayed, edit)
      shapes.push(shapeVector(replayed).join())
    })
    expect(replayed.totals).toEqual(simulator.tree.version.totals)
    expect(shapes.at(-1)).toBe(shapeVector(simulator.tree.version).join())
  })
})

describe('the short way', () => {
  const TREE = `L0\nR5: 5[a,z]\nR4: 4[a,z]\nL1\nR3: 3[a,z]\nL2\nR2: 2[a,z]\nR1: 1[a,z]`
  const version = parseVersion(TREE)
  const merge = (
    runs: readonly (readonly [number, number])[],
    place: OutputPlace,
    softCuts: SoftCuts | null = null,
  ) =>
    wholeRunsOf(version, {
      kind: 'merge',
      inputs: runs.map(([level, run]) => ({ level, run, tables: 'all' })),
      outputs: [
        { place, fromKey: null, targetTableBytes: 10, cutKeys: [], softCuts, filter: NO_FILTER },
      ],
      nextState: null,
      reason: { trigger: '', formula: '', values: {} },
    } satisfies CompactionSpec)
  const NO_FILTER = { bitsPerKey: 0 }

  test.each([
    [
      'neighbours into the older of them',
      [
        [0, 4],
        [1, 3],
      ],
      { level: 1, run: 3 },
      true,
    ],
    [
      'in any order',
      [
        [1, 3],
        [0, 4],
      ],
      { level: 1, run: 3 },
      true,
    ],
    [
      'neighbours into a new run among them',
      [
        [0, 4],
        [1, 3],
      ],
      { level: 1, after: null },
      true,
    ],
    [
      'or just behind them',
      [
        [0, 4],
        [1, 3],
      ],
      { level: 2, after: null },
      true,
    ],
    [
      'not beyond a run that stays',
      [
        [0, 4],
        [1, 3],
      ],
      { level: 2, after: 2 },
      false,
    ],
    [
      'not before one that is newer',
      [
        [0, 4],
        [1, 3],
      ],
      { level: 0, after: null },
      false,
    ],
    [
      'not over a run between them',
      [
        [0, 5],
        [1, 3],
      ],
      { level: 1, run: 3 },
      false,
    ],
    [
      'not into a run that stays',
      [
        [0, 4],
        [1, 3],
      ],
      { level: 2, run: 2 },
      false,
    ],
    [
      'not of a run named twice',
      [
        [0, 4],
        [0, 4],
      ],
      { level: 0, run: 4 },
      false,
    ],
    [
      'not of a run that is not there',
      [
        [0, 4],
        [1, 9],
      ],
      { level: 0, run: 4 },
      false,
    ],
    [
      'not to a place that is not there',
      [
        [0, 4],
        [1, 3],
      ],
      { level: 1, run: 9 },
      false,
    ],
  ] as const)('takes %s', (_, runs, place, taken) => {
    expect(merge(runs, place) !== null).toBe(taken)
  })

  test('does not take a merge with soft cuts', () => {
    const softCuts = {
      keys: [],
      overlapBytes: [],
      endsFrom: [1],
      overlapBytesMax: null,
      skippedBytesMin: null,
    }
    expect(merge([[0, 4]], { level: 1, after: null })).not.toBeNull()
    expect(merge([[0, 4]], { level: 1, after: null }, softCuts)).toBeNull()
  })

  test('puts the result where the edit would', () => {
    const result = { id: 9, ...pick(parseVersion('L0\nR9: 9[a,z]').levels[0]!.runs[0]!) }
    const shape = (place: OutputPlace) => {
      const after = withRunsReplaced(
        version,
        merge(
          [
            [0, 4],
            [1, 3],
          ],
          place,
        )!,
        result,
      )
      return after.levels.map(({ runs }) => runs.map(({ id }) => id).join()).join(' | ')
    }
    expect(shape({ level: 1, after: null })).toBe('5 | 9 | 2,1')
    expect(shape({ level: 2, after: null })).toBe('5 |  | 9,2,1')
    expect(shape({ level: 0, after: 4 })).toBe('5,9 |  | 2,1')
  })
})

function pick({ chunks, firstIndexes, totals }: Run) {
  return { chunks, firstIndexes, totals }
}
