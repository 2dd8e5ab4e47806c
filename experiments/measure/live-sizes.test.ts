import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRandom } from '../../engine/index.ts'
import { createLiveOracle, LiveSizes, SampledSizes } from './live-sizes.ts'

test('live bytes and records are those of a map, whatever is put and deleted', () => {
  const step = fc.record({
    keyNumber: fc.nat(100),
    bytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5000 })),
  })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const sizes = new LiveSizes(16)
      const model = new Map<number, number>()
      for (const { keyNumber, bytes } of steps) {
        if (bytes === 0) {
          sizes.delete(keyNumber)
          model.delete(keyNumber)
        } else {
          sizes.put(keyNumber, bytes)
          model.set(keyNumber, bytes)
        }
        expect(sizes.has(keyNumber)).toBe(model.has(keyNumber))
      }
      expect(sizes.liveBytes).toBe([...model.values()].reduce((sum, bytes) => sum + bytes, 0))
      expect(sizes.liveRecords).toBe(model.size)
    }),
  )
})

test('foreign keys: exact while they fit, then a sample whose sum is scaled', () => {
  const random = createRandom(1)
  const sizes = new SampledSizes(1000)
  const model = new Map<number, number>()
  const put = () => {
    const keyNumber = random.nextBelow(2 ** 52)
    const bytes = 50 + random.nextBelow(100)
    sizes.put(keyNumber, bytes)
    model.set(keyNumber, bytes)
  }
  const total = () => [...model.values()].reduce((sum, bytes) => sum + bytes, 0)
  for (let i = 0; i < 1000; i++) put()
  expect(sizes.liveBytes).toBe(total())
  expect(sizes.figures()).toMatchObject({ kind: 'sampled', oneIn: 1, recordsTracked: 1000 })
  for (let i = 0; i < 40_000; i++) put()
  const { oneIn, recordsTracked } = sizes.figures()
  expect(recordsTracked).toBeLessThanOrEqual(1000)
  expect(oneIn).toBeGreaterThanOrEqual(64)
  // At least 500 records are tracked: 5 standard errors of their sum.
  expect(Math.abs(sizes.liveBytes / total() - 1)).toBeLessThan(5 / Math.sqrt(500))
  for (const keyNumber of model.keys()) sizes.delete(keyNumber)
  expect([sizes.liveBytes, sizes.liveRecords]).toEqual([0, 0])
})

test('overwrites and deletions of foreign keys leave the size of what is alive', () => {
  const sizes = new SampledSizes()
  sizes.put(7, 100)
  sizes.put(2 ** 51 + 1, 30)
  sizes.put(7, 40)
  expect(sizes.liveBytes).toBe(70)
  sizes.delete(2 ** 51 + 1)
  sizes.delete(12345)
  expect([sizes.liveBytes, sizes.liveRecords]).toEqual([40, 1])
})

test('the workload says which oracle it needs', () => {
  expect(createLiveOracle('dense', 10).figures().kind).toBe('exact')
  expect(createLiveOracle('hashed', 10).figures().kind).toBe('sampled')
})
