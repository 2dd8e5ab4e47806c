import { describe, expect, test } from 'vitest'
import type { LsmError } from '../../engine/base/errors.ts'
import { createRandom } from '../../engine/base/random.ts'
import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { runCount } from '../../engine/version/version.ts'
import type { StrategyModule } from '../define-strategy.ts'
import { deleteAware } from '../partial-levels/delete-aware.ts'
import { levelingPartial } from '../partial-levels/leveling-partial.ts'
import { oneLeveling } from '../partial-levels/one-leveling.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { loadAll } from '../testing/load-all.ts'
import { brokenRecency, emptyTree, load, readAll, type SteppedTree } from '../testing/stepper.ts'
import { leveling } from '../whole-levels/leveling.ts'
import { tiering } from '../whole-levels/tiering.ts'
import { composed } from './composed.ts'
import { PRESET_NAMES } from './presets.ts'

type Params = Readonly<Record<string, unknown>>

/** Two hundred buffers over 1200 keys, a tenth of them deletes, 10 ms apart. */
function run(module: StrategyModule, params: Params) {
  const strategy = module.create(params)
  const random = createRandom(3)
  const newest = new Map<number, number>()
  const specs: CompactionSpec[] = []
  let tree: SteppedTree = emptyTree(strategy, { memtableBytes: 8, entryBytes: 1 })
  for (let buffer = 0; buffer < 200; buffer++) {
    const keys = [...new Set(Array.from({ length: 8 }, () => random.nextBelow(1200)))]
    const deleted = new Set(keys.filter(() => random.nextBelow(10) === 0))
    keys.forEach((key, at) => {
      if (deleted.has(key)) newest.delete(key)
      else newest.set(key, tree.nextSeq + at)
    })
    const step = load({ ...tree, nowMs: tree.nowMs + 10 }, strategy, keys, deleted)
    tree = step.tree
    specs.push(...step.specs)
  }
  return { tree, specs, newest }
}

/** A memtable has 10 raw bytes; level 1 of the partial presets may hold 40. */
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

const withoutState = (specs: readonly CompactionSpec[]) =>
  specs.map(({ nextState: _, ...spec }) => spec)

/** What is merged into what: the reasons differ, since `composed` counts the flushes of level 0. */
const effects = (specs: readonly CompactionSpec[]) =>
  withoutState(specs).map(({ reason: _, ...spec }) => spec)

describe('a configuration picks what the strategy it describes picks', () => {
  test.each([
    ['lo+1', { preset: 'lo+1' }, levelingPartial, {}],
    ['rr', { preset: 'rr' }, levelingPartial, { pick: 'rr-to-target' }],
    ['lo+2', { preset: 'lo+2' }, levelingPartial, { pick: 'lo2' }],
    ['cold', { preset: 'cold' }, levelingPartial, { pick: 'coldest' }],
    ['old', { preset: 'old' }, levelingPartial, { pick: 'oldest-max-seq' }],
    ['1-lvl', { preset: '1-lvl' }, oneLeveling, {}],
    [
      'FADE',
      { trigger: ['tombstone-ttl', 'saturation'], deleteTtlMs: 500 },
      deleteAware,
      { deleteTtlMs: 500 },
    ],
  ] as const)('%s', (_name, params, module, equal) => {
    const { specs } = run(composed, params)
    expect(specs.length).toBeGreaterThan(30)
    expect(withoutState(specs)).toEqual(withoutState(run(module, equal).specs))
  })
})

describe('levels that move whole are those of the strategies of that name', () => {
  test.each([
    ['full, with flushes that pass through level 0', { preset: 'full', l0Trigger: 1 }, leveling],
    ['tiering', { trigger: ['runs'], layout: 'tiering', granularity: ['runs'] }, tiering],
  ] as const)('%s', (_name, params, module) => {
    const { specs } = run(composed, params)
    expect(specs.length).toBeGreaterThan(30)
    expect(effects(specs)).toEqual(effects(run(module, {}).specs))
  })
})

describe('the ten of Sarkar et al. run', () => {
  /** Triggers a preset must be seen to use, beside those of capacity. */
  const own: Readonly<Record<string, string>> = {
    tsd: 'tombstone density',
    tsa: 'tombstone-TTL',
    tier: 'space amplification',
  }

  test.each(PRESET_NAMES)('%s', (preset) => {
    const params = { preset, densityThreshold: 0.3, deleteTtlMs: 500, spaceAmpPercent: 100 }
    const { tree, specs, newest } = run(composed, params)
    expect(readAll(tree.version)).toEqual(newest)
    expect(brokenRecency(tree.version)).toBeNull()
    expect(runCount(tree.version)).toBeLessThan(16)
    const triggers = new Set(specs.map(({ reason }) => reason.trigger))
    if (own[preset] !== undefined) expect(triggers).toContain(own[preset])
  })

  test('there are ten', () => {
    expect(PRESET_NAMES.length).toBe(10)
  })
})

describe('the triggers beside capacity', () => {
  const partial = { granularity: ['table'], layout: 'leveling' }
  const whole = { granularity: ['level'], layout: 'tiering' }
  const tiered = { granularity: ['table'], layout: 'tiering' }

  test.each([partial, whole, tiered])('staleness leaves no table older than it, %o', (form) => {
    const trigger = ['staleness', 'runs', 'saturation']
    const { tree } = run(composed, { ...form, trigger, staleMs: 300 })
    for (const { runs } of tree.version.levels) {
      for (const { chunks } of runs) {
        for (const { createdAtMs } of chunks.flatMap(({ tables }) => tables)) {
          expect(createdAtMs).toBeGreaterThan(tree.nowMs - 300)
        }
      }
    }
  })

  test.each([partial, whole, tiered])('tombstone density leaves no table as dense, %o', (form) => {
    const trigger = ['tombstone-density', 'runs', 'saturation']
    const { tree } = run(composed, { ...form, trigger, densityThreshold: 0.2 })
    for (const { runs } of tree.version.levels) {
      for (const { chunks } of runs) {
        for (const { tombstones, entries } of chunks.flatMap(({ tables }) => tables)) {
          expect(tombstones / entries).toBeLessThan(0.2)
        }
      }
    }
  })

  test.each([partial, whole, tiered])(
    'space amplification bounds what lies above the oldest, %o',
    (form) => {
      const trigger = ['runs', 'saturation', 'space-amp']
      const { tree } = run(composed, { ...form, trigger, spaceAmpPercent: 25 })
      const oldest = tree.version.levels.at(-1)!.runs.at(-1)!.totals.rawBytes
      expect(tree.version.totals.rawBytes - oldest).toBeLessThan(oldest / 4)
    },
  )

  test('space amplification is what lies above the oldest run, which takes all in', () => {
    const tier = composed.create({ preset: 'tier' })
    const pick = (above: number) =>
      printSpec(
        tier.pick(
          viewOf(
            `L0\n R3: 3[a,b] values=10\n R2: 2[a,b] values=${above}\nL1\n R1: 1[a,b] values=30`,
          ),
        ),
      )
    expect(pick(49)).toBe('nothing')
    expect(pick(50)).toBe(
      'merge L0 R3, L0 R2, L1 R1 -> L1 R1 because newer bytes ≥ percent of the oldest run',
    )
  })

  test('several tables go together where the granularity says so', () => {
    const tree = `
      L1
        R2: 1[a,b] values=10; 2[c,d] values=10; 3[e,f] values=10; 4[g,h] values=10
      L2
        R1: 11[a,b]; 12[c,d]; 13[e,f]; 14[g,h]`
    const pick = (params: Params) => printSpec(composed.create(params).pick(viewOf(tree)))
    expect(pick({ granularity: ['tables'], tablesPerJob: 3 })).toMatch(
      /^merge L1 R2 \(tables 1, 2, 3\), L2 R1 \(tables 11, 12, 13\) -> /,
    )
    expect(pick({ granularity: ['table'], tablesPerJob: 3 })).toMatch(/^merge L1 R2 \(tables 1\), /)
  })
})

describe('level 0 collects as many flushes for every preset', () => {
  const flushed = (runs: number) => {
    const lines = Array.from({ length: runs }, (_, at) => `R${9 - at}: ${9 - at}[a,z] values=10`)
    return `L0\n ${lines.join('\n ')}\nL1\n R1: 1[a,z] values=30`
  }

  test.each(PRESET_NAMES)('%s', (preset) => {
    for (const l0Trigger of [2, 4]) {
      const strategy = composed.create({ preset, l0Trigger, spaceAmpPercent: 1000 })
      const pick = (runs: number) => strategy.pick(viewOf(flushed(runs)))
      expect(pick(l0Trigger - 1)).toBeNull()
      const spec = pick(l0Trigger)!
      expect(spec.inputs.filter(({ level }) => level === 0)).toHaveLength(l0Trigger)
    }
  })

  test('full: they are one arrival in level 1, which is full with the T-th memtable', () => {
    const pick = (tree: string, params: Params = {}) =>
      printSpec(composed.create({ preset: 'full', ...params }).pick(viewOf(tree)))
    expect(pick(flushed(4))).toBe(
      'merge L0 R9, L0 R8, L0 R7, L0 R6, L1 R1 -> L2 new because bytes ≥ (T − ½)·unit',
    )
    expect(pick(flushed(4), { T: 10 })).toBe(
      'merge L0 R9, L0 R8, L0 R7, L0 R6, L1 R1 -> L1 R1 because runs(0) ≥ l0Trigger',
    )
  })

  test('tier: they are one arrival in level 1, which holds T − 1 of such runs', () => {
    const tree = `${flushed(4)}\n`.replace('R1: 1[a,z] values=30', 'R1: 1[a,z] values=40')
    const three = `${tree} R3: 3[a,z] values=40\n R2: 2[a,z] values=40`
    const pick = (text: string) =>
      printSpec(composed.create({ preset: 'tier', spaceAmpPercent: 1000 }).pick(viewOf(text)))
    expect(pick(tree)).toBe(
      'merge L0 R9, L0 R8, L0 R7, L0 R6 -> L1 new because runs(0) ≥ l0Trigger',
    )
    expect(pick(three)).toMatch(/^merge L0 R9, L0 R8, L0 R7, L0 R6, L1 R1, L1 R3, L1 R2 -> L2 new /)
  })
})

/**
 * O2 of the paper has LO+1 and LO+2 write less than round-robin. For LO+2 that holds only while no
 * table has a grandparent, when LO+2 is LO+1; README, *The ten of Sarkar et al.*
 */
describe('LO+2 against LO+1 and round-robin', () => {
  const loadedBy = (preset: string, buffers: number) => {
    const random = createRandom(5)
    const keys = () => [...new Set(Array.from({ length: 16 }, () => random.nextU32()))]
    const params = { preset, T: 4, l0Trigger: 1, softCuts: 'none' }
    return loadAll(composed, params, 16, Array.from({ length: buffers }, keys))
  }

  test('picks what LO+1 picks in a tree of two levels', () => {
    const { tree, specs } = loadedBy('lo+2', 17)
    expect(tree.version.levels.length).toBe(3)
    expect(specs).toEqual(loadedBy('lo+1', 17).specs)
    expect(tree.writtenBytes).toBeLessThan(loadedBy('rr', 17).tree.writtenBytes)
  })

  test('writes more than both in a tree of four', () => {
    const written = (preset: string) => loadedBy(preset, 160).tree.writtenBytes / (160 * 16)
    const [lo1, lo2, rr] = ['lo+1', 'lo+2', 'rr'].map(written)
    expect(lo1).toBeLessThan(rr!)
    expect(lo2! / rr!).toBeGreaterThan(1.1)
    expect(lo2! / lo1!).toBeGreaterThan(1.15)
  })
})

describe('primitives that do not go together are refused in one line', () => {
  test.each([
    [{ trigger: ['runs'] }, 'composed: trigger must hold saturation for leveling'],
    [
      { trigger: ['saturation'], layout: 'tiering' },
      'composed: trigger must hold runs for tiering',
    ],
    [
      { layout: 'hybrid', granularity: ['level'], K: 4 },
      'composed: K must be from 1 to T − 1 = 3, not 4',
    ],
    [{ preset: 'lo1' }, /^composed: preset: expected one of none, full, lo\+1, .*, not lo1$/],
    [
      { movement: ['lo3'] },
      /^composed: movement: expected a list a,b,c of one of rr, .*, random, not \["lo3"\]$/,
    ],
  ])('%o', (params, message) => {
    let thrown: LsmError | null = null
    try {
      composed.create(params)
    } catch (error) {
      thrown = error as LsmError
    }
    expect(thrown?.code).toBe('LSM_INVALID_ARGUMENT')
    expect(thrown?.message).toMatch(message)
  })
})
