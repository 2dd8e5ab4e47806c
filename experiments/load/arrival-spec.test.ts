/** Rates as operations a second or shares of a sustainable rate, and the pacing they give. */
import { expect, test } from 'vitest'
import { readArrival } from '../cli/arrival-flags.ts'
import { asksForShare, pacingOf, ratePerSecond } from './arrival-spec.ts'

test('a rate is operations a second, or a share of what was measured', () => {
  expect(ratePerSecond('20k', Number.NaN)).toBe(20_000)
  expect(ratePerSecond('90%', 5000)).toBe(4500)
  expect(asksForShare(readArrival(null, '90%', 1))).toBe(true)
  expect(asksForShare(readArrival(null, '20k', 1))).toBe(false)
  expect(asksForShare(null)).toBe(false)
})

test('only schedules are open loops', () => {
  const open = (arrival: string | null, rate: string | null, clients: number) =>
    pacingOf(readArrival(arrival, rate, clients)!, null, 1).open
  expect(open(null, null, 2)).toBe(false)
  expect(open(null, '5', 1)).toBe(true)
  expect(open('trace', null, 1)).toBe(true)
})
