import { describe, expect, test } from 'vitest'
import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { validateSpec } from '../../engine/compaction/validate-spec.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { outputTo } from '../primitives/specs.ts'
import {
  apply,
  brokenRecency,
  drain,
  emptyTree,
  flush,
  load,
  readAll,
  viewOf,
} from '../testing/stepper.ts'
import { dynamicLeveled } from './dynamic-leveled.ts'
import { levelingPartial } from './leveling-partial.ts'

type Params = Readonly<Record<string, string | number>>

/** Tables weigh `values` raw bytes, and a memtable 10. */
function textView(tree: string, more: Partial<TreeView> = {}): TreeView {
  return {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: { cursors: [] },
    inProgress: [],
    oldestSnapshotSeq: 1000,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
    ...more,
  }
}

/** A pick without its formula; the engine would accept it. */
function pickOf(
  params: Params,
  tree: string,
  more: Partial<TreeView> = {},
  dynamic = false,
): string {
  const view = textView(tree, more)
  const spec = (dynamic ? dynamicLeveled : levelingPartial).create(params).pick(view)
  if (spec !== null) validateSpec({ ...view, retention: null }, spec)
  return printSpec(spec).replace(/ because .*/, '')
}

const LEVELDB = { rules: 'leveldb' }

describe('level 0 is due by its bytes too (RocksDB, ComputeCompactionScore)', () => {
  /** At T = 2 level 1 may hold 20. */
  const tree = (bytes: number) => `L0\n R2: 2[a,z] values=10\n R1: 1[a,z] values=${bytes}`

  test('from what level 1 may hold', () => {
    expect(pickOf({ T: 2 }, tree(9))).toBe('nothing')
    expect(pickOf({ T: 2 }, tree(10))).toBe('merge L0 R2, L0 R1 -> L1 new')
    expect(pickOf({ T: 2 }, tree(10), {}, true)).toBe('merge L0 R2, L0 R1 -> L6 new')
  })

  test('in LevelDB by its runs alone', () => {
    expect(pickOf({ T: 2, ...LEVELDB }, tree(1000))).toBe('nothing')
  })

  test('and it says so', () => {
    const view = textView(tree(10))
    expect(levelingPartial.create({ T: 2 }).pick(view)?.reason).toEqual({
      trigger: 'level saturation',
      formula: 'bytes(0) ≥ base·T',
      values: { level: 0, bytes: 20, target: 20 },
    })
    expect(levelingPartial.create({ T: 2 }).score(view)[0]).toEqual({ level: 0, score: 1 })
  })
})

describe('a flushed run that overlaps nothing (LevelDB, PickLevelForMemTableOutput)', () => {
  const flushed = (deeper: string, others = '', more: Partial<TreeView> = {}) =>
    pickOf(LEVELDB, `L0\n R9: 9[d,f] values=10\n${others}\n${deeper}`, more)

  test.each([
    ['goes to level 2', '', 'move L0 R9 -> L2 new'],
    ['joins what is there', 'L2\n R1: 1[a,c]; 2[g,h]', 'move L0 R9 -> L2 R1'],
    ['stays above what it overlaps', 'L2\n R1: 1[a,d]', 'move L0 R9 -> L1 new'],
    ['stays in level 0 if level 1 has such a table', 'L1\n R1: 1[a,z]', 'nothing'],
    [
      'overlaps ten tables’ size one level deeper',
      'L3\n R1: 1[a,z] values=100',
      'move L0 R9 -> L2 new',
    ],
    ['does not overlap more', 'L3\n R1: 1[a,z] values=101', 'move L0 R9 -> L1 new'],
  ])('%s', (_, deeper, expected) => {
    expect(flushed(deeper)).toBe(expected)
  })

  test('stays above older runs of level 0 that it overlaps', () => {
    expect(flushed('', ' R8: 8[a,c] values=10')).toBe('move L0 R9 -> L2 new')
    expect(flushed('', ' R8: 8[a,d] values=10')).toBe('nothing')
  })

  test('waits for jobs on the levels that it crosses', () => {
    const tree = 'L0\n R9: 9[d,f] values=10\nL1\n R1: 1[a,b] values=90\nL2\n R2: 2[a,b]'
    const job = levelingPartial.create(LEVELDB).pick(textView(tree.replace('9[d,f]', '9[a,f]')))!
    expect(pickOf(LEVELDB, tree)).toBe('move L0 R9 -> L2 R2')
    expect(pickOf(LEVELDB, tree, { inProgress: [job] })).toBe('nothing')
  })

  test('in RocksDB it stays in level 0', () => {
    expect(pickOf({}, 'L0\n R9: 9[d,f] values=10')).toBe('nothing')
  })
})

describe('sizes count tombstones (RocksDB, ComputeCompensatedSizes)', () => {
  /** Values of 10 bytes. Table 1 has two tombstones above half of its entries: 40 more bytes. */
  const level1 = `L1
    R1: 1[a,b] values=10 entries=4 tombstones=3; 2[c,d] values=10`

  test('a level with many tombstones is due earlier', () => {
    expect(pickOf({ T: 6 }, level1)).toBe('move L1 R1 (tables 1, 2) -> L2 new')
    expect(pickOf({ T: 7 }, level1)).toBe('nothing')
    expect(pickOf({ T: 6, ...LEVELDB }, level1)).toBe('nothing')
  })

  test('half of the entries may be tombstones at no weight', () => {
    expect(pickOf({ T: 3 }, level1.replace('tombstones=3', 'tombstones=2'))).toBe('nothing')
  })

  test('a table with many tombstones goes earlier, and is largest', () => {
    const tree = `L1
        R1: 1[a,b] values=10; 2[c,d] values=10 entries=4 tombstones=3; 3[e,f] values=30 entries=3
      L2
        R2: 11[a,b] values=10; 12[c,d] values=40 entries=4; 13[e,f] values=40 entries=4`
    const first = (params: Params) =>
      levelingPartial.create({ T: 2, ...params }).pick(textView(tree))?.reason.values.table
    expect(first({})).toBe(2)
    expect(first(LEVELDB)).toBe(1)
    expect(first({ pick: 'largest' })).toBe(2)
    expect(first({ pick: 'largest', ...LEVELDB })).toBe(3)
  })
})

describe('dynamic targets (RocksDB, CalculateBaseBytes), T = 4: base · T is 40', () => {
  const pick = (tree: string, params: Params = {}) => pickOf(params, tree, {}, true)
  const tree = (bytes: number, last: number) => `L5
      R2: 2[a,b] values=${bytes - 1}; 3[c,d]
    L6
      R1: 1[a,b] values=${last}`

  test('no level is due below it, however small its share of the last level', () => {
    expect(pick(tree(39, 100))).toBe('nothing')
    expect(pick(tree(40, 100))).toMatch(/^move L5 R2/)
  })

  test('nor is level 1 due above it, however large the last', () => {
    const deep = (bytes: number) => `L1
        R2: 2[a,b] values=${bytes}
      L6
        R1: 1[a,b] values=10000000`
    expect(pick(deep(39))).toBe('nothing')
    expect(pick(deep(40))).toMatch(/^move L1 R2/)
  })

  test('a level that the data no longer needs is emptied, the deepest last (since 8.2)', () => {
    const shrunk = `L4
        R3: 3[a,b] values=9
      L5
        R2: 2[a,b] values=9
      L6
        R1: 1[a,b] values=41`
    expect(pick(shrunk)).toBe('merge L4 R3 (tables 3), L5 R2 (tables 2) -> L5 R2')
    expect(pick(shrunk, { rules: 'rocksdb-7.8' })).toBe('nothing')
    expect(pick(shrunk.replace(/L4[^L]*L5/, 'L5'))).toBe('nothing')
    expect(pick(shrunk.replace(/L4[^L]*L5/, 'L5').replace('41', '40'))).toMatch(/^merge L5 R2/)
  })
})

describe('with dynamic targets a due level waits for what is about to arrive', () => {
  const flushed = (runs: number) =>
    `L0\n${Array.from({ length: runs }, (_, at) => `R${99 - at}: ${99 - at}[a,z] values=10`).join('\n')}`
  const below = `L5
      R2: 2[a,b] values=44
    L6
      R1: 1[a,b] values=160`
  const level = (runs: number, params: Params = {}) =>
    printSpec(dynamicLeveled.create(params).pick(textView(`${flushed(runs)}\n${below}`)))

  test('level 0 with more runs than its trigger goes first', () => {
    expect(level(5)).toMatch(/-> L5/)
    // 5 of 4 runs are a score of 12.5; 44 bytes above 40 and 50 arriving are one of 4.9.
  })

  test('a level goes before a fuller one below it that waits for its bytes', () => {
    const tree = `L4
        R3: 3[a,b] values=80
      L5
        R2: 2[a,b] values=250
      L6
        R1: 1[a,b] values=400`
    expect(pickOf({}, tree, {}, true)).toMatch(/-> L5 R2$/)
  })

  test('with just as many as its trigger it goes second', () => {
    expect(level(4, { baseBytes: 11 })).toMatch(/-> L6/)
  })
})

describe('what goes down together', () => {
  const upper = (...bytes: number[]) =>
    `L1\n R1: ${bytes.map((each, at) => `${at + 1}[${'acegik'[at]},${'bdfhjl'[at]}] values=${each}`).join('; ')}`

  test('tables that add none of the next level join (SetupOtherInputs)', () => {
    const tree = `${upper(20, 30, 20, 20)}\nL2\n R2: 5[a,f] values=30; 6[k,m] values=90`
    expect(pickOf({ pick: 'largest' }, tree)).toBe(
      'merge L1 R1 (tables 1, 2, 3), L2 R2 (tables 5) -> L2 R2',
    )
  })

  test('in LevelDB only if all that touch the range may, in RocksDB also those within it', () => {
    const tree = `${upper(20, 30, 20, 20)}\nL2\n R2: 5[a,g] values=30; 6[h,m] values=90`
    const within = 'merge L1 R1 (tables 1, 2, 3), L2 R2 (tables 5) -> L2 R2'
    expect(pickOf({ pick: 'largest' }, tree)).toBe(within)
    expect(pickOf({ pick: 'largest', ...LEVELDB }, tree)).toBe(
      'merge L1 R1 (tables 2), L2 R2 (tables 5) -> L2 R2',
    )
  })

  test.each([
    ['leveldb', 25],
    ['rocksdb', 50],
  ] as const)('%s: unless all inputs have the bytes of %i tables', (rules, limit) => {
    const tree = (bytes: number) => `${upper(20, 30, 20, 20)}\nL2\n R2: 5[a,h] values=${bytes}`
    // Level 1 must be fuller than level 2.
    const params = { pick: 'largest', rules, T: 9, baseBytes: 1 }
    const pick = (bytes: number) => pickOf(params, tree(bytes))
    expect(pick(limit * 10 - 91)).toMatch(/tables 1, 2, 3, 4/)
    expect(pick(limit * 10 - 90)).toMatch(/tables 2\)/)
  })

  test('a table that overlaps much of the level after that is rewritten (IsTrivialMove)', () => {
    const tree = (bytes: number) => `${upper(40)}\nL3\n R3: 9[a,b] values=${bytes}`
    const kind = (bytes: number, params: Params = {}) => pickOf(params, tree(bytes)).split(' ')[0]
    expect(kind(210)).toBe('move')
    expect(kind(211)).toBe('merge')
    expect(kind(100, LEVELDB)).toBe('move')
    expect(kind(101, LEVELDB)).toBe('merge')
  })

  test('neighbours move along: up to four tables, to both sides since 8.2', () => {
    const tree = upper(9, 9, 10, 9, 9, 9)
    const pick = (params: Params) => pickOf({ pick: 'largest', ...params }, tree)
    expect(pick({})).toBe('move L1 R1 (tables 3, 4, 5, 6) -> L2 new')
    const near = upper(9, 9, 9, 9, 10, 9)
    expect(pickOf({ pick: 'largest' }, near)).toBe('move L1 R1 (tables 3, 4, 5, 6) -> L2 new')
    expect(pickOf({ pick: 'largest', rules: 'rocksdb-7.8' }, near)).toBe(
      'move L1 R1 (tables 5, 6) -> L2 new',
    )
    expect(pick(LEVELDB)).toBe('move L1 R1 (tables 3) -> L2 new')
  })
})

describe('the way out of level 0', () => {
  const flushed = `L0
      R6: 6[a,c] values=10
      R5: 5[p,r] values=10
      R4: 4[b,d] values=10
      R3: 3[k,m] values=10`
  const disjoint = 'L1\n R1: 1[e,f] values=10; 2[s,t] values=10'

  test('the oldest runs that overlap nothing move (TryPickL0TrivialMove, since 7.5)', () => {
    expect(pickOf({}, `${flushed}\n${disjoint}`)).toBe('move L0 R3 -> L1 R1')
    expect(pickOf({}, `${flushed}\nL1\n R1: 1[w,x] values=10`)).toBe(
      'move L0 R5, L0 R4, L0 R3 -> L1 R1',
    )
  })

  test('else a run goes with those it overlaps; in LevelDB round-robin says which', () => {
    const met = `${flushed}\nL1\n R1: 1[a,b] values=9; 2[k,l] values=10; 3[p,q] values=20`
    expect(pickOf({}, met)).toBe('merge L0 R6, L0 R4, L1 R1 (tables 1) -> L1 R1')
    const leveldb = (cursor: string | null) =>
      pickOf({ pick: 'rr', ...LEVELDB }, met, { state: { cursors: [cursor] } })
    expect(leveldb(null)).toBe('merge L0 R6, L0 R4, L1 R1 (tables 1) -> L1 R1')
    expect(leveldb('64')).toBe('merge L0 R3, L1 R1 (tables 2) -> L1 R1')
    expect(leveldb('6d')).toBe('merge L0 R5, L1 R1 (tables 3) -> L1 R1')
    expect(leveldb('72')).toBe('merge L0 R6, L0 R4, L1 R1 (tables 1) -> L1 R1')
  })

  test('runs that overlap through others go together', () => {
    const chain = `L0
        R6: 6[a,c] values=10
        R5: 5[b,e] values=10
        R4: 4[d,g] values=10
        R3: 3[x,z] values=10
      L1
        R1: 1[x,y] values=10`
    expect(pickOf({}, chain)).toBe('merge L0 R6, L0 R5, L0 R4 -> L1 R1')
  })

  test('runs that add none of level 1 join', () => {
    const wide = `${flushed}\nL1\n R1: 1[a,n] values=9; 3[o,q] values=20`
    expect(pickOf({}, wide)).toBe('merge L0 R6, L0 R4, L0 R3, L1 R1 (tables 1) -> L1 R1')
  })
})

describe('merges within level 0', () => {
  const flushed = (runs: number, bytes: number) =>
    `L0\n${Array.from({ length: runs }, (_, at) => `R${99 - at}: ${99 - at}[a,z] values=${bytes}`).join('\n')}`

  test('a small level 0 merges within itself (since 9.0)', () => {
    const tree = (bytes: number) => `${flushed(4, 1)}\nL1\n R1: 1[a,z] values=${bytes}`
    const params = { baseBytes: 1000 }
    expect(pickOf(params, tree(81))).toBe('merge L0 R99, L0 R98, L0 R97, L0 R96 -> L0 R96')
    expect(pickOf(params, tree(80))).toMatch(/-> L1 R1$/)
    expect(pickOf({ ...params, rules: 'rocksdb-7.8' }, tree(81))).toMatch(/-> L1 R1$/)
    expect(pickOf({ ...params, intraL0: 'never' }, tree(81))).toMatch(/-> L1 R1$/)
  })

  const job = (inputs: CompactionSpec['inputs']): CompactionSpec => ({
    kind: 'merge',
    inputs,
    outputs: [outputTo({ level: inputs[0]!.level + 1, after: null }, null, 0)],
    nextState: null,
    reason: { trigger: '', formula: '', values: {} },
  })
  test('so do the newest runs while a running job blocks the way down', () => {
    const pick = (runs: number, params: Params = {}) => {
      const oldest = [3, 2, 1, 0].map((at) => ({ level: 0, run: 100 - runs + at, tables: 'all' }))
      const tree = `${flushed(runs, 10)}\nL1\n R1: 1[a,z] values=10`
      return pickOf(params, tree, { inProgress: [job(oldest as CompactionSpec['inputs'])] })
    }
    expect(pick(7)).toBe('nothing')
    expect(pick(8)).toBe('merge L0 R99, L0 R98, L0 R97, L0 R96 -> L0 R96')
    expect(pick(8, { rules: 'rocksdb-7.8' })).toBe(pick(8))
    expect(pick(8, LEVELDB)).toBe('nothing')
    expect(pick(8, { intraL0: 'never' })).toBe('nothing')
    expect(pick(8, { intraL0: 'blocked', ...LEVELDB })).toBe(pick(8))
  })

  test('only as long as each further run makes a removed run cheaper', () => {
    const growing = `L0
        R9: 9[a,z] values=10
        R8: 8[a,z] values=10
        R7: 7[a,z] values=10
        R6: 6[a,z] values=10
        R5: 5[a,z] values=90
        R4: 4[a,z] values=10
      L1
        R1: 1[a,z] values=10`
    const blocked = { inProgress: [job([{ level: 1, run: 1, tables: 'all' }])] }
    expect(pickOf({}, growing, blocked)).toBe('merge L0 R9, L0 R8, L0 R7, L0 R6 -> L0 R6')
  })

  test('every key keeps its newest version, whichever merge ends first', () => {
    const strategy = levelingPartial.create({})
    const keys = (from: number) => Array.from({ length: 8 }, (_, at) => (from * 5 + at * 3) % 40)
    let tree = emptyTree(strategy, { memtableBytes: 8, entryBytes: 1 })
    for (let buffer = 0; buffer < 8; buffer++) tree = load(tree, strategy, keys(buffer)).tree
    for (let buffer = 0; buffer < 4; buffer++) tree = flush(tree, keys(buffer))
    const down = strategy.pick(viewOf(tree))!
    for (let buffer = 4; buffer < 8; buffer++) tree = flush(tree, keys(buffer))
    const within = strategy.pick({ ...viewOf(tree), inProgress: [down] })!
    expect(printSpec(within)).toMatch(/-> L0 R/)
    const ways = [
      [down, within],
      [within, down],
    ].map((specs) => specs.reduce((state, spec) => apply(state, spec), tree))
    for (const after of ways) {
      expect(brokenRecency(after.version)).toBeNull()
      expect(readAll(after.version)).toEqual(readAll(tree.version))
      expect(readAll(drain(after, strategy).tree.version)).toEqual(readAll(tree.version))
    }
  })
})
