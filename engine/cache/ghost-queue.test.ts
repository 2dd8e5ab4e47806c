import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GhostQueue } from './ghost-queue.ts'

test('remembers and forgets as a list does, also while it grows', () => {
  const call = fc.record({
    op: fc.constantFrom('remember', 'remember', 'forget', 'grow'),
    hash: fc.integer({ min: -20, max: 20 }),
    most: fc.integer({ min: 1, max: 8 }),
  })
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200, size: 'max' }), (calls) => {
      const queue = new GhostQueue()
      let slots = 8
      queue.grow(slots)
      let list: number[] = []
      for (const { op, hash, most } of calls) {
        if (op === 'grow') {
          slots = Math.min(2 * slots, 64)
          queue.grow(slots)
        } else if (op === 'forget') {
          expect(queue.forget(hash)).toBe(list.includes(hash))
          list = list.filter((one) => one !== hash)
        } else {
          queue.remember(hash, most)
          if (!list.includes(hash)) list = [...list.slice(-(most - 1) || list.length), hash]
        }
      }
      for (let hash = -20; hash <= 20; hash++) {
        expect(queue.forget(hash), `${hash}`).toBe(list.includes(hash))
      }
    }),
    { numRuns: 300 },
  )
})
