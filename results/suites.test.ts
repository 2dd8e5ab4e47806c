import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { suiteResultSchema } from './suite-schema.ts'

const KEPT = ['counts', 'peers', 'wisckey']

test.each(KEPT)('the kept result of %s is sound, at full scale, and every claim holds', (name) => {
  const text = readFileSync(new URL(`./suites/${name}-full.json`, import.meta.url), 'utf8')
  const { suite, scale, claims } = suiteResultSchema.parse(JSON.parse(text))
  expect(suite).toBe(name)
  expect(scale).toBe('full')
  expect(claims.filter(({ held }) => !held)).toEqual([])
})
