/**
 * Owns interleavings of two threads in one: what another thread does between two atomic operations
 * of this one. So a test can try every such moment.
 */

import { onTestFinished, vi } from 'vitest'

const OPERATIONS = ['load', 'store', 'add', 'exchange', 'compareExchange'] as const

/**
 * Runs `work`, and `intrude` in the middle of it: directly before its atomic operation number `at`,
 * counted from 0. Returns whether `work` has so many operations.
 */
export function overtaken(at: number, intrude: () => void, work: () => void): boolean {
  onTestFinished(() => void vi.restoreAllMocks())
  let operations = 0
  for (const name of OPERATIONS) {
    const original = Atomics[name] as (...args: readonly unknown[]) => never
    vi.spyOn(Atomics, name).mockImplementation((...args: readonly unknown[]) => {
      if (operations++ === at) intrude()
      return original(...args)
    })
  }
  work()
  vi.restoreAllMocks()
  return operations > at
}
