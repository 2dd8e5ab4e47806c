/** A thread of `file-numbers.test.ts`. */

import { parentPort, workerData } from 'node:worker_threads'
import { type TakingThread, takeNumbers } from './taking-numbers.ts'

parentPort?.postMessage(takeNumbers(workerData as TakingThread))
