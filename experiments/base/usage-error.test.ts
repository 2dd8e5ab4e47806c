import { expect, test } from 'vitest'
import { nearest } from '../../workloads/nearest.ts'
import { unknownName } from './usage-error.ts'

const strategies = ['leveling', 'tiering', 'lazy-leveling', 'fluid']

test.each([
  ['teiring', 'tiering'],
  ['Leveling', 'leveling'],
  ['lazy', 'lazy-leveling'],
  ['', undefined],
  ['lazyleveling', 'lazy-leveling'],
  ['zzzzzzzzzz', undefined],
])('nearest to %s is %s', (name, expected) => expect(nearest(name, strategies)).toBe(expected))

test('a name near nothing lists what there is', () => {
  expect(unknownName('strategy', 'qqqqqqqqqq', strategies).message).toBe(
    'unknown strategy "qqqqqqqqqq"; known: leveling, tiering, lazy-leveling, fluid',
  )
})
