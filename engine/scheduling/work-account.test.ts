import { expect, test } from 'vitest'
import { WorkAccount } from './work-account.ts'

/** `jobs`: start and end of each in milliseconds, as in `0-20 10-30`. Each job writes one byte. */
function accountOf(jobs: string): WorkAccount {
  const account = new WorkAccount()
  const times = jobs.split(' ').map((job) => job.split('-').map(Number) as [number, number])
  const moments = times.flatMap(([start, end]) => [
    { atMs: start, run: () => account.start(start) },
    { atMs: end, run: () => account.end(1, start, end) },
  ])
  for (const { run } of moments.toSorted((a, b) => a.atMs - b.atMs)) run()
  return account
}

test.each([
  ['one job', '10-30', { bytes: 1, ms: 20, busyMs: 20 }],
  ['one after another', '10-30 30-40', { bytes: 2, ms: 30, busyMs: 30 }],
  ['a pause between them', '0-10 50-60', { bytes: 2, ms: 20, busyMs: 20 }],
  ['two that overlap', '0-20 10-30', { bytes: 2, ms: 40, busyMs: 30 }],
  ['two at the same time', '0-20 0-20', { bytes: 2, ms: 40, busyMs: 20 }],
  ['one within another', '0-100 40-60', { bytes: 2, ms: 120, busyMs: 100 }],
])('%s: %s', (_, jobs, expected) => {
  const { bytes, ms, busyMs } = accountOf(jobs)
  expect({ bytes, ms, busyMs }).toEqual(expected)
})
