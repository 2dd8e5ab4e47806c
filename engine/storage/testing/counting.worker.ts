/** A thread of `ledger-threads.test.ts`. */

import { parentPort, workerData } from 'node:worker_threads'
import { type CountingThread, countRounds } from './counting.ts'

countRounds(workerData as CountingThread)
parentPort?.postMessage('done')
