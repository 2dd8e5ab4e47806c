/** Owns a thread of `reader-threads.ts`: it reads random keys for a time, and posts its gets/s. */

import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { createRandom, openReader, type ReaderChannel } from '../../engine/index.ts'

export interface GettingData {
  readonly channel: ReaderChannel
  readonly records: number
  readonly seed: number
  readonly ms: number
}

/** Gets between two looks at the clock. */
const GETS = 500

const { channel, records, seed, ms } = workerData as GettingData
const reader = openReader(channel)
const random = createRandom(seed)
const key = new Uint8Array(8)
const view = new DataView(key.buffer)

function gets(): void {
  for (let get = 0; get < GETS; get++) {
    view.setUint32(0, Math.imul(random.nextBelow(records), 0x9e3779b1))
    if (reader.get(key) === undefined) throw new Error('a record is missing')
  }
}

// All blocks are in the cache, and the code is compiled, before it counts.
for (const _ of reader.scan()) void _
for (let round = 0; round < 200; round++) gets()
parentPort!.postMessage('ready')
await once(parentPort!, 'message')
const startMs = performance.now()
let done = 0
while (performance.now() - startMs < ms) {
  gets()
  done += GETS
}
parentPort!.postMessage((1000 * done) / (performance.now() - startMs))
reader.close()
