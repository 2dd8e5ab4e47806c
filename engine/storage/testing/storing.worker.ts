/** A thread of `node-storage-threads.child.ts`. It stays until the process ends. */

import { parentPort, workerData } from 'node:worker_threads'
import { isLsmError } from '../../base/errors.ts'
import { NodeStorage } from '../node-storage.ts'
import { type StoringThread, storeFiles } from './storing.ts'

parentPort?.on('message', async () => {
  await storeFiles(workerData as StoringThread)
  parentPort?.postMessage('done')
})
parentPort?.postMessage(lockAnswer(workerData as StoringThread))

/** The code of the error that a second lock of the folder is answered with. */
function lockAnswer({ storage, folder }: StoringThread): string {
  try {
    NodeStorage.over(storage).lock(folder)
    return 'held twice'
  } catch (error) {
    return isLsmError(error) ? error.code : String(error)
  }
}
