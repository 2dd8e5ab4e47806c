import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import { LatencyRecorder } from './latency.ts'

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
