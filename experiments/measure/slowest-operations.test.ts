import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SlowestOperations } from './slowest-operations.ts'

test('the slowest of each busy period, slowest first, and no more than twenty', () => {
  const operation = fc.record({ gapNs: fc.nat(2000), serviceNs: fc.integer({ min: 1, max: 1500 }) })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300, size: 'max' }), (operations) => {
      const slowest = new SlowestOperations()
      const periods: number[] = []
      let intendedNs = 0
      let endNs = -1
      for (const [at, { gapNs, serviceNs }] of operations.entries()) {
        intendedNs += gapNs
        const startNs = Math.max(intendedNs, endNs)
        if (endNs <= intendedNs) periods.push(0)
        endNs = startNs + serviceNs
        slowest.offer(0, at, intendedNs, startNs, endNs)
        periods.push(Math.max(periods.pop()!, endNs - intendedNs))
      }
      const latencies = slowest.samples().map((sample) => sample.endNs - sample.intendedNs)
      expect(latencies).toEqual(periods.sort((a, b) => b - a).slice(0, 20))
    }),
  )
})
