import { expect, test } from 'vitest'
import { sideBySide } from './side-by-side.ts'

const point = (x: number, y: number, radius = 3, series?: number) => {
  return { x, y, radius, ...(series !== undefined && { series }) }
}

test('points apart stay where they are', () => {
  const { x, places } = sideBySide([point(10, 10), point(14, 10), point(10, 20)])
  expect(x).toEqual([10, 14, 10])
  expect(places).toEqual([])
})

test('points at one place are drawn side by side around it, in the order given', () => {
  const { x, places } = sideBySide([point(50, 9), point(10, 10), point(10, 10, 5), point(10, 10)])
  expect(x).toEqual([50, 2, 10, 18])
  expect(places).toEqual([{ members: [1, 2, 3], x: 10, y: 10, radius: 5 }])
})

test('points that hide each other through a third share its place', () => {
  const { places } = sideBySide([point(10, 10), point(14, 10), point(12, 10)])
  expect(places).toEqual([{ members: [0, 1, 2], x: 12, y: 10, radius: 3 }])
})

test('a small symbol on a large one is hidden by it', () => {
  expect(sideBySide([point(10, 10, 8), point(15, 10, 2)]).places).toHaveLength(1)
  expect(sideBySide([point(10, 10, 8), point(19, 10, 2)]).places).toHaveLength(0)
})

test('points of one series may lie close', () => {
  expect(sideBySide([point(10, 10, 3, 0), point(10, 10, 3, 0)]).places).toEqual([])
  expect(sideBySide([point(10, 10, 3, 0), point(10, 10, 3, 1)]).places).toHaveLength(1)
})
