import { expect, test } from 'vitest'
import { keyAt } from './key-space.ts'
import { SoftPositions } from './soft-positions.ts'

/** Two deeper tables, [100, 200) of 40 B and [200, 400) of 50 B. */
const cuts = {
  keys: [keyAt(100), Uint8Array.of(...keyAt(199), 0), keyAt(200), Uint8Array.of(...keyAt(399), 0)],
  overlapBytes: [40, 0, 50, 0],
  endsFrom: [55, 60],
  overlapBytesMax: 250,
  skippedBytesMin: null,
}

const stretch = { from: 150, to: 450, density: [], entries: 30, dead: 6, rawBytes: 300 }

test('a stretch is divided where soft keys lie, once at a shared border', () => {
  const pieces = [...new SoftPositions(cuts).pieces(stretch)]
  expect(
    pieces.map(({ from, to, entries, dead, rawBytes }) => [from, to, entries, dead, rawBytes]),
  ).toEqual([
    [150, 200, 5, 1, 50],
    [200, 400, 20, 4, 200],
    [400, 450, 5, 1, 50],
  ])
})

test('a table ends at the keys that its next entry crosses', () => {
  const borders = new SoftPositions(cuts)
  borders.moveTo(150)
  borders.startTable()
  borders.moveTo(200)
  // Two keys are crossed, so the second limit holds.
  expect(borders.endsTable(59)).toBe(false)
  expect(borders.endsTable(60)).toBe(true)
  borders.moveTo(300)
  expect(borders.endsTable(60)).toBe(false)
  borders.moveTo(400)
  // The table overlaps 40 and 50 B of deeper tables.
  expect(borders.endsTable(160)).toBe(true)
})
