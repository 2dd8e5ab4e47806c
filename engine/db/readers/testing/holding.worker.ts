/** Owns a thread that holds a cursor and never returns to its event loop. */

import { parentPort, workerData } from 'node:worker_threads'
import { openReader } from '../reader.ts'
import type { ReaderChannel } from '../reader-channel.ts'

const reader = openReader(workerData as ReaderChannel)
reader.cursor().seekToFirst()
parentPort!.postMessage('holds')
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
