import { expect, test } from 'vitest'
import { normalCumulative, normalQuantile, studentQuantile } from './quantiles.ts'

/** Published tables, to the digits they give. */
test.each([
  [0, 0.5],
  [1, 0.841344746],
  [1.959963985, 0.975],
  [-3, 0.001349898],
  [4, 0.999968329],
])('the normal cumulative function at %d is %d', (x, p) => {
  expect(normalCumulative(x)).toBeCloseTo(p, 8)
})

test.each([
  [0.5, 0],
  [0.975, 1.959963985],
  [0.995, 2.575829304],
  [0.001, -3.090232306],
])('the normal quantile of %d is %d', (p, x) => {
  expect(normalQuantile(p)).toBeCloseTo(x, 8)
})

test.each([
  [0.975, 1, 12.7062047],
  [0.975, 2, 4.30265273],
  [0.975, 9, 2.26215716],
  [0.995, 4, 4.60409487],
  [0.025, 30, -2.04227246],
])("Student's quantile of %d with %d degrees is %d", (p, degrees, t) => {
  expect(studentQuantile(p, degrees)).toBeCloseTo(t, 6)
})
