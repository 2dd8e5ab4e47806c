import { expect, test } from 'vitest'
import { Overhead, PAYLOAD_SAMPLE } from './overhead.ts'

test('the median slice, beyond the target’s time and without values; these apart', () => {
  const overhead = new Overhead()
  expect(overhead.figures()).toBeNull()
  overhead.reset()
  for (let slice = 0; slice < 5; slice++) {
    // 512 operations, every other with a value of 200 ns.
    for (let sample = 0; sample < 256 / PAYLOAD_SAMPLE; sample++) overhead.addPayload(200)
    overhead.othersNs += 512 * 5000
    // The machine was away for a second in one of them.
    overhead.addSlice(512, 512 * 5000 + 256 * 200 + 512 * 600 + (slice === 2 ? 1e9 : 0))
  }
  const { perOperationNs, payloadPerOperationNs } = overhead.figures()!
  expect(payloadPerOperationNs).toBeCloseTo(100, -1)
  expect(perOperationNs).toBeCloseTo(600, -1)
})

test('slices cut short by waiting add up', () => {
  const overhead = new Overhead()
  for (let slice = 0; slice < 100; slice++) overhead.addSlice(10, 5000)
  expect(overhead.figures()!.perOperationNs).toBeCloseTo(500, -1)
})
