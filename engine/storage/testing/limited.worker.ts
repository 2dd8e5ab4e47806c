/**
 * A thread of `limited-storage.test.ts`. It appends to two files of the folder: first to one that
 * is not limited, then chunk by chunk to one that is.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { limitedStorage } from '../limited-storage.ts'
import { NodeStorage } from '../node-storage.ts'
import { RateLimiter, type SharedRateLimiter } from '../rate-limiter.ts'
import { joinPath, type SharedStorage } from '../storage.ts'
import { Barrier, type SharedBarrier } from './barrier.ts'
import { SharedClock } from './shared-clock.ts'

export interface LimitedThread {
  readonly storage: SharedStorage
  readonly limiter: SharedRateLimiter
  readonly clock: SharedArrayBuffer
  readonly barrier: SharedBarrier
  readonly folder: string
  /** Of the limited file, and its name. */
  readonly cause: 'flush' | 'compaction' | 'vlog-gc'
  readonly chunks: number
  readonly chunkBytes: number
}

/** When each chunk was on disk, by the shared clock, in milliseconds. */
export type ChunkTimes = readonly number[]

function appendChunks(work: LimitedThread): ChunkTimes {
  const { folder, cause, chunks, chunkBytes } = work
  const clock = new SharedClock(work.clock)
  const limiter = RateLimiter.over(work.limiter, clock)
  const storage = limitedStorage(NodeStorage.over(work.storage), limiter)
  const wal = storage.create(joinPath(folder, `${cause}.log`), { cause: 'wal', level: -1 })
  wal.append(new Uint8Array(1_000_000), 'data')
  const file = storage.create(joinPath(folder, cause), { cause, level: 1 })
  new Barrier(work.barrier).meet()
  return Array.from({ length: chunks }, () => {
    file.append(new Uint8Array(chunkBytes), 'data')
    return clock.nowMs()
  })
}

parentPort?.postMessage(appendChunks(workerData as LimitedThread))
