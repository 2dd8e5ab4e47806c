import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LiveSizes } from './live-sizes.ts'

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
