/** Owns a test in which threads read and check pairs while this thread writes them. */

import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished } from 'vitest'
import { createRandom } from '../../../base/random.ts'
import { Ledger, liveBytes } from '../../../storage/ledger.ts'
import { NodeStorage } from '../../../storage/node-storage.ts'
import { folderBytes } from '../../../storage/storage.ts'
import { newDiskFolder } from '../../../testing/disk-folder.ts'
import { everyNth, RESTLESS_LOG, restless } from '../../../testing/fixtures.ts'
import { Database } from '../../database.ts'
import { verifyDatabase } from '../../offline/verify.ts'
import type { OpenOptions } from '../../open-options.ts'
import type { CheckingData } from './checking.worker.ts'
import { PairCounts, type PairReport } from './verified-pairs.ts'

const PAIRS = 200
const THREADS = 2
/** The tree changes at least so often by flushes, and by merges, while the threads read. */
const CHANGES = 4
const OPTIONS = { memtableBytes: 8 * 1024, blockBytes: 512, blockCacheBytes: 64 * 1024 }
const LOGGED: Partial<OpenOptions> = {
  options: { ...OPTIONS, valueLog: RESTLESS_LOG },
  valueLogPolicy: restless,
}

/** Where jobs run, and whether values are separated. */
export const SETTINGS: readonly [string, Partial<OpenOptions>][] = [
  ['jobs inline', { scheduling: 'inline' }],
  ['jobs in threads', { scheduling: 'threads' }],
  ['jobs inline, a value log', { ...LOGGED, scheduling: 'inline' }],
  ['jobs in threads, a value log', { ...LOGGED, scheduling: 'threads' }],
]

/** Reads at least `reads` times in each of two threads; expects no wrong answer. */
export async function readWhileWriting(open: Partial<OpenOptions>, reads: number): Promise<void> {
  const ledger = new Ledger()
  const storage = new NodeStorage(ledger)
  const folder = newDiskFolder()
  const db = Database.open({ folder, storage, strategy: everyNth(2), options: OPTIONS, ...open })
  const memory = PairCounts.memory(PAIRS)
  const counts = new PairCounts(memory)
  for (let pair = 0; pair < PAIRS; pair++) await counts.write(db, pair)
  const mayEnd = new Int32Array(new SharedArrayBuffer(4))
  const readers = Array.from({ length: THREADS }, (_, seed) =>
    startReader(db, { counts: memory, seed, reads, mayEnd }),
  )
  let running = THREADS
  for (const { report } of readers) report.finally(() => running--)
  const random = createRandom(9)
  for (let write = 0; running > 0; write++) {
    await counts.write(db, random.nextBelow(PAIRS))
    if (write % 16 !== 0) continue
    await nextTurn()
    const { merges, flushes } = db.metrics()
    if (merges >= CHANGES && flushes >= CHANGES) Atomics.store(mayEnd, 0, 1)
  }
  for (const { report, exit } of readers) {
    expect(await report).toMatchObject({ torn: 0, stale: 0, unwritten: 0, unequal: 0 })
    await exit
  }
  db.flush()
  db.close()
  expect(verifyDatabase(storage, folder).faults).toEqual([])
  expect(liveBytes(ledger.balance())).toBe(folderBytes(storage, folder))
}

/** Starts a thread that reads; `report` is what it found. */
function startReader(db: Database, data: Omit<CheckingData, 'channel'>) {
  const channel = db.readerChannel()
  const workerData: CheckingData = { ...data, channel }
  const worker = new Worker(new URL('./checking.worker.ts', import.meta.url), {
    workerData,
    transferList: [channel.port],
  })
  onTestFinished(async () => {
    await worker.terminate()
  })
  const exit = once(worker, 'exit')
  return { exit, report: once(worker, 'message').then(([report]) => report as PairReport) }
}
