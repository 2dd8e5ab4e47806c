import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { suiteResultSchema } from './suite-schema.ts'

const KEPT = ['agreement', 'counts', 'peers', 'silk', 'stability', 'wisckey']

const read = (name: string) => {
  const text = readFileSync(new URL(`./suites/${name}-full.json`, import.meta.url), 'utf8')
  return suiteResultSchema.parse(JSON.parse(text))
}

test.each(KEPT)(
  'the checked-in result of %s is sound, at full scale, and every claim holds',
  (name) => {
    const { suite, scale, claims } = read(name)
    expect(suite).toBe(name)
    expect(scale).toBe('full')
    expect(claims.filter(({ held }) => !held)).toEqual([])
  },
)

test.each([
  ['leveling', 0.01],
  ['tiering', 0.01],
  ['lazy-leveling', 0.08],
])(
  'at S4 and S10 the engine under %s wrote what the closed form predicts, within %d',
  (strategy, share) => {
    for (const scale of ['S4', 'S10']) {
      const { figures } = read('counts').runs.find(({ name }) => name === `${scale} ${strategy}`)!
      const { papersBuffers, closedFormBuffers } = figures
      expect(Math.abs(Number(papersBuffers) / Number(closedFormBuffers) - 1)).toBeLessThan(share)
    }
  },
)
