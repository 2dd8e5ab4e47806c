/**
 * A separate process for node-storage.test.ts: two workers and the main thread use one folder at
 * the same time. Reports the system's count of written bytes, the ledger's, the balance, and what
 * the workers are told when they ask for the folder's lock.
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Ledger, liveBytes } from '../ledger.ts'
import { NodeStorage } from '../node-storage.ts'
import { folderBytes } from '../storage.ts'
import { newBarrier } from './barrier.ts'
import { processIo, writtenSince } from './process-io.ts'
import { type StoringThread, storeFiles } from './storing.ts'

const folder = process.argv[2]!
const ledger = new Ledger()
const storage = new NodeStorage(ledger)
storage.lock(folder)
const barrier = newBarrier(3)
const work: StoringThread = { storage: storage.share(2), folder, barrier, thread: 0 }
const workers = [1, 2].map(
  (thread) =>
    new Worker(new URL('./storing.worker.ts', import.meta.url), {
      workerData: { ...work, thread },
    }),
)
const lockAnswers = (await Promise.all(workers.map((worker) => once(worker, 'message')))).flat()
const before = processIo()
const done = workers.map((worker) => once(worker, 'message'))
for (const worker of workers) worker.postMessage('start')
await Promise.all([storeFiles(work), ...done])
console.log(
  JSON.stringify({
    ...writtenSince(before, ledger),
    liveBytes: liveBytes(ledger.balance()),
    folderBytes: folderBytes(storage, folder),
    lockAnswers,
  }),
)
process.exit()
