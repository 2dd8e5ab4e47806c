import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Ledger, sumCells } from './ledger.ts'
import { limitedStorage } from './limited-storage.ts'
import { NodeStorage } from './node-storage.ts'
import { RateLimiter } from './rate-limiter.ts'
import { Barrier, newBarrier } from './testing/barrier.ts'
import type { ChunkTimes, LimitedThread } from './testing/limited.worker.ts'
import { SharedClock } from './testing/shared-clock.ts'
import { describeStorage } from './testing/storage-cases.ts'
import { startWorkers } from './testing/threads.ts'

const PERIOD_MS = 100
const REFILL = 100
const CHUNKS = 20
const CHUNK_BYTES = 70

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'varve-limited-'))
}

describeStorage('a limited storage', () => {
  const ledger = new Ledger()
  const folder = newFolder()
  const unlimited = { acquire: () => {} }
  return {
    storage: limitedStorage(new NodeStorage(ledger), unlimited),
    ledger,
    folder,
    reopened: (otherLedger) => limitedStorage(new NodeStorage(otherLedger), unlimited),
    dispose: () => rmSync(folder, { recursive: true }),
  }
})

test('background writes of all threads together keep to the rate; other writes pass', async () => {
  const folder = newFolder()
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const clock = new SharedClock()
  const limiter = RateLimiter.create(REFILL * (1000 / PERIOD_MS), clock)
  const ledger = new Ledger()
  const causes = ['flush', 'compaction', 'vlog-gc'] as const
  const barrier = newBarrier(1 + causes.length)
  const shared = {
    storage: new NodeStorage(ledger).share(causes.length),
    limiter: limiter.share(),
    clock: clock.memory,
    barrier,
    folder,
    chunks: CHUNKS,
    chunkBytes: CHUNK_BYTES,
  }
  const threads: readonly LimitedThread[] = causes.map((cause) => ({ ...shared, cause }))
  const module = new URL('./testing/limited.worker.ts', import.meta.url)
  const { answers } = await startWorkers<ChunkTimes>(module, threads)
  new Barrier(barrier).meet()
  // Threads that wait look at the clock at least every period of real time. An asking wakes them.
  const ticking = setInterval(() => {
    clock.advance(PERIOD_MS)
    limiter.take(0, 'flush')
  }, 5)
  const chunkTimes = await answers
  clearInterval(ticking)
  const times = chunkTimes.flat().sort((a, b) => a - b)
  expect(times.length).toBe(causes.length * CHUNKS)
  for (const [index, atMs] of times.entries()) {
    // The first refill was there at the start, and the last chunk may have gone into debt.
    const refills = Math.floor(atMs / PERIOD_MS) + 1
    expect(index * CHUNK_BYTES, `chunk ${index} at ${atMs} ms`).toBeLessThan(refills * REFILL)
  }
  for (const cause of causes) {
    const written = sumCells(ledger.cells(), { cause, direction: 'write' })
    expect(written).toEqual({ bytes: CHUNKS * CHUNK_BYTES, calls: CHUNKS })
  }
})
