/** A run uses exactly the written values: a small share of the inputs of `fuzz.deep.test.ts`. */
import { test } from 'vitest'
import * as fuzz from './testing/fuzz.ts'

const RUNS = 1000

const { plansAreMadeOrRefused, ...properties } = fuzz

test.each(Object.entries(properties))('%s', (_, property) => property(RUNS))

test('plansAreMadeOrRefused', () => plansAreMadeOrRefused(20))
