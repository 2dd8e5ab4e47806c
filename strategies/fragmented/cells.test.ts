import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../../engine/base/compare.ts'
import { type Cell, Cells, type Stretch } from './cells.ts'

const FIRST = new Uint8Array()
/** Ascends with the number, as keys do. */
const keyOf = (position: number) => Uint8Array.of(position >>> 16, position >>> 8, position)
const allOf = (cells: Cells) => [...cells.from(FIRST)]

/** What the cells are read off: depths by position, 0 for what is too small to be a cell. */
type Ground = ReadonlyMap<number, number>

/** Enough cells for several groups. */
const POSITIONS = 3000
const GROUND: Ground = new Map(
  Array.from({ length: POSITIONS }, (_, position) => [position, (position * 7) % 5]),
)

function swept(ground: Ground, { from, to }: Stretch): readonly Cell[] {
  const cells: (Cell & { largest: Uint8Array; rawBytes: number })[] = []
  for (const [position, depth] of [...ground].sort(([a], [b]) => a - b)) {
    const smallest = keyOf(position)
    if (from !== null && compareBytes(smallest, from) < 0) continue
    if (to !== null && compareBytes(smallest, to) >= 0) break
    const last = cells.at(-1)
    if (depth > 0 || last === undefined) {
      cells.push({ smallest, largest: smallest, depth: depth || 1, top: 0, rawBytes: 1 })
      continue
    }
    last.largest = smallest
    last.rawBytes++
  }
  return cells
}

const wholeOf = (ground: Ground) => swept(ground, { from: null, to: null })

/** Clears so many positions from the first one on, and puts these depths there. */
interface Edit {
  readonly from: number
  readonly clears: number
  readonly depths: readonly number[]
}

const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    from: fc.nat(POSITIONS - 1),
    clears: fc.nat(60),
    depths: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 80, size: 'max' }),
  }),
  { minLength: 1, maxLength: 3 },
)

function edited(ground: Ground, edit: readonly Edit[]) {
  const after = new Map(ground)
  const ranges = edit.map(({ from, clears, depths }) => {
    for (let at = 0; at < clears; at++) after.delete(from + at)
    for (const [at, depth] of depths.entries()) after.set(from + at, depth)
    const last = from + Math.max(clears, depths.length, 1) - 1
    return { smallest: keyOf(from), largest: keyOf(last) }
  })
  return { after, ranges }
}

/** Quicker to compare than the cells themselves. */
const printed = (cells: readonly Cell[]) =>
  cells.map(({ smallest, largest, depth, rawBytes }) => [smallest, largest, depth, rawBytes].join())

describe('cells of a level with thousands', () => {
  test('renewed where it was edited are those swept anew', () => {
    fc.assert(
      fc.property(fc.array(edits, { minLength: 1, maxLength: 6, size: 'max' }), (history) => {
        let ground = GROUND
        let cells = Cells.of(wholeOf(ground))
        for (const edit of history) {
          const { after, ranges } = edited(ground, edit)
          ground = after
          cells = cells.renewed(ranges, (stretch) => swept(after, stretch))
          expect(printed(allOf(cells))).toEqual(printed(wholeOf(ground)))
        }
      }),
      { numRuns: 20 },
    )
  })

  test('an edit sweeps its neighbourhood, wherever it is', () => {
    const cells = Cells.of(wholeOf(GROUND))
    const all = printed(allOf(cells))
    for (let position = 0; position < POSITIONS; position += 41) {
      const key = keyOf(position)
      let count = 0
      const after = cells.renewed([{ smallest: key, largest: key }], (stretch) => {
        const own = swept(GROUND, stretch)
        count += own.length
        return own
      })
      expect(count).toBeLessThanOrEqual(2)
      expect(printed(allOf(after))).toEqual(all)
    }
  })

  test('are found, and the next of the deepest among them, as in a list', () => {
    const all = wholeOf(GROUND)
    const rare = all.map((cell, at) => ({ ...cell, depth: at % 700 === 9 ? 9 : cell.depth }))
    for (const list of [all, rare]) {
      const cells = Cells.of(list)
      const depth = Math.max(...list.map((cell) => cell.depth))
      const isAfter = (position: number) => (cell: Cell) =>
        compareBytes(cell.smallest, keyOf(position)) > 0
      for (let position = 0; position < POSITIONS + 10; position += 31) {
        const key = keyOf(position)
        const at = Math.max(
          list.findLastIndex((cell) => !isAfter(position)(cell)),
          0,
        )
        expect(cells.at(key)).toBe(list[at])
        expect([...cells.from(key)].length).toBe(list.length - at)
        const deepest = list.filter((cell) => cell.depth === depth)
        expect(cells.deepest(key)).toBe(deepest.find(isAfter(position)) ?? deepest[0])
        expect(cells.deepest(null)).toBe(deepest[0])
      }
    }
  })

  test('may be none', () => {
    expect(Cells.of([]).at(FIRST)).toBeNull()
    expect(allOf(Cells.of([]))).toEqual([])
  })
})
