/**
 * Owns the work of each thread of `node-storage-threads.child.ts`. All threads make, link, shorten
 * and read files at the same time, then each removes files that another one made.
 */

import { NodeStorage } from '../node-storage.ts'
import { joinPath, type SharedStorage } from '../storage.ts'
import { Barrier, type SharedBarrier } from './barrier.ts'

const FILES = 20

export interface StoringThread {
  readonly storage: SharedStorage
  readonly folder: string
  readonly barrier: SharedBarrier
  /** From 0 on. */
  readonly thread: number
}

export async function storeFiles(work: StoringThread): Promise<void> {
  const { folder, thread } = work
  const storage = NodeStorage.over(work.storage)
  const barrier = new Barrier(work.barrier)
  const nameOf = (of: number, rest: string) => joinPath(folder, `${of}-${rest}`)
  barrier.meet()
  for (let number = 0; number < FILES; number++) {
    const wal = storage.create(nameOf(thread, `${number}.log`), { cause: 'wal', level: -1 })
    const table = storage.create(nameOf(thread, `${number}.sst`), { cause: 'flush', level: 0 })
    for (let size = 1 + thread; size < 20_000; size = size * 3 + number) {
      wal.append(new Uint8Array(size), 'data')
      await wal.syncAsync()
      table.append(new Uint8Array(2 * size), 'data')
    }
    table.sync()
    wal.close()
    table.close()
    storage.truncate(wal.path, 1 + number)
    storage.link(table.path, nameOf(thread, `${number}.linked`))
    storage.readAll(table.path, { cause: 'verify', level: 0 })
    barrier.meet()
    const other = (thread + 1) % work.barrier.threads
    storage.remove(nameOf(other, `${number}.sst`))
    if (number % 2 === 0) storage.rename(wal.path, nameOf(other, `${number}.linked`))
  }
}
