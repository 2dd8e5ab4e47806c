import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../../engine/base/compare.ts'
import { type Level, levelOf } from '../../engine/version/level.ts'
import { editRun, runOf, sliceTables } from '../../engine/version/run.ts'
import { parseVersion } from '../../engine/version/text.ts'
import type { Cell, Cells } from './cells.ts'
import { cellsOf, fragmentsOf } from './guards.ts'
import { copied, edited, numberRun, numberTable, runEdits } from './testing/number-levels.ts'

const bytes = (key: string) => new TextEncoder().encode(key)
const text = (key: Uint8Array) => new TextDecoder().decode(key)
const FIRST = new Uint8Array()

function levelOfText(tree: string): Level {
  return parseVersion(`L0\n${tree}`).levels[0]!
}

const allOf = (cells: Cells) => [...cells.from(FIRST)]
const printed = ({ smallest, largest, depth, top }: Cell) =>
  `${text(smallest)}-${text(largest)} ${depth} R${top}`

describe('cells', () => {
  const LEVEL = levelOfText(`
    R3: 6[b,d] values=9; 7[p,p] values=2
    R2: 4[c,f] values=9; 5[x,z] values=9
    R1: 1[a,b] values=9; 2[g,h] values=9; 3[k,o] values=9`)

  test('are what overlaps, be it by way of others', () => {
    expect(allOf(cellsOf(LEVEL, 0)).map(printed)).toEqual([
      ...['a-f 3 R3', 'g-h 1 R1', 'k-o 1 R1', 'p-p 1 R3', 'x-z 1 R2'],
    ])
  })

  test('too small to be one belong to the one before, the first to none', () => {
    expect(allOf(cellsOf(LEVEL, 5)).map(printed)).toEqual([
      ...['a-f 3 R3', 'g-h 1 R1', 'k-p 2 R3', 'x-z 1 R2'],
    ])
    expect(allOf(cellsOf(LEVEL, 100)).map(printed)).toEqual(['a-z 3 R3'])
  })

  test('hold their tables run by run, the newest first', () => {
    const [first] = allOf(cellsOf(LEVEL, 0))
    expect(
      fragmentsOf(LEVEL, first!).map(({ height, tables }) => [height, tables.map(({ id }) => id)]),
    ).toEqual([
      [2, [6]],
      [1, [4]],
      [0, [1]],
    ])
  })

  test('are found by key', () => {
    const cells = cellsOf(LEVEL, 0)
    const found = (key: string) => text(cells.from(bytes(key)).next().value!.smallest)
    expect(['A', 'a', 'f', 'g', 'z', 'zz'].map(found)).toEqual(['a', 'a', 'a', 'g', 'x', 'x'])
  })

  test('of equal depth take turns', () => {
    const cells = cellsOf(levelOfText('R1: 1[a,b]; 2[g,h]; 3[k,o]'), 0)
    const turn = (key: string | null) =>
      text(cells.deepest(key === null ? null : bytes(key)).smallest)
    expect([null, 'a', 'c', 'g', 'k'].map(turn)).toEqual(['a', 'g', 'g', 'k', 'a'])
  })
})

test('after edits cells are those of a level never met before', () => {
  fc.assert(
    fc.property(runEdits(3), fc.constantFrom(0, 6, 15), (history, bytesMin) => {
      let runs = [0, 1, 2].map((id) => numberRun(id, 300, id * 7, 20))
      cellsOf(levelOf(runs), bytesMin)
      for (const edit of history) {
        runs = runs.map((run, index) => (index === edit.run ? edited(run, edit) : run))
        const level = levelOf(runs)
        const cells = allOf(cellsOf(level, bytesMin))
        expect(cells).toEqual(allOf(cellsOf(copied(level), bytesMin)))
        for (const [at, cell] of cells.slice(1).entries()) {
          expect(compareBytes(cells[at]!.largest, cell.smallest)).toBeLessThan(0)
        }
      }
    }),
    { numRuns: 10 },
  )
})

test('cells of a level are remembered, whatever other levels were met since', () => {
  const levelFrom = (id: number) => levelOf([runOf(id, [numberTable(10, 5), numberTable(20, 5)])])
  const level = levelFrom(0)
  const cells = cellsOf(level, 0)
  for (let id = 1; id < 100; id++) cellsOf(levelFrom(id), 0)
  expect(cellsOf(levelOf(level.runs), 0)).toBe(cells)
})

test('runs that come and go leave no trace', () => {
  const [a, b, c] = [0, 1, 2].map((id) =>
    runOf(
      id,
      Array.from({ length: 500 }, (_, at) => numberTable(at * 15 + id * 4, 5)),
    ),
  )
  for (const runs of [[a!, b!], [c!, a!, b!], [c!, b!], [b!, c!], [b!]]) {
    const level = levelOf(runs)
    expect(allOf(cellsOf(level, 0))).toEqual(allOf(cellsOf(copied(level), 0)))
  }
})

test('what is left of a cell belongs to the one before, wherever it was remembered', () => {
  const run = runOf(
    0,
    Array.from({ length: 450 }, (_, at) => numberTable(at * 20, at % 2 === 0 ? 9 : 1)),
  )
  const whole = cellsOf(levelOf([run]), 6)
  expect(allOf(whole).length).toBe(225)
  for (let at = 2; at < 80; at += 2) {
    const level = levelOf([editRun(run, sliceTables(run, at, at + 1), [])])
    expect(allOf(cellsOf(level, 6))).toEqual(allOf(cellsOf(copied(level), 6)))
    cellsOf(levelOf([run]), 6)
  }
})
