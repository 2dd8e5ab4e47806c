import { describe, expect, test } from 'vitest'
import { createRandom } from '../../engine/base/random.ts'
import type { MergeOutput } from '../../engine/compaction/strategy.ts'
import { parseVersion } from '../../engine/version/text.ts'
import { levelingPartial } from '../partial-levels/leveling-partial.ts'
import { printSpec } from '../primitives/print-spec.ts'
import { loadAll } from '../testing/load-all.ts'
import type { SteppedTree } from '../testing/stepper.ts'
import { fragmented } from './fragmented.ts'
import { cellsOf } from './guards.ts'

const hex = (key: string) => Buffer.from(key).toString('hex')

describe('picks, three tables a guard, a memtable of 10 bytes', () => {
  const specOf = (tree: string, cursors: (string | null)[] = []) =>
    fragmented.create().pick({
      version: parseVersion(tree),
      memtableBytes: 10,
      state: { cursors },
      inProgress: [],
      oldestSnapshotSeq: 0,
      nowMs: 0,
      tableStats: () => ({ reads: 0 }),
    })
  const LEVEL_0 = ['R9', 'R8', 'R7', 'R6'].map((run, at) => `${run}: ${90 + at}[a,z] values=10`)

  test('level 0 is cut at the guards of level 1, each part on top of what lies there', () => {
    const spec = specOf(
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
    const spec = specOf(
      `L0\n${LEVEL_0.join('\n')}\nL1\nR1: 1[a,d] values=10; 2[f,h] values=10; 3[m,p] values=10`,
    )
    expect(printSpec(spec)).toMatch(/-> L1 new because/)
    expect(spec?.kind === 'merge' && spec.outputs.map(bounds)).toEqual([' f,m'])
  })

  test('where a cell is empty, the next level shows its guard', () => {
    const cutsAbove = (level2: string) => {
      const spec = specOf(
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
    expect(printSpec(specOf(FULL))).toBe(
      'merge L1 R4 (tables 4), L1 R3 (tables 5), L1 R2 (tables 6), L1 R1 (tables 8) -> L2 new ' +
        'because tables > max_sstables_per_guard',
    )
  })

  test('in the deepest level, while it holds less than its share, it merges where it is', () => {
    const small = FULL.replaceAll('values=10', 'values=4')
    expect(printSpec(specOf(small))).toMatch(/-> L1 R1 because tables > max/)
  })

  test('tables that lie higher than they need to sink, unwritten', () => {
    const high = FULL.replace('3[b,c] values=10; ', '')
      .replace('6[n,o] values=10', '6[g,h]')
      .replace('7[h,k] values=10; ', '')
    expect(printSpec(specOf(high))).toBe(
      'move L1 R3 (tables 5) -> L1 R2 because runs > max_sstables_per_guard',
    )
  })

  test('a level with more than its guards’ worth hands on the next of the fullest', () => {
    const wide = `L1
      R1: 1[a,b] values=50; 2[f,h] values=50; 3[m,n] values=50`
    const table = (cursor: string | null) =>
      printSpec(specOf(wide, [null, cursor])).replace(/ ->.*/, '')
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
  const randomly = loadAll(fragmented, {}, ENTRIES, anywhere).tree

  test('a random load writes less than 0.6 times as much as without soft cuts', () => {
    // PebblesDB was compared with LevelDB and RocksDB of 2017, which had none.
    const leveled = loadAll(levelingPartial, { softCuts: 'none' }, ENTRIES, anywhere).tree
    expect(copies(randomly) / copies(leveled)).toBeLessThan(0.6)
  })

  test('a sequential load writes more: nothing is moved unwritten', () => {
    expect(copies(loadAll(levelingPartial, {}, ENTRIES, inOrder).tree)).toBe(1)
    expect(copies(loadAll(fragmented, {}, ENTRIES, inOrder).tree)).toBeGreaterThan(2)
  })

  test('one table a guard makes every level one run, at about leveling’s cost', () => {
    const tree = loadAll(fragmented, { max_sstables_per_guard: 1 }, ENTRIES, anywhere).tree
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
