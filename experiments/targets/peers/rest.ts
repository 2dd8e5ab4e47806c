/**
 * Owns waiting until a store's background work is over: the store says so, and the process has
 * written nothing for a while.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Interrupted } from '../../base/interrupted.ts'

const TIMEOUT_MS = 300_000
const POLL_MS = 10
/** Wakeups of libuv's loop write 8 bytes each, without any work of the store. */
const QUIET_BYTES = 64

export interface Resting {
  /** Without a written byte for so long; 0: it is at rest at once. */
  readonly quietMs: number
  isBusy(): boolean
  /** All that the process has written so far. */
  writtenBytes(): number
  readonly signal: AbortSignal
}

/** False if the time was up first. Throws `Interrupted` on the signal. */
export async function waitForRest(resting: Resting): Promise<boolean> {
  const { quietMs, signal } = resting
  const startMs = performance.now()
  let quietSince = startMs
  let written = resting.writtenBytes()
  let atRest = quietMs === 0
  while (!atRest && performance.now() - startMs < TIMEOUT_MS) {
    await sleep(POLL_MS)
    if (signal.aborted) throw new Interrupted('interrupted')
    const now = resting.writtenBytes()
    if (resting.isBusy() || now - written > QUIET_BYTES) quietSince = performance.now()
    written = now
    atRest = performance.now() - quietSince >= quietMs
  }
  return atRest
}
