import { expect, test } from 'vitest'
import { createRandom } from '../../engine/base/random.ts'
import { separatedWa, separatedWaIdeal, vlogTailLiveShare, vlogWa } from './value-log.ts'

test('WiscKey: 16-byte keys, 1 KiB values, a tree that writes ten times: 1.14', () => {
  expect(separatedWaIdeal(10, 16, 1024)).toBeCloseTo(1.14, 2)
  const entry = { keyBytes: 16, valueBytes: 1024, pointerBytes: 12, headerBytes: 27 }
  expect(separatedWa(10, entry)).toBeCloseTo(1.28, 2)
  const bare = { keyBytes: 16, valueBytes: 1024, pointerBytes: 0, headerBytes: 0 }
  expect(separatedWa(10, bare)).toBe(separatedWaIdeal(10, 16, 1024))
  expect(separatedWa(10, bare, 2)).toBeGreaterThan(separatedWa(10, bare))
})

test('the larger the value, the nearer one copy', () => {
  const costs = [64, 256, 1024, 4096, 16_384].map((bytes) => separatedWaIdeal(10, 16, bytes))
  expect(costs).toEqual(costs.toSorted((a, b) => b - a))
  expect(costs[2]).toBeLessThan(1.35)
  expect(costs[3]).toBeLessThan(1.1)
})

test.each([
  [0.5, 1.255],
  [0.7, 1.876],
  [0.8, 2.69],
  [0.9, 5.18],
])('a log %f live writes each value %f times', (live, copies) => {
  expect(Math.abs(vlogWa(live) / copies - 1)).toBeLessThan(0.002)
  const u = vlogTailLiveShare(live)
  expect(Math.exp(-(1 - u) / live)).toBeCloseTo(u, 12)
  expect(u).toBeLessThan(1)
})

test('a simulated log under uniform updates agrees within 1 %', () => {
  const random = createRandom(5)
  const keys = 20_000
  for (const live of [0.5, 0.7, 0.8]) {
    const capacity = Math.round(keys / live)
    const log: number[] = []
    const newest = new Array<number>(keys).fill(-1)
    let tail = 0
    const append = (key: number) => {
      newest[key] = log.length
      log.push(key)
    }
    let updates = 0
    let from = { appended: 0, updates: 0 }
    while (updates < 12 * keys) {
      if (updates === 4 * keys) from = { appended: log.length, updates }
      updates++
      append(updates <= keys ? updates - 1 : random.nextBelow(keys))
      while (log.length - tail > capacity) {
        const key = log[tail]!
        const isLive = newest[key] === tail
        tail++
        if (isLive) append(key)
      }
    }
    const simulated = (log.length - from.appended) / (updates - from.updates)
    expect(Math.abs(simulated / vlogWa(live) - 1)).toBeLessThan(0.01)
  }
})
