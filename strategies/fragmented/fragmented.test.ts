import { describe, expect, test } from 'vitest'
import { createRandom } from '../../engine/base/random.ts'
import type { MergeOutput, TreeView } from '../../engine/compaction/strategy.ts'
import { validateSpec } from '../../engine/compaction/validate-spec.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { levelingPartial } from '../partial-levels/leveling-partial.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { loadAll } from '../testing/load-all.ts'
import type { SteppedTree } from '../testing/stepper.ts'
import { fragmented } from './fragmented.ts'
import type { State } from './guard-merges.ts'
import { cellsOf } from './guards.ts'

const hex = (key: string) => Buffer.from(key).toString('hex')

/** Tables of one size at every level, one guard a job, and as many levels as the data fills. */
const BY_SATURATION = {
  levels: 0,
  max_sstables_per_guard: 3,
  guardRatio: 0,
  guardsPerJob: 'one',
  l0Trigger: 4,
}

/** What is picked on a tree where a memtable has 10 bytes; the engine would accept it. */
function specOf(
  params: Record<string, unknown>,
  tree: string,
  more: Partial<TreeView<State>> = {},
) {
  const view: TreeView<State> = {
    version: parseVersion(tree),
    memtableBytes: 10,
    state: { cursors: [] },
    inProgress: [],
    oldestSnapshotSeq: 0,
    nowMs: 0,
    tableStats: () => ({ reads: 0 }),
    ...more,
  }
  const spec = fragmented.create(params).pick(view)
  if (spec !== null) validateSpec({ ...view, retention: null }, spec)
  return spec
}

const pickOf = (...args: Parameters<typeof specOf>) => printSpec(specOf(...args))

describe('PebblesDB’s rules', () => {
  /** So many guards of a level, each with so many tables. */
  function level(index: number, guards: readonly number[], firstId: number): string {
    const runs = Array.from({ length: Math.max(...guards) }, (_, height) => {
      const tables = guards.flatMap((depth, at) => {
        const [from, to] = ['acegikmoqs'[at], 'bdfhjlnprt'[at]]
        return depth > height ? [`${firstId + 10 * height + at}[${from},${to}] values=10`] : []
      })
      return `R${firstId + height}: ${tables.join('; ')}`
    })
    return `L${index}\n${runs.reverse().join('\n')}`
  }
  function flushes(count: number): string {
    const runs = Array.from({ length: count }, (_, at) => `R${9 - at}: ${9 - at}[a,t] values=10`)
    return `L0\n${runs.join('\n')}`
  }

  test('two runs of level 0 are due (kL0_SentinelCompactionTrigger)', () => {
    expect(pickOf({}, flushes(1))).toBe('nothing')
    expect(pickOf({}, flushes(2))).toBe('merge L0 R9, L0 R8 -> L1 new because runs(0) ≥ l0Trigger')
  })

  test('three tables of a guard are due (kMaxFilesPerGuardSentinel)', () => {
    expect(pickOf({}, level(1, [2, 2], 100))).toBe('nothing')
    expect(pickOf({}, level(1, [2, 3], 100))).toBe(
      'merge L1 R102 (tables 121), L1 R101 (tables 111), L1 R100 (tables 101) -> L2 new because ' +
        'tables > max_sstables_per_guard',
    )
  })

  test('all guards of the level that are due go in one job', () => {
    const tree = level(1, [3, 2, 3, 3], 100)
    expect(pickOf({}, tree)).toBe(
      'merge L1 R102 (tables 120, 122, 123), L1 R101 (tables 110), ' +
        'L1 R101 (tables 112, 113), L1 R100 (tables 100), L1 R100 (tables 102, 103) -> ' +
        'L2 new, L2 new, L2 new because tables > max_sstables_per_guard',
    )
    expect(pickOf({ guardsPerJob: 'one' }, tree)).toMatch(/^merge L1 R102 \(tables 120\), /)
  })

  test('level 0 goes before a level that is only due, not before one with more', () => {
    expect(pickOf({}, `${flushes(2)}\n${level(1, [3, 1], 100)}`)).toMatch(/^merge L0/)
    expect(pickOf({}, `${flushes(2)}\n${level(1, [4, 1], 100)}`)).toMatch(/^merge L1/)
  })

  test('a level waits for a fuller one below it', () => {
    const upper = level(1, [3], 100)
    expect(pickOf({}, `${upper}\n${level(2, [3], 200)}`)).toMatch(/^merge L1/)
    expect(pickOf({}, `${upper}\n${level(2, [4], 200)}`)).toMatch(/^merge L2/)
  })

  test('the last level merges within its guards, without an oldest table of three quarters', () => {
    const pickLast = (oldest: number, params = {}) =>
      pickOf(
        params,
        `L6\nR3: 3[a,c] values=5\nR2: 2[a,c] values=5\nR1: 1[a,c] values=${oldest}`,
      ).replaceAll(/ \(tables .\)/g, '')
    expect(pickLast(30)).toMatch(/^merge L6 R3, L6 R2, L6 R1 -> L6 R1 /)
    expect(pickLast(31)).toMatch(/^merge L6 R3, L6 R2 -> L6 R2 /)
    expect(pickLast(31, { max_sstables_per_guard: 1 })).toMatch(/, L6 R1 -> L6 R1 /)
    expect(pickOf({}, level(6, [3, 1, 3], 100))).toMatch(/ -> L6 R100, L6 R100 because/)
  })

  test('so does the level above, if it has less than a 26th of its bytes', () => {
    const above = (bytes: number) => `${level(5, [3], 100)}\nL6\nR1: 1[a,z] bytes=${bytes}`
    expect(pickOf({}, above(77))).toMatch(/ -> L6 new because/)
    expect(pickOf({}, above(78))).toMatch(/ -> L5 R100 because/)
  })

  test('guards shrink to three quarters with each level, as one of them goes to four', () => {
    const cutsInto = (index: number, params = {}) => {
      const bytes = level(index - 1, [3], 100).replaceAll('values=10', 'values=40')
      const spec = specOf(params, bytes, { memtableBytes: 40 })
      return spec?.kind === 'merge' && spec.outputs[0]?.targetTableBytes
    }
    // 120 bytes in pieces of 40 · (3/4)^(index − 1), at least 10.
    expect([2, 3, 4].map((index) => cutsInto(index))).toEqual([
      Math.ceil(120 / 3.75),
      Math.ceil(120 / 4.75),
      Math.ceil(120 / 6.75),
    ])
    expect(cutsInto(4, { guardRatio: 0 })).toBe(Math.ceil(120 / 2.75))
    expect(cutsInto(2, { guardRatio: 24 })).toBe(Math.ceil(120 / 11.75))
  })

  describe('after reads of the newest run', () => {
    const readOften = (reads: number) => ({
      tableStats: (id: number) => ({ reads: id === 9 ? reads : 0 }),
    })
    const tree = `${flushes(1)}\n${level(1, [1, 2], 100)}`

    test('the deepest level above the last goes down, if it was asked for', () => {
      expect(pickOf({}, tree, readOften(1e6))).toBe('nothing')
      expect(pickOf({ seekReads: 10 }, tree, readOften(10))).toBe('nothing')
      expect(pickOf({ seekReads: 10 }, tree, readOften(11))).toMatch(
        /^merge L1 R101 \(tables 111\), L1 R100 \(tables 100, 101\) -> L2 new, L2 new because r/,
      )
    })

    test('then the one above it; the last stays', () => {
      const deep = `${flushes(1)}\nL6\nR1: 1[a,z] bytes=25`
      expect(pickOf({ seekReads: 10 }, deep, readOften(11))).toMatch(/^merge L0 R9 -> L1 new/)
    })

    test('but none with less than a 26th of the bytes below', () => {
      const below = (bytes: number) => `${flushes(1)}\nL1\nR1: 1[a,z] bytes=${bytes}`
      const params = { seekReads: 10, levels: 2 }
      expect(pickOf(params, below(25), readOften(11))).toMatch(/^merge L0 R9 -> L1 new/)
      expect(pickOf(params, below(26), readOften(11))).toBe('nothing')
    })
  })

  test('between two guards of a job, tables of the next level stay as they are', () => {
    const upper = level(1, [3, 1, 3], 100)
    const spec = specOf(
      {},
      `${upper}\nL2\nR1: 1[a,b] values=10; 2[c,d] values=10; 3[e,f] values=10`,
    )
    expect(printSpec(spec)).toMatch(/ -> L2 new, L2 new because/)
    expect(spec?.kind === 'merge' && spec.outputs.map(bounds)).toEqual([' ', 'e '])
  })

  test('a single level is refused', () => {
    expect(() => fragmented.create({ levels: 1 })).toThrow('levels must be 0, or at least 2')
  })
})

describe('levels by saturation, three tables a guard', () => {
  const specAt = (tree: string, cursors: (string | null)[] = []) =>
    specOf(BY_SATURATION, tree, { state: { cursors } })
  const LEVEL_0 = ['R9', 'R8', 'R7', 'R6'].map((run, at) => `${run}: ${90 + at}[a,z] values=10`)

  test('level 0 is cut at the guards of level 1, each part on top of what lies there', () => {
    const spec = specAt(
      `L0
       ${LEVEL_0.join('\n')}
       L1
         R3: 3[n,p] values=10
         R2: 2[a,d] values=10; 4[n,z] values=10
         R1: 1[b,c] values=10; 5[h,k] values=10`,
    )
    expect(printSpec(spec)).toBe(
      'merge L0 R9, L0 R8, L0 R7, L0 R6 -> L1 R3, L1 R2, L1 new because runs(0) ≥ l0Trigger',
    )
    expect(spec?.kind === 'merge' && spec.outputs.map(bounds)).toEqual([' ', 'h ', 'n '])
  })

  test('neighbours that go to the same run are one output, cut between them', () => {
    const spec = specAt(
      `L0\n${LEVEL_0.join('\n')}\nL1\nR1: 1[a,d] values=10; 2[f,h] values=10; 3[m,p] values=10`,
    )
    expect(printSpec(spec)).toMatch(/-> L1 new because/)
    expect(spec?.kind === 'merge' && spec.outputs.map(bounds)).toEqual([' f,m'])
  })

  test('where a cell is empty, the next level shows its guard', () => {
    const cutsAbove = (level2: string) => {
      const spec = specAt(
        `L0\n${LEVEL_0.join('\n')}\nL1\nR1: 1[a,d] values=10; 3[s,z] values=10\nL2\nR2: ${level2}`,
      )
      return spec?.kind === 'merge' && spec.outputs.map(bounds)
    }
    expect(cutsAbove('2[f,h] values=5; 4[k,m] values=5')).toEqual([' ', 'f ', 's '])
    // Less than a table lies in a crack between two keys.
    expect(cutsAbove('2[f,h] values=5; 4[k,t] values=5')).toEqual([' k'])
    expect(cutsAbove('2[c,h] values=10; 4[r,t] values=10')).toEqual([' r'])
    expect(cutsAbove('2[c,h] values=10; 4[t,u] values=10')).toEqual([' s'])
  })

  const FULL = `L1
      R4: 4[n,p] values=10
      R3: 3[b,c] values=10; 5[m,z] values=10
      R2: 2[a,d] values=10; 6[n,o] values=10
      R1: 1[b,c] values=10; 7[h,k] values=10; 8[q,r] values=10`

  test('a guard with too many tables goes to the next level, and nothing else does', () => {
    expect(printSpec(specAt(FULL))).toBe(
      'merge L1 R4 (tables 4), L1 R3 (tables 5), L1 R2 (tables 6), L1 R1 (tables 8) -> L2 new ' +
        'because tables > max_sstables_per_guard',
    )
  })

  test('in the deepest level, while it holds less than its share, it merges where it is', () => {
    const small = FULL.replaceAll('values=10', 'values=4')
    expect(printSpec(specAt(small))).toMatch(/-> L1 R1 because tables > max/)
  })

  test('tables that lie higher than they need to sink, unwritten', () => {
    const high = FULL.replace('3[b,c] values=10; ', '')
      .replace('6[n,o] values=10', '6[g,h]')
      .replace('7[h,k] values=10; ', '')
    expect(printSpec(specAt(high))).toBe(
      'move L1 R3 (tables 5) -> L1 R2 because runs > max_sstables_per_guard',
    )
  })

  test('a level with more than its guards’ worth hands on the next of the fullest', () => {
    const wide = `L1
      R1: 1[a,b] values=50; 2[f,h] values=50; 3[m,n] values=50`
    const table = (cursor: string | null) =>
      printSpec(specAt(wide, [null, cursor])).replace(/ ->.*/, '')
    expect(table(null)).toBe('merge L1 R1 (tables 1)')
    expect(table(hex('a'))).toBe('merge L1 R1 (tables 2)')
    expect(table(hex('f'))).toBe('merge L1 R1 (tables 3)')
    expect(table(hex('m'))).toBe('merge L1 R1 (tables 1)')
  })
})

function bounds({ fromKey, cutKeys }: MergeOutput): string {
  const text = (key: Uint8Array) => new TextDecoder().decode(key)
  return `${fromKey === null ? '' : text(fromKey)} ${cutKeys.map(text).join(',')}`
}

const ENTRIES = 16

const BUFFERS = 300

describe('against partial leveling, 300 buffers', () => {
  const random = createRandom(7)
  const anywhere = Array.from({ length: BUFFERS }, () => [
    ...new Set(Array.from({ length: ENTRIES }, () => random.nextBelow(2 ** 30))),
  ])
  const inOrder = Array.from({ length: BUFFERS }, (_, buffer) =>
    Array.from({ length: ENTRIES }, (_, at) => buffer * ENTRIES + at),
  )
  const copies = (tree: SteppedTree) => tree.writtenBytes / (BUFFERS * ENTRIES)
  const randomly = loadAll(fragmented, BY_SATURATION, ENTRIES, anywhere).tree

  const leveled = loadAll(levelingPartial, { softCuts: 'none' }, ENTRIES, anywhere).tree

  test('a random load writes less than 0.6 times as much, with three tables a guard', () => {
    // PebblesDB was compared with LevelDB and RocksDB of 2017, which had none.
    expect(copies(randomly) / copies(leveled)).toBeLessThan(0.6)
  })

  test('PebblesDB’s two tables a guard and seven levels gain less', () => {
    const copiesOfDefault = copies(loadAll(fragmented, {}, ENTRIES, anywhere).tree)
    expect(copiesOfDefault / copies(leveled)).toBeLessThan(0.9)
    expect(copiesOfDefault).toBeGreaterThan(copies(randomly))
  })

  test('a sequential load writes more: nothing is moved unwritten', () => {
    expect(copies(loadAll(levelingPartial, {}, ENTRIES, inOrder).tree)).toBe(1)
    expect(copies(loadAll(fragmented, {}, ENTRIES, inOrder).tree)).toBe(2)
    expect(copies(loadAll(fragmented, BY_SATURATION, ENTRIES, inOrder).tree)).toBeGreaterThan(2)
  })

  test('one table a guard makes every level one run, at about leveling’s cost', () => {
    const tree = loadAll(
      fragmented,
      { ...BY_SATURATION, max_sstables_per_guard: 1 },
      ENTRIES,
      anywhere,
    ).tree
    expect(tree.version.levels.slice(1).every(({ runs }) => runs.length <= 1)).toBe(true)
    expect(copies(tree)).toBeGreaterThan(1.5 * copies(randomly))
  })

  test('guards grow by about T a level, and the state by no more than a cursor', () => {
    const guards = randomly.version.levels.map(
      (level) => [...cellsOf(level, ENTRIES / 2).from(new Uint8Array())].length,
    )
    expect(guards.length).toBe(5)
    expect(guards[2]).toBeGreaterThan(2 * guards[1]!)
    expect(guards[4]).toBeGreaterThan(4 * guards[2]!)
    expect(JSON.stringify(randomly.state).length).toBeLessThan(100)
  })

  test('tables are of about the size asked for: guards are no slivers', () => {
    const { tables, rawBytes } = randomly.version.totals
    expect(rawBytes / tables).toBeGreaterThan(0.75 * ENTRIES)
  })
})
