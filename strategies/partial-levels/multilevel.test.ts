import { describe, expect, test } from 'vitest'
import type { CompactionSpec } from '../../engine/compaction/strategy.ts'
import { validateSpec } from '../../engine/compaction/validate-spec.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { levelAt } from '../../engine/version/version.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { emptyTree, load } from '../testing/stepper.ts'
import { descendSpan } from './descent.ts'
import { levelingPartial } from './leveling-partial.ts'
import type { Multilevel } from './multilevel.ts'
import type { PartialShape } from './shared-rules.ts'
import { SOURCE_RULES } from './source-rules.ts'

const SHAPE: PartialShape = {
  T: 4,
  l0Trigger: 4,
  baseBytes: 0,
  sizing: 'static',
  levels: 0,
  movement: ['lo1'],
  tablesPerJob: 1,
  densityThreshold: 0.5,
  ttlMs: 0,
  bitsPerKey: 10,
  targetTableBytes: 10,
  rules: SOURCE_RULES.rocksdb,
  softCuts: 'none',
  multilevel: 'write-amp',
}

/** A run for each level, from `from` on; a level may be empty. */
function treeOf(levels: readonly string[], from: number): string {
  return levels
    .map((tables, at) => (tables === '' ? '' : `L${from + at}\n  R${from + at}: ${tables}`))
    .join('\n')
}

/** The spec that sends the first table of a level down, in a tree that has an L6 as well. */
function descent(
  levels: readonly string[],
  choice: Partial<Multilevel & Pick<PartialShape, 'targetTableBytes'>> = {},
  inProgress: readonly CompactionSpec[] = [],
) {
  const tree = `${treeOf(levels, 1)}\nL6\n  R6: 99[zz,zz]`
  const view = {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: { cursors: [] },
    inProgress,
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
  }
  const reason = { trigger: 'test', formula: 'test', values: {} }
  const spec = descendSpan(
    view,
    { ...SHAPE, ...choice },
    1,
    { from: 0, to: 1 },
    {
      nextState: view.state,
      reason,
    },
  )
  validateSpec({ ...view, retention: null }, spec)
  return spec
}

/** The ids of the inputs by level, 'from L1' first, and the level of the output. */
function inputsOf(spec: CompactionSpec): string {
  const place =
    spec.kind === 'merge' ? spec.outputs[0]!.place : spec.kind === 'move' ? spec.place : null
  const inputs = spec.inputs.map(({ level, tables }) => {
    return `${level}: ${tables === 'all' ? 'all' : tables.map(({ id }) => id).join(' ')}`
  })
  return `${inputs.join(', ')} -> ${place?.level}`
}

/** `testdata/compaction_setup_inputs_multilevel_write_amp` of Pebble: L1, L2, L3, L4. */
describe("Pebble's decisions", () => {
  test.each([
    ['three levels write less per byte', ['1[a,b]', '2[a,c]', '3[c,d]'], '1: 1, 2: 2, 3: 3 -> 3'],
    [
      'the size of the input level does not matter',
      ['1[a,b] values=10', '2[a,c]', '3[c,d]'],
      '1: 1, 2: 2, 3: 3 -> 3',
    ],
    ['they write more', ['1[a,b]', '2[a,c]', '3[c,d] values=3'], '1: 1, 2: 2 -> 2'],
    [
      'tables beside the inputs stay',
      ['1[a,b] values=6', '2[a,c] values=5; 3[e,h] values=4', '4[c,d] values=6; 5[e,h] values=4'],
      '1: 1, 2: 2, 3: 4 -> 3',
    ],
    [
      'none overlaps in the lowest level',
      ['1[a,b] values=6', '2[a,c] values=5', '3[e,f] values=100'],
      '1: 1, 2: 2 -> 3',
    ],
    ['the lowest level is empty', ['1[a,b] values=6', '2[a,c] values=5', ''], '1: 1, 2: 2 -> 3'],
    [
      'a move costs nothing',
      ['1[a,b] values=6', '2[e,f] values=100', '3[a,c] values=5'],
      '1: 1 -> 2',
    ],
    ['a move past two levels', ['1[a,b] values=6', '2[e,f]', '3[e,f] values=5'], '1: 1 -> 3'],
    [
      'the middle level grows',
      ['1[a,b] values=3', '2[a,b] values=5; 3[c,d] values=3', '4[a,c] values=3'],
      '1: 1, 2: 2 3, 3: 4 -> 3',
    ],
    [
      'the input level does not',
      ['1[a,b]; 2[c,d] values=10', '3[a,b]', '4[a,c]'],
      '1: 1, 2: 3, 3: 4 -> 3',
    ],
    [
      'three times as much in the lowest',
      ['1[a,b]', '2[a,c]', '3[c,d] values=3'],
      '1: 1, 2: 2 -> 2',
    ],
    [
      'the middle does not grow if the lowest would',
      ['1[a,b]', '2[a,b]; 3[d,f]', '4[b,d]; 5[e,f]'],
      '1: 1, 2: 2, 3: 4 -> 3',
    ],
    [
      'never four levels',
      ['1[a,b] values=6', '2[a,c] values=5', '3[c,d] values=2', '4[c,d]'],
      '1: 1, 2: 2, 3: 3 -> 3',
    ],
    [
      'the middle grows by a larger table',
      ['1[a,c] values=4', '2[a,d] values=5; 3[e,f] values=8', '4[a,b] values=2; 5[c,g] values=2'],
      '1: 1, 2: 2 3, 3: 4 5 -> 3',
    ],
  ])('%s', (_, levels, expected) => {
    expect(inputsOf(descent(levels))).toBe(expected)
  })

  test('not above the size limit, of two levels or of three', () => {
    // Two levels have 13 bytes, three 16. 25 tables are 12.5 bytes, 15 and 17.5.
    const levels = ['1[a,b] values=8', '2[a,b] values=5', '3[a,d] values=3']
    expect(inputsOf(descent(levels, { targetTableBytes: 0.5 }))).toBe('1: 1, 2: 2 -> 2')
    expect(inputsOf(descent(levels, { targetTableBytes: 0.6 }))).toBe('1: 1, 2: 2 -> 2')
    expect(inputsOf(descent(levels, { targetTableBytes: 0.7 }))).toBe('1: 1, 2: 2, 3: 3 -> 3')
  })

  test('not beside a job on the lowest level, nor beside another of three levels', () => {
    const levels = ['1[a,b]', '2[a,c]', '3[c,d]']
    const job = {
      kind: 'move' as const,
      inputs: [{ level: 6, run: 6, tables: 'all' as const }],
      nextState: null,
      reason: { trigger: 'test', formula: 'test', values: {} },
    }
    const elsewhere = { ...job, place: { level: 7, after: null } }
    const there = { ...job, place: { level: 3, after: null } }
    expect(inputsOf(descent(levels, {}, [elsewhere]))).toBe('1: 1, 2: 2, 3: 3 -> 3')
    expect(inputsOf(descent(levels, {}, [there]))).toBe('1: 1, 2: 2 -> 2')
    const slice = (level: number) => ({ level, run: level, tables: 'all' as const })
    const ofThree = { ...elsewhere, inputs: [slice(4), slice(5), slice(6)] }
    expect(inputsOf(descent([...levels, '4[x,y]', '5[x,y]'], {}, [ofThree]))).toBe(
      '1: 1, 2: 2 -> 2',
    )
  })
})

test('addPropensity shifts the balance, and the default makes no such merge', () => {
  const more = ['1[a,b]', '2[a,c]', '3[c,d] values=3']
  expect(inputsOf(descent(more, { addPropensity: 0.5 }))).toBe('1: 1, 2: 2, 3: 3 -> 3')
  const less = ['1[a,b]', '2[a,c]', '3[c,d]']
  expect(inputsOf(descent(less, { addPropensity: -0.51 }))).toBe('1: 1, 2: 2 -> 2')
  expect(inputsOf(descent(less, { multilevel: 'never' }))).toBe('1: 1, 2: 2 -> 2')
})

describe('in a strategy', () => {
  const pick = (tree: string, params: Record<string, unknown>) =>
    levelingPartial.create({ multilevel: 'write-amp', ...params }).pick({
      version: parseVersion(tree),
      memtableBytes: 10,
      state: { cursors: [] },
      inProgress: [],
      oldestSnapshotSeq: 0,
      nowMs: 0,
      tableStats: () => ({ reads: 0 }),
    })

  test('merges start in level 0 only with multilevelL0, and never add a level', () => {
    const level0 = [9, 8, 7, 6].map((run) => `R${run}: ${run}[a,z] values=10`).join('\n')
    const tree = `L0\n${level0}\nL1\nR3: 3[a,z] values=10\nL2\nR2: 2[a,c] values=10`
    expect(printSpec(pick(tree, {}))).toMatch(/ -> L1 R3 /)
    expect(printSpec(pick(tree, { multilevelL0: true }))).toMatch(/, L1 R3 .*, L2 R2 .* -> L2 R2 /)
    const shallow = tree.slice(0, tree.indexOf('\nL2'))
    expect(printSpec(pick(shallow, { multilevelL0: true }))).toMatch(/ -> L1 R3 /)
  })

  test('a load writes less', () => {
    const writes = (multilevel: string) => {
      const strategy = levelingPartial.create({ multilevel })
      let tree = emptyTree(strategy, { memtableBytes: 16, entryBytes: 1 })
      for (let at = 0; at < 200; at++) {
        const keys = Array.from({ length: 16 }, (_, i) => Math.imul(16 * at + i, 0x9e3779b1) >>> 0)
        tree = load(tree, strategy, keys).tree
      }
      expect(levelAt(tree.version, 1).runs).toHaveLength(1)
      return tree.writtenBytes
    }
    expect(writes('write-amp') / writes('never')).toBeLessThan(0.99)
  })
})
