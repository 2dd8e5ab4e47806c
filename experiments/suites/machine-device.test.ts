import { expect, test } from 'vitest'
import type { RunResult } from '../../results/schema.ts'
import { deviceFlags, machineDevice, secondsWithJobs } from './machine-device.ts'

/** `text`: the start and the end of each job in seconds, as in `0-2 1-4`. */
function jobsOf(text: string) {
  return text.split(' ').map((job) => {
    const [startedSeconds, endedSeconds] = job.split('-').map(Number) as [number, number]
    return { startedSeconds, endedSeconds }
  })
}

const NO_STALL = { slowdownSeconds: 0, stopSeconds: 0 }

/** A run of 10 s with a drain of 2 s, 1 s of stalls, 300 MB of jobs and 100 MB of log. */
function runWith(jobs: string): RunResult {
  return {
    deterministic: {
      phases: [{ operationsByKind: { insert: 50_000 } }, { operationsByKind: { update: 50_000 } }],
      events: { log: [{ bytesWritten: 100e6 }, { bytesWritten: 200e6 }] },
      amplification: { drained: { bytesWrittenByCause: { wal: 100e6 } } },
    },
    timed: {
      phases: [
        { name: 'load', wallSeconds: 4 },
        { name: 'run', wallSeconds: 6 },
        { name: 'drain', wallSeconds: 2 },
      ],
      background: {
        stalls: {
          memtables: NO_STALL,
          level0: { slowdownSeconds: 0.5, stopSeconds: 0.5 },
          debt: NO_STALL,
        },
        jobs: jobsOf(jobs),
      },
    },
  } as unknown as RunResult
}

test.each([
  ['1-2', 1],
  ['1-2 2-3', 2],
  ['1-2 5-6', 2],
  ['1-3 2-5', 4],
  ['1-9 2-3 4-10', 9],
  ['4-5 1-2', 2],
])('jobs %s: %i s with a job', (jobs, seconds) => {
  expect(secondsWithJobs(runWith(jobs))).toBe(seconds)
})

test('the device carries the bytes of the jobs, and of the log meanwhile', () => {
  // Jobs ran in 5 of 10 s: 300 MB and half of the log.
  const device = machineDevice([runWith('0-5')])
  expect(device.writeMBps).toBeCloseTo(70, 9)
  // 9 s without stalls; the log takes 100 / 70 s, 1.5 times as long beside half a job.
  expect(device.operationUs).toBeCloseTo((9 - (1.5 * 100) / 70) * 10, 9)
  expect(device).toMatchObject({ latencyUs: 0, fileUs: 0 })
})

test('of several runs the sums count', () => {
  const both = machineDevice([runWith('0-5'), runWith('0-10')])
  expect(both.writeMBps).toBeCloseTo((600 + 150) / 15, 9)
})

test('an operation takes some time, however slow the log is', () => {
  expect(machineDevice([runWith('0-10 0-10 0-10 0-10')]).operationUs).toBe(0.1)
})

test('the settings have the figures', () => {
  expect(
    deviceFlags({ readMBps: 1e6, writeMBps: 70.12345, latencyUs: 0, fileUs: 0, operationUs: 12.5 }),
  ).toEqual([
    '--set=deviceReadMBps=1000000',
    '--set=deviceWriteMBps=70.123',
    '--set=deviceLatencyUs=0',
    '--set=deviceFileUs=0',
    '--set=deviceOperationUs=12.500',
  ])
})
