import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { newDiskFolder } from '../../testing/disk-folder.ts'
import { bytes, everyNth } from '../../testing/fixtures.ts'
import { Database } from '../database.ts'
import { readWhileWriting, SETTINGS } from './testing/read-while-writing.ts'

/** The deep test reads five times as much. */
const READS = 25_000

test.each(SETTINGS)(
  'two threads read whole, current entries while this one writes: %s',
  (_, open) => readWhileWriting(open, READS),
  120_000,
)

test.each(['reading', 'stepping', 'idle'])(
  'a thread that is %s when the database is closed gets LSM_CLOSED',
  async (doing) => {
    const folder = newDiskFolder()
    const open = { folder, strategy: everyNth(2), options: { memtableBytes: 8192 } }
    const db = Database.open(open)
    for (let i = 0; i < 500; i++) await db.put(bytes(`key${i}`), bytes('v'.repeat(50)))
    const channel = db.readerChannel()
    const worker = new Worker(new URL('./testing/until-closed.worker.ts', import.meta.url), {
      workerData: { channel, doing },
      transferList: [channel.port],
    })
    onTestFinished(async () => {
      await worker.terminate()
    })
    await once(worker, 'message')
    const answer = once(worker, 'message')
    for (let i = 0; i < 500; i++) await db.put(bytes(`key${i}`), bytes('w'.repeat(50)))
    await nextTurn()
    db.close()
    // The next database removes what the reader held.
    Database.open(open).close()
    worker.postMessage('closed')
    expect(await answer).toEqual(['LSM_CLOSED'])
  },
)
