import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import { IntervalLatency, LatencyRecorder } from './latency.ts'

test('figures are in microseconds, the histogram in nanoseconds, by kind that occurred', () => {
  using recorder = new LatencyRecorder(['read', 'update', 'scan'])
  for (let ns = 1000; ns <= 100_000; ns += 1000) recorder.record(0, ns)
  recorder.record(2, 5)
  const figures = recorder.figures()
  expect(Object.keys(figures)).toEqual(['read', 'scan'])
  const read = figures.read!
  expect(read.count).toBe(100)
  expect(read.p50Us).toBeCloseTo(50, 1)
  expect(read.p99Us).toBeCloseTo(99, 1)
  expect(read.maxUs).toBeGreaterThanOrEqual(100)
  expect(read.p999Us).toBeNull()
  const histogram = decodeFromCompressedBase64(read.histogramBase64)
  expect(histogram.getValueAtPercentile(50) / 1e3).toBeCloseTo(50, 1)
})

test('ten thousand samples carry a 99.9th percentile', () => {
  using recorder = new LatencyRecorder(['read'])
  for (let i = 0; i < 10_000; i++) recorder.record(0, i < 9985 ? 1000 : 9000)
  expect(recorder.figures().read!.p999Us).toBeCloseTo(9, 1)
})

test.each([
  [[1_234_567]],
  [[98_765, 1000]],
  [[5001]],
  [Array.from({ length: 60 }, (_, i) => 977 * i)],
])('no figure exceeds the maximum, whatever bucket the maximum falls into: %j', (values) => {
  using recorder = new LatencyRecorder(['read'])
  const interval = new IntervalLatency()
  for (const ns of values) {
    recorder.record(0, ns)
    interval.record(ns)
  }
  const { meanUs, p50Us, p90Us, p99Us, maxUs } = recorder.figures().read!
  expect(maxUs).toBe(Math.max(...values) / 1e3)
  expect([p50Us, p90Us, p99Us, maxUs]).toEqual(
    [p50Us, p90Us, p99Us, maxUs].toSorted((a, b) => a - b),
  )
  expect(meanUs).toBeLessThanOrEqual(maxUs)
  expect(interval.take().p99Us).toBeLessThanOrEqual(maxUs)
})
