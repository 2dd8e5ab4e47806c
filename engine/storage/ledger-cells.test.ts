import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cells, PrivateCells, SharedCells } from './ledger-cells.ts'
import { overtaken } from './testing/overtaken.ts'

const COUNT = 3

interface Step {
  readonly operation: 'add' | 'rise' | 'fall'
  readonly index: number
  readonly amount: number
}
const stepsArbitrary = fc.array(
  fc.record({
    operation: fc.constantFrom('add', 'rise', 'fall'),
    index: fc.nat({ max: COUNT - 1 }),
    amount: fc.nat({ max: 2 ** 45 }),
  }),
)

function apply(cells: Cells, { operation, index, amount }: Step): void {
  if (operation === 'add') cells.add(index, amount)
  else cells[operation](amount)
}

function read(cells: Cells) {
  const counters = Array.from({ length: COUNT }, (_, index) => cells.get(index))
  return { counters, total: cells.total, peak: cells.peak }
}

test('shared cells count what private ones count, from whatever moment they are shared', () => {
  fc.assert(
    fc.property(stepsArbitrary, stepsArbitrary, (before, after) => {
      const own = new PrivateCells(COUNT)
      for (const step of before) apply(own, step)
      const shared = SharedCells.from(own, COUNT)
      const opened = new SharedCells(COUNT, structuredClone(shared.memory))
      expect(read(opened)).toEqual(read(own))
      for (const [number, step] of after.entries()) {
        apply(own, step)
        apply(number % 2 === 0 ? shared : opened, step)
        expect(read(opened)).toEqual(read(own))
      }
    }),
  )
})

test('the peak is the highest total after any step', () => {
  fc.assert(
    fc.property(stepsArbitrary, (steps) => {
      const cells = new PrivateCells(COUNT)
      let peak = 0
      for (const step of steps) {
        apply(cells, step)
        peak = Math.max(peak, cells.total)
        expect(cells.peak).toBe(peak)
      }
    }),
  )
})

describe('a thread that is overtaken in the middle of', () => {
  /** Amounts by which the other thread changes the total, one after the other. */
  const intrusions: readonly (readonly number[])[] = [
    [100],
    [-40],
    [100, -100],
    [100, -130],
    [100, -100, 200, -200],
    [-40, 40],
    [-40, 70, -70],
  ]
  const change = (cells: Cells, amount: number) => {
    if (amount < 0) cells.fall(-amount)
    else cells.rise(amount)
  }

  /** Cells whose total is 50 and whose peak is 50 or, after a fall, 60. */
  const startOf = (hasFallen: boolean) => {
    const cells = new SharedCells(COUNT)
    cells.rise(hasFallen ? 60 : 50)
    if (hasFallen) cells.fall(10)
    return cells
  }

  test.each([20, -20])('a change by %i agrees with it on the peak', (own) => {
    for (const intrusion of intrusions) {
      for (const hasFallen of [false, true]) {
        for (let at = 0, isInside = true; isInside; at++) {
          const cells = startOf(hasFallen)
          let highest = cells.peak
          const intrude = () => {
            for (const amount of intrusion) {
              change(cells, amount)
              highest = Math.max(highest, cells.total)
              expect(cells.peak, `${own} overtaken at ${at} by ${intrusion}`).toBe(highest)
            }
          }
          isInside = overtaken(at, intrude, () => change(cells, own))
          if (!isInside) break
          highest = Math.max(highest, cells.total)
          expect(cells.peak, `${own} overtaken at ${at} by ${intrusion}`).toBe(highest)
          expect(cells.total).toBe(50 + own + intrusion.reduce((sum, amount) => sum + amount))
        }
      }
    }
  })

  test('a reading of the peak gets the one of a moment of the reading', () => {
    for (const intrusion of intrusions) {
      for (const hasFallen of [false, true]) {
        for (let at = 0, isInside = true; isInside; at++) {
          const cells = startOf(hasFallen)
          const peaks = [cells.peak]
          let seen = 0
          const intrude = () => {
            for (const amount of intrusion) {
              change(cells, amount)
              peaks.push(cells.peak)
            }
          }
          isInside = overtaken(at, intrude, () => {
            seen = cells.peak
          })
          expect(peaks, `overtaken at ${at} by ${intrusion}`).toContain(seen)
        }
      }
    }
  })
})
