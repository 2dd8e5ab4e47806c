import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { createRandom } from '../../base/random.ts'
import { Ledger, liveBytes } from '../../storage/ledger.ts'
import { NodeStorage } from '../../storage/node-storage.ts'
import { folderBytes } from '../../storage/storage.ts'
import { newDiskFolder } from '../../testing/disk-folder.ts'
import { everyNth, RESTLESS_LOG, restless } from '../../testing/fixtures.ts'
import { Database } from '../database.ts'
import { verifyDatabase } from '../offline/verify.ts'
import type { OpenOptions } from '../open-options.ts'
import type { CheckingData } from './testing/checking.worker.ts'
import { PairCounts, type PairReport } from './testing/verified-pairs.ts'

const PAIRS = 200
const OPTIONS = { memtableBytes: 8 * 1024, blockBytes: 512, blockCacheBytes: 64 * 1024 }

/** Starts a thread that reads; `report` is what it found. */
function startReader(db: Database, counts: SharedArrayBuffer, seed: number, reads: number) {
  const channel = db.readerChannel()
  const workerData: CheckingData = { channel, counts, seed, reads }
  const worker = new Worker(new URL('./testing/checking.worker.ts', import.meta.url), {
    workerData,
    transferList: [channel.port],
  })
  onTestFinished(async () => {
    await worker.terminate()
  })
  const exit = once(worker, 'exit')
  return { exit, report: once(worker, 'message').then(([report]) => report as PairReport) }
}

const LOGGED: Partial<OpenOptions> = {
  options: { ...OPTIONS, valueLog: RESTLESS_LOG },
  valueLogPolicy: restless,
}

test.each([
  ['inline', { scheduling: 'inline' }],
  ['in threads', { scheduling: 'threads' }],
  ['inline, with a value log', { ...LOGGED, scheduling: 'inline' }],
  ['in threads, with a value log', { ...LOGGED, scheduling: 'threads' }],
] satisfies [string, Partial<OpenOptions>][])(
  'two threads read whole, current entries while this one writes: jobs %s',
  async (_, open) => {
    const ledger = new Ledger()
    const storage = new NodeStorage(ledger)
    const folder = newDiskFolder()
    const db = Database.open({
      folder,
      storage,
      strategy: everyNth(2),
      options: OPTIONS,
      ...open,
    })
    const memory = PairCounts.memory(PAIRS)
    const counts = new PairCounts(memory)
    for (let pair = 0; pair < PAIRS; pair++) await counts.write(db, pair)
    const readers = [1, 2].map((seed) => startReader(db, memory, seed, 30_000))
    let running = readers.length
    for (const { report } of readers) report.finally(() => running--)
    const random = createRandom(9)
    for (let write = 0; running > 0; write++) {
      await counts.write(db, random.nextBelow(PAIRS))
      if (write % 16 === 0) await nextTurn()
    }
    for (const { report, exit } of readers) {
      expect(await report).toMatchObject({ torn: 0, stale: 0, unwritten: 0, unequal: 0 })
      await exit
    }
    const { merges, flushes } = db.metrics()
    expect(flushes).toBeGreaterThan(3)
    expect(merges).toBeGreaterThan(1)
    db.flush()
    db.close()
    expect(verifyDatabase(storage, folder).faults).toEqual([])
    expect(liveBytes(ledger.balance())).toBe(folderBytes(storage, folder))
  },
  60_000,
)
