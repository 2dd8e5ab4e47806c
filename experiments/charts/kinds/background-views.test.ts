import { expect, test } from 'vitest'
import type { Background, RunResult } from '../../../results/schema.ts'
import { sampleResult } from '../../../results/testing/sample-result.ts'
import { chartKinds } from '../catalog.ts'
import { PRESETS } from '../theme.ts'
import { lanesByLevel } from './background-views.ts'

const span = (level: number, startSeconds: number, endSeconds: number) => {
  return { level, startSeconds, endSeconds }
}

test('jobs of one level that overlap lie in different lanes', () => {
  const spans = [span(0, 0, 2), span(0, 1, 3), span(1, 1, 3), span(0, 2, 4), span(0, 2.5, 5)]
  expect(lanesByLevel(spans)).toEqual([0, 1, 0, 0, 2])
})

const NONE = { slowdownSeconds: 0, stopSeconds: 0 }
const stall = (step: 'slowdown' | 'stop'): Background['stallEvents']['log'][number] => {
  return {
    cause: 'level0',
    step,
    startSeconds: 0.1,
    endSeconds: 0.2,
    groups: 1,
    delayedSeconds: 0.1,
  }
}

function withBackground(...steps: readonly ('slowdown' | 'stop')[]): RunResult {
  const result = sampleResult({})
  const point = {
    throughputPerSecond: 1000,
    stallSeconds: 0.1,
    stalledOperations: 1,
    gcSeconds: 0,
    eventLoopDelayMaxUs: 0,
    p50Us: 10,
    p99Us: 100,
  }
  const series = [1, 2].map((at) => ({ ...point, atOperation: at * 100, wallSeconds: at / 2 }))
  const background: Background = {
    clientsIn: 'one-thread',
    stalls: { memtables: NONE, level0: { slowdownSeconds: 0.1, stopSeconds: 0 }, debt: NONE },
    stallEvents: { total: steps.length, log: steps.map(stall) },
    jobs: [],
  }
  return { ...result, timed: { ...result.timed, series, background } }
}

function drawn(result: RunResult): string {
  return JSON.stringify(chartKinds.get('throughput')!.specOf([result], PRESETS['two-column']))
}

test('stalls are shaded and named, by step; service times are drawn', () => {
  const both = drawn(withBackground('slowdown', 'stop'))
  for (const words of ['writers slowed down', 'writers stopped', 'Service time']) {
    expect(both).toContain(words)
  }
  const none = drawn(withBackground())
  expect(none).not.toContain('writers stopped')
  expect(none).toContain('Service time')
})
