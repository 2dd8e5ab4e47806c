import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textWidth } from './font-metrics.ts'
import { type LabelPoint, placeLabels } from './label-placement.ts'

const PLOT = { width: 300, height: 200 }
const FONT_SIZE = 9

const points = fc.array(
  fc.record({
    text: fc.constantFrom('T=4', 'T=4 K=2', 'T=10 bitsPerKey=5'),
    x: fc.double({ min: 0, max: PLOT.width, noNaN: true }),
    y: fc.double({ min: 0, max: PLOT.height, noNaN: true }),
    radius: fc.constantFrom(2, 5),
  }),
  { maxLength: 25, size: 'max' },
)

test('a lone point has its name on the right, or on the left at the right edge', () => {
  const at = (x: number): LabelPoint => ({ text: 'T=4', x, y: 100, radius: 3 })
  expect(placeLabels([at(50)], PLOT, FONT_SIZE)[0]!.x).toBeGreaterThan(50)
  expect(placeLabels([at(299)], PLOT, FONT_SIZE)[0]!.x).toBeLessThan(299)
})

test('a name avoids the line that starts at its point', () => {
  const point: LabelPoint = { text: 'T=4', x: 50, y: 100, radius: 3 }
  const line = { x1: 50, y1: 100, x2: 200, y2: 100 }
  expect(placeLabels([point], PLOT, FONT_SIZE, [line])[0]!.x).toBeLessThan(50)
})

test('names stay within the plot and cross no other name and no point', () => {
  fc.assert(
    fc.property(points, (given) => {
      const boxes = placeLabels(given, PLOT, FONT_SIZE).map(({ text, x, y }) => ({
        x1: x,
        x2: x + textWidth(text, { fontSize: FONT_SIZE }),
        y1: y - FONT_SIZE / 2,
        y2: y + FONT_SIZE / 2,
      }))
      const symbols = given.map(({ x, y, radius }) => ({
        x1: x - radius,
        x2: x + radius,
        y1: y - radius,
        y2: y + radius,
      }))
      for (const [index, box] of boxes.entries()) {
        expect(box.x1 >= 0 && box.y1 >= 0).toBe(true)
        expect(box.x2 <= PLOT.width && box.y2 <= PLOT.height).toBe(true)
        for (const other of [...boxes.slice(index + 1), ...symbols]) {
          const apart =
            box.x2 <= other.x1 || other.x2 <= box.x1 || box.y2 <= other.y1 || other.y2 <= box.y1
          expect(apart).toBe(true)
        }
      }
    }),
  )
})
