/** Owns what each thread of `file-numbers.test.ts` does: it takes numbers from one counter. */

import { Barrier, type SharedBarrier } from '../../storage/testing/barrier.ts'
import { FileNumbers, type SharedFileNumbers } from '../file-numbers.ts'

export const TAKEN = 20_000

export interface TakingThread {
  readonly numbers: SharedFileNumbers
  readonly barrier: SharedBarrier
}

export function takeNumbers({ numbers: shared, barrier }: TakingThread): readonly number[] {
  const numbers = FileNumbers.over(shared)
  new Barrier(barrier).meet()
  return Array.from({ length: TAKEN }, () => numbers.allocate())
}
