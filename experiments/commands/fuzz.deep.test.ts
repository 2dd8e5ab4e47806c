/**
 * A run uses exactly the written values, over more than 100,000 inputs of flags, config files and
 * settings.
 */
import { test } from 'vitest'
import * as fuzz from './testing/fuzz.ts'

const RUNS = 20_000

const { plansAreMadeOrRefused, ...properties } = fuzz

test.each(Object.entries(properties))('%s', (_, property) => property(RUNS))

test('plansAreMadeOrRefused', () => plansAreMadeOrRefused(1000))
