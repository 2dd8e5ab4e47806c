import { describe, expect, test } from 'vitest'
import { printKey } from '../../engine/version/text.ts'
import { level0, pickOf, viewOf } from './testing/trees.ts'
import { universal } from './universal.ts'

/** A part of 20 bytes is enough: half of the largest merge. */
const PARAMS = {
  incremental: true,
  max_compaction_bytes: 40,
  max_size_amplification_percent: 50,
  max_read_amp: 9,
}

const pick = (tree: string, params = {}) => pickOf({ ...PARAMS, ...params }, `${RUNS}\n${tree}`)

/** Two runs of level 0, so that there are enough for a merge. */
const RUNS = level0(1, 1)

const table = (id: number, range: string, bytes: number) => `${id}[${range}] bytes=${bytes}`

/** RocksDB `PickIncrementalForReduceSizeAmp`. */
describe('incremental', () => {
  const oldestOf = (...tables: string[]) => `L6\nR6: ${tables.join('; ')}`
  const OLDEST = oldestOf(table(61, 'a,d', 30), table(62, 'e,h', 10), table(63, 'i,l', 30))
  const upperTables = [table(51, 'b,c', 12), table(52, 'f,g', 12), table(53, 'j,k', 12)]
  const UPPER = `L5\nR5: ${upperTables.join('; ')}`

  test('the part with the least overlap merges', () => {
    expect(pick(`${UPPER}\n${OLDEST}`)).toBe('merge L5 R5 (tables 52), L6 R6 (tables 62) -> L6 R6')
  })

  test('nothing is split while it is off, nor in level 0', () => {
    expect(pick(`${UPPER}\n${OLDEST}`, { incremental: false })).toBe(
      'merge L0 R2, L5 R5, L6 R6 -> L6 R6',
    )
    const params = { ...PARAMS, max_size_amplification_percent: 1 }
    expect(pickOf(params, `${level0(5, 5, 5)}\n${OLDEST}`)).toBe(
      'merge L0 R1, L0 R2, L0 R3, L6 R6 -> L6 R6',
    )
  })

  test('all merge if each part costs 1.8 times as much', () => {
    const all = (bytes: number) => pick(`${UPPER}\n${oldestOf(table(61, 'a,z', bytes))}`)
    expect(all(60)).toBe('merge L0 R2, L5 R5, L6 R6 -> L6 R6')
    // A part: 30 / 12 = 2.5. All: (30 + 30) / 37 · 1.8 = 2.9.
    const half = `${UPPER}\n${oldestOf(table(61, 'a,c', 30), table(62, 'e,z', 30))}`
    expect(pick(half)).toMatch(/^merge L5 R5 \(tables 51\)/)
  })

  test('a part grows by neighbours up to half the bytes', () => {
    const parts = (max_compaction_bytes: number) =>
      pick(`${UPPER}\n${OLDEST}`, { max_compaction_bytes })
    expect(parts(43)).toMatch(/^merge L5 R5 \(tables 52\)/)
    // The 22 bytes of the second table and its overlap are no longer more than half.
    expect(parts(44)).toMatch(/^merge L5 R5 \(tables 52, 53\)/)
  })

  test('a part ends at a gap that tables of the oldest run fill', () => {
    const upper = `L5\nR5: ${table(51, 'a,b', 9)}; ${table(52, 'p,q', 9)}`
    const [first, inGap, last] = [table(61, 'a,c', 1), table(62, 'e,f', 1), table(63, 'o,z', 3)]
    expect(pick(`${upper}\n${oldestOf(first, last)}`)).toMatch(/^merge L5 R5 \(tables 51, 52\)/)
    expect(pick(`${upper}\n${oldestOf(first, inGap, last)}`)).toMatch(/^merge L5 R5 \(tables 52\)/)
  })

  test('tables of newer runs within the range join, and narrow it for those above', () => {
    const upper = 'L3\nR3: 31[f,f]; 32[g,g]\nL4\nR4: 41[f,f]; 42[k,n]'
    expect(pick(`${upper}\n${UPPER}\n${OLDEST}`)).toBe(
      'merge L3 R3 (tables 31), L4 R4 (tables 41), L5 R5 (tables 52), L6 R6 (tables 62) -> L6 R6',
    )
  })

  test('tables above one that reaches into the range stay', () => {
    const tree = `L3\nR3: 31[f,f]\nL4\nR4: 41[a,z]\n${UPPER}\n${OLDEST}`
    expect(pick(tree)).toBe('merge L5 R5 (tables 52), L6 R6 (tables 62) -> L6 R6')
  })

  /** RocksDB `GetMaxOverlappingBytes`: 3 / 2 of a table, here of ten bytes. */
  test('merges above the oldest run end tables at its borders', () => {
    const oldest = oldestOf(table(61, 'a,d', 300), table(62, 'e,h', 300))
    const softCutsOf = (params: Record<string, unknown>) => {
      const view = viewOf(`${level0(10, 10, 10, 10)}\n${oldest}`)
      const spec = universal.create(params).pick(view)
      return spec?.kind === 'merge' ? (spec.outputs[0]?.softCuts ?? null) : null
    }
    expect(softCutsOf({})).toBeNull()
    const { keys, ...limits } = softCutsOf({ incremental: true })!
    expect(keys.map(printKey)).toEqual(['a', '0x6400', 'e', '0x6800'])
    expect(limits).toEqual({
      overlapBytes: [1, 0, 1, 0],
      endsFrom: [10],
      overlapBytesMax: 15,
      skippedBytesMin: null,
    })
  })
})
