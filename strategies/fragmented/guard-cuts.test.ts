import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EMPTY_LEVEL, type Level, levelOf } from '../../engine/version/level.ts'
import { editRun, sliceTables } from '../../engine/version/run.ts'
import { partsOf } from './guard-cuts.ts'
import { cellsOf } from './guards.ts'
import { copied, edited, numberRun, runEdits } from './testing/number-levels.ts'

const text = (key: Uint8Array) => new TextDecoder().decode(key)
const key = (number: number) => new TextEncoder().encode(String(number).padStart(4, '0'))

const BYTES_MIN = 6

/** Where a merge of the keys is cut, and the end of the cell each part goes to. */
function cutsOf(from: number, to: number, level: Level, deeper: Level): readonly string[] {
  const range = { smallest: key(from), largest: key(to) }
  const cells = cellsOf(level, BYTES_MIN / 2)
  return partsOf(range, cells, cellsOf(deeper, BYTES_MIN / 2), BYTES_MIN).map(
    (part) => `${text(part.from)} on ${part.on === null ? 'none' : text(part.on.largest)}`,
  )
}

/** Some hundred cells above some hundreds, so that merges span several blocks of either. */
const level = () => numberRun(0, 250, 0, 40)
const deeper = () => numberRun(1, 700, 5, 14)

test('after edits of either level cuts are those of levels never met before', () => {
  const ranges = fc.array(fc.tuple(fc.nat(9999), fc.nat(9999)), { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(runEdits(2), ranges, (history, wide) => {
      let runs = [level(), deeper()]
      for (const edit of [null, ...history]) {
        if (edit !== null) runs = runs.map((run, at) => (at === edit.run ? edited(run, edit) : run))
        const [upper, lower] = runs.map((run) => levelOf([run])) as [Level, Level]
        const [upperAnew, lowerAnew] = [copied(upper), copied(lower)]
        for (const [a, b] of [[0, 9999] as const, ...wide]) {
          const [from, to] = [Math.min(a, b), Math.max(a, b)]
          expect(cutsOf(from, to, upper, lower)).toEqual(cutsOf(from, to, upperAnew, lowerAnew))
        }
      }
    }),
    { numRuns: 10 },
  )
})

test('wherever a cell goes, the cuts beside it are not those remembered', () => {
  const run = level()
  const lower = levelOf([deeper()])
  const lowerAnew = copied(lower)
  for (let at = 25; at < 80; at++) {
    cutsOf(0, 9999, levelOf([run]), lower)
    const upper = levelOf([editRun(run, sliceTables(run, at, at + 1), [])])
    expect(cutsOf(0, 9999, upper, lower)).toEqual(cutsOf(0, 9999, copied(upper), lowerAnew))
  }
})

test('a level that comes below shows where cells are empty', () => {
  const upper = levelOf([level()])
  const before = cutsOf(0, 9999, upper, EMPTY_LEVEL)
  expect(before.some((cut) => cut.endsWith('none'))).toBe(false)
  expect(cutsOf(0, 9999, upper, levelOf([deeper()])).length).toBeGreaterThan(before.length + 100)
})

test('a range before the first cell goes to that, whatever the next level has between them', () => {
  const [upper, lower] = [levelOf([numberRun(0, 9, 100, 40)]), levelOf([numberRun(1, 9, 50, 10)])]
  expect(cutsOf(10, 20, upper, lower)).toEqual(['0100 on 0141'])
})

test('a part of a range is cut where all of it is', () => {
  const [upper, lower] = [levelOf([level()]), levelOf([deeper()])]
  const all = cutsOf(0, 9999, upper, lower)
  for (let from = 0; from < 9000; from += 17) {
    for (const width of [30, 2000]) {
      const [first, ...cuts] = cutsOf(from, Math.min(from + width, 9999), upper, lower)
      expect(first!.endsWith('none') && Number(first!.slice(0, 4)) < from).toBe(false)
      expect(cuts.every((cut) => all.includes(cut) || cut.startsWith(text(key(from))))).toBe(true)
      const inside = all.filter((cut) => {
        const at = Number(cut.slice(0, 4))
        return at > from + 40 && at <= from + width
      })
      expect(cuts.slice(cuts.length - inside.length)).toEqual(inside)
    }
  }
})
