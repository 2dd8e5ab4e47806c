import { describe, expect, test } from 'vitest'
import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { validateSpec } from '../../engine/compaction/validate-spec.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { emptyTree, load, type SteppedTree } from '../testing/stepper.ts'
import { composed } from './composed.ts'

type Params = Readonly<Record<string, unknown>>

const BY_TABLE = { trigger: ['runs'], granularity: ['table'], movement: ['rr'] }

/** A memtable has 10 raw bytes, and so have tables without `values`. */
function viewOf(tree: string, state: unknown = {}): TreeView {
  return {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: { cursors: [], ...(state as object) },
    inProgress: [],
    oldestSnapshotSeq: 1000,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
  }
}

function pick(tree: string, params: Params = {}, state: unknown = {}): CompactionSpec | null {
  const view = viewOf(tree, state)
  const spec = composed.create({ layout: 'tiering', ...BY_TABLE, ...params }).pick(view)
  if (spec !== null) validateSpec({ ...view, retention: null }, spec)
  return spec
}

/** The spec as text, without its reason. */
const what = (spec: CompactionSpec | null) => printSpec(spec).replace(/ because .*/, '')

/** Four runs of level 1, cut alike, above a deeper run; at T = 4 one too many. */
const FULL = `
  L1
    R14: 41[a,c] values=10; 42[d,f] values=10; 43[g,i] values=10
    R13: 31[a,c] values=10; 32[d,f] values=10; 33[g,i] values=10
    R12: 21[a,c] values=10; 22[d,f] values=10; 23[g,i] values=10
    R11: 11[a,c] values=10; 12[d,f] values=10; 13[g,i] values=10
  L2
    R10: 1[a,i] values=160`

describe('a level with a run too many is drained by tables', () => {
  test('level 0 is taken whole, and becomes the newest run of level 1', () => {
    const flushed = `
      L0
        R4: 4[a,z] values=10
        R3: 3[a,z] values=10
        R2: 2[a,z] values=10
      L1
        R1: 1[a,z] values=40`
    expect(pick(flushed)).toBeNull()
    expect(printSpec(pick(flushed, { l0Trigger: 3 }))).toBe(
      'merge L0 R4, L0 R3, L0 R2 -> L1 new because runs(0) ≥ l0Trigger',
    )
  })

  test('the first job opens a run in the next level, and notes which runs go there', () => {
    const spec = pick(FULL)
    expect(printSpec(spec)).toBe(
      'merge L1 R14 (tables 41), L1 R13 (tables 31), L1 R12 (tables 21), L1 R11 (tables 11) ' +
        '-> L2 new because runs > K',
    )
    expect(spec!.nextState).toMatchObject({ draining: [[], [14, 13, 12, 11]] })
  })

  const begun = `
    L1
      R15: 51[a,z] values=40
      R14: 42[d,f] values=10; 43[g,i] values=10
      R13: 32[d,f] values=10; 33[g,i] values=10
      R12: 22[d,f] values=10; 23[g,i] values=10
      R11: 12[d,f] values=10; 13[g,i] values=10
    L2
      R16: 2[a,c] values=40
      R10: 1[a,i] values=160`
  const state = { draining: [[], [14, 13, 12, 11]], cursors: [null, '63'] }

  test('later jobs write into that run, and leave alone what has arrived since', () => {
    expect(printSpec(pick(begun, {}, state))).toBe(
      'merge L1 R14 (tables 42), L1 R13 (tables 32), L1 R12 (tables 22), L1 R11 (tables 12) ' +
        '-> L2 R16 because level not drained to its end',
    )
  })

  test('the level below waits, although it has more runs too many', () => {
    const both = begun.replace('R10:', 'R9: 6[a,i]\n R8: 7[a,i]\n R7: 8[a,i]\n R6: 9[a,i]\n R10:')
    expect(pick(both, {}, state)!.inputs[0]!.level).toBe(1)
    expect(pick(both)!.inputs[0]!.level).toBe(2)
  })

  test('fragments of older runs go too, and the draining ends with the last', () => {
    const fragment = `
      L1
        R15: 51[a,z] values=40
        R12: 23[y,z] values=1
      L2
        R16: 2[a,i] values=150
        R10: 1[a,i] values=160`
    expect(what(pick(fragment, {}, state))).toBe('move L1 R12 (tables 23) -> L2 R16')
    expect(pick(fragment.replace(/ *R12.*\n/, ''), {}, state)).toBeNull()
  })
})

describe('recency: what older runs of the level hold of the key range goes along', () => {
  /** Cut by size alone, so each older run widens the range. */
  const bricks = `
    L1
      R14: 41[a,c]; 42[g,i]; 43[v,z]
      R13: 31[b,e]; 32[f,m]
      R12: 21[d,e]; 22[k,p]
      R11: 11[e,h]; 12[n,s]; 13[t,z]
    L2
      R10: 1[a,z]`

  test('the range grows from run to run, newest first', () => {
    // a–c meets b–e, that meets d–e, and both meet e–h.
    expect(what(pick(bricks))).toBe(
      'merge L1 R14 (tables 41), L1 R13 (tables 31), L1 R12 (tables 21), L1 R11 (tables 11) ' +
        '-> L2 new',
    )
    // g–i meets f–m, that meets k–p, and the hull f–p meets e–h and n–s.
    expect(what(pick(bricks, {}, { cursors: [null, '63'] }))).toBe(
      'merge L1 R14 (tables 42), L1 R13 (tables 32), L1 R12 (tables 22), L1 R11 (tables 11, 12) ' +
        '-> L2 new',
    )
  })

  test('without the older tables the engine refuses the spec', () => {
    const spec = pick(bricks)!
    const alone = { ...spec, inputs: spec.inputs.slice(0, 1) } as CompactionSpec
    expect(() => validateSpec({ ...viewOf(bricks), retention: null }, alone)).toThrow(
      'table 41 of level 1 would pass table 31 of level 1, which overlaps it',
    )
  })

  test('newer runs stay where they are', () => {
    const draining = [[], [13, 12, 11]]
    expect(what(pick(bricks, {}, { draining }))).toBe(
      'merge L1 R13 (tables 31), L1 R12 (tables 21), L1 R11 (tables 11), L2 R10 (tables 1) ' +
        '-> L2 R10',
    )
  })

  test('a table that no older run overlaps moves alone', () => {
    const apart = 'L1\n R4: 4[x,z]\n R3: 3[a,b]\n R2: 2[c,d]\n R1: 1[e,f]\nL2\n R5: 5[a,z]'
    expect(what(pick(apart))).toBe('move L1 R4 (tables 4) -> L2 new')
  })
})

describe('the deepest level', () => {
  const deepest = (bytes: number) => `
    L1
      R4: 4[a,c] values=4; 44[d,f] values=4
      R3: 3[a,c] values=4; 33[d,f] values=4
      R2: 2[a,f] values=8
      R1: 1[a,c] values=${bytes - 24}; 11[x,z] values=0`

  test('is merged into its oldest run while it is not full, or else goes deeper', () => {
    // Full: 4 flushes · memtable · T.
    expect(printSpec(pick(deepest(159)))).toBe(
      'merge L1 R4 (tables 4), L1 R3 (tables 3), L1 R2 (tables 2), L1 R1 (tables 1) ' +
        '-> L1 R1 because runs > Z',
    )
    expect(what(pick(deepest(160)))).toMatch(/ -> L2 new$/)
  })

  test('is drained when only its oldest run is left', () => {
    const draining = [[], [4, 3, 2, 1]]
    const last = (others: string) => `L1${others}\n R1: 1[a,c] values=100`
    expect(what(pick(last('\n R2: 2[b,f] values=8'), {}, { draining }))).toBe(
      'merge L1 R2 (tables 2), L1 R1 (tables 1) -> L1 R1',
    )
    expect(pick(last(''), {}, { draining })).toBeNull()
  })

  test('of L-leveling takes what arrives into its only run, and moves whole when it is full', () => {
    const lazy = { layout: 'L-leveling' }
    const arriving = FULL.replace('1[a,i] values=160', '1[a,e] values=80; 2[f,i] values=80')
    expect(what(pick(arriving, lazy))).toBe(
      'merge L1 R14 (tables 41), L1 R13 (tables 31), L1 R12 (tables 21), L1 R11 (tables 11), ' +
        'L2 R10 (tables 1) -> L2 R10',
    )
    const full = 'L2\n R1: 1[a,e] values=320; 2[f,i] values=320'
    const spec = pick(full, lazy)!
    expect(printSpec(spec)).toBe('move L2 R1 (tables 1) -> L3 new because bytes ≥ base·T^level')
    const later = 'L2\n R1: 2[f,i] values=320\nL3\n R2: 1[a,e] values=320'
    expect(what(pick(later, lazy, spec.nextState))).toBe('move L2 R1 (tables 2) -> L3 R2')
  })
})

describe('hybrid', () => {
  test('a run below K takes ⌈(T − 1) ÷ K⌉ arrivals, counted by bytes', () => {
    const hybrid = { layout: 'hybrid', T: 7, K: 3, Z: 3, l0Trigger: 2 }
    const tree = (bytes: number) => `
      L0
        R3: 3[a,z]
        R2: 2[a,z]
      L1
        R1: 1[a,z] values=${bytes}
      L2
        R0: 9[a,z]`
    // One and a half arrivals of two flushes.
    expect(what(pick(tree(29), hybrid))).toBe('merge L0 R3, L0 R2, L1 R1 (tables 1) -> L1 R1')
    expect(what(pick(tree(30), hybrid))).toBe('merge L0 R3, L0 R2 -> L1 new')
    // A run that is being drained takes none.
    const state = { draining: [[], [1]] }
    expect(what(pick(tree(29), hybrid, state))).toBe('merge L0 R3, L0 R2 -> L1 new')
  })

  test('a level of one run above the deepest is due by bytes and sends single tables', () => {
    const hybrid = { layout: 'hybrid', K: 1, Z: 3 }
    const tree = (bytes: number) =>
      `L1\n R2: 2[a,b] values=${bytes}; 3[c,d] values=10\nL2\n R1: 1[a,d] values=20`
    expect(pick(tree(29), hybrid)).toBeNull()
    const spec = pick(tree(30), hybrid)
    expect(printSpec(spec)).toBe(
      'merge L1 R2 (tables 2), L2 R1 (tables 1) -> L2 R1 because bytes ≥ base·T^level',
    )
    expect(spec!.nextState).not.toHaveProperty('draining')
  })
})

describe('marked tables', () => {
  const stale = { trigger: ['staleness', 'runs'], staleMs: 100 }
  const tree = `
    L1
      R4: 4[a,c] created=50; 5[d,f] created=-200
      R3: 3[a,f] created=50
    L2
      R2: 2[a,z] created=50
      R1: 1[a,c] created=50`

  test('go deeper with what older runs hold of their keys', () => {
    expect(printSpec(pick(tree, stale))).toBe(
      'merge L1 R4 (tables 5), L1 R3 (tables 3), L2 R2 (tables 2) -> L2 R2 because table age ≥ staleMs',
    )
  })

  test('of the deepest level are rewritten into its oldest run', () => {
    const old = tree
      .replace('created=-200', 'created=50')
      .replace('2[a,z] created=50', '2[a,z] created=-200')
    expect(what(pick(old, stale))).toBe('merge L2 R2 (tables 2), L2 R1 (tables 1) -> L2 R1')
  })
})

describe('against whole levels', () => {
  /** Whole buffers of unique keys. */
  function loaded(params: Params, buffers: number) {
    const strategy = composed.create({ layout: 'tiering', trigger: ['runs'], ...params })
    let tree: SteppedTree = emptyTree(strategy, { memtableBytes: 16, entryBytes: 1 })
    let most = 0
    for (let buffer = 0; buffer < buffers; buffer++) {
      const keys = Array.from(
        { length: 16 },
        (_, at) => ((buffer * 16 + at) * 2654435761) % 2 ** 31,
      )
      const before = tree
      const step = load(tree, strategy, keys)
      tree = step.tree
      for (const spec of step.specs) {
        if (spec.kind !== 'merge' || spec.inputs.some(({ tables }) => tables === 'all')) continue
        most = Math.max(
          most,
          spec.inputs.reduce((sum, slice) => sum + slice.tables.length, 0),
        )
      }
      expect(tree.nextSeq).toBeGreaterThan(before.nextSeq)
    }
    const shape = tree.version.levels.map(({ runs }) => runs.length)
    return { shape, written: tree.writtenBytes / (buffers * 16), most }
  }

  test('the same tree after 255 buffers, for a little more and in small jobs', () => {
    const whole = loaded({ granularity: ['level'] }, 255)
    const byTable = loaded({ granularity: ['table'], movement: ['rr'] }, 255)
    expect(whole.shape).toEqual([3, 3, 3, 3])
    expect(byTable.shape).toEqual(whole.shape)
    // The last arrival of each level is written once more: 3.26 + 63/255 + 15/255 + …
    expect(byTable.written / whole.written).toBeGreaterThan(1)
    expect(byTable.written / whole.written).toBeLessThan(1.2)
    expect(byTable.most).toBeLessThan(16)
  })
})
