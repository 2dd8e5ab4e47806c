/**
 * Owns the counts that each thread of `ledger-threads.test.ts` makes. They depend only on the
 * thread and the round, so that one ledger can repeat those of all threads in any order.
 */

import { createRandom, type Random } from '../../base/random.ts'
import { CAUSES, Ledger, SECTIONS } from '../ledger.ts'
import { Barrier, type SharedBarrier } from './barrier.ts'

export const THREADS = 3
export const ROUNDS = 40
const STEPS = 500

export interface CountingThread {
  readonly ledger: SharedArrayBuffer
  readonly barrier: SharedBarrier
  /** From 0 on. */
  readonly thread: number
}

/** Counts that make the live bytes grow, in many steps. Few accounts, so that threads collide. */
export function growInRound(ledger: Ledger, thread: number, round: number): void {
  const random = createRandom(round * THREADS + thread)
  for (let step = 0; step < STEPS; step++) {
    const bytes = random.nextBelow(100)
    const section = pick(SECTIONS, random)
    const account = Ledger.account(pick(CAUSES, random), 0)
    ledger.countWrite(account, section, bytes)
    ledger.countRead(account, section, bytes)
    if (step % 8 === 0) ledger.countLinked(bytes)
  }
}

/** Counts that make the live bytes shrink, in many steps. */
export function shrinkInRound(ledger: Ledger, thread: number, round: number): void {
  const random = createRandom(round * THREADS + thread)
  for (let step = 0; step < STEPS; step++) {
    ledger.countRemoved(random.nextBelow(100))
    if (step % 8 === 0) ledger.countTruncated(1)
  }
}

function pick<Value>(values: readonly Value[], random: Random): Value {
  return values[random.nextBelow(4)]!
}

/** All rounds of one thread. All threads grow at the same time, then all shrink. */
export function countRounds(
  { ledger: shared, barrier: meeting, thread }: CountingThread,
  afterPhase: (ledger: Ledger) => void = () => {},
): void {
  const ledger = Ledger.over(shared)
  const barrier = new Barrier(meeting)
  for (let round = 0; round < ROUNDS; round++) {
    for (const count of [growInRound, shrinkInRound]) {
      barrier.meet()
      count(ledger, thread, round)
      barrier.meet()
      afterPhase(ledger)
    }
  }
}
