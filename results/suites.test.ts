import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { suiteResultSchema } from './suite-schema.ts'

test('the kept result of the suite counts is sound, at full scale, and every claim holds', () => {
  const text = readFileSync(new URL('./suites/counts-full.json', import.meta.url), 'utf8')
  const { scale, claims } = suiteResultSchema.parse(JSON.parse(text))
  expect(scale).toBe('full')
  expect(claims.filter(({ held }) => !held)).toEqual([])
})
