import { expect, test } from 'vitest'
import { Ledger, liveBytes } from './ledger.ts'
import { newBarrier } from './testing/barrier.ts'
import {
  type CountingThread,
  countRounds,
  growInRound,
  ROUNDS,
  shrinkInRound,
  THREADS,
} from './testing/counting.ts'
import { startWorkers } from './testing/threads.ts'

/** What one ledger says after each phase if it makes the counts of all threads itself. */
function expectedPhases(ledger: Ledger): readonly (readonly [live: number, peak: number])[] {
  const phases: (readonly [number, number])[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (const count of [growInRound, shrinkInRound]) {
      for (let thread = 0; thread < THREADS; thread++) count(ledger, thread, round)
      phases.push([liveBytes(ledger.balance()), ledger.peakLiveBytes])
    }
  }
  return phases
}

test('threads that count at the same time lose no byte, no call and no peak', async () => {
  const expected = new Ledger()
  const ledger = new Ledger()
  for (const each of [expected, ledger]) each.countPresentAtOpen(1234)
  const barrier = newBarrier(THREADS)
  const threads: readonly CountingThread[] = Array.from({ length: THREADS }, (_, thread) => {
    return { ledger: ledger.share(), barrier, thread }
  })
  const { answers } = await startWorkers(
    new URL('./testing/counting.worker.ts', import.meta.url),
    threads.slice(1),
  )
  const phases: (readonly [number, number])[] = []
  countRounds(threads[0]!, (seen) => {
    phases.push([liveBytes(seen.balance()), seen.peakLiveBytes])
  })
  await answers
  expect(phases).toEqual(expectedPhases(expected))
  expect(ledger.cells()).toEqual(expected.cells())
  expect(ledger.balance()).toEqual(expected.balance())
})
