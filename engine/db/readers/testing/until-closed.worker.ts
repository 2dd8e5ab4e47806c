/** Owns a thread that reads until its database is closed, and posts the code of the error. */

import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { isLsmError } from '../../../base/errors.ts'
import { bytes } from '../../../testing/fixtures.ts'
import type { Cursor } from '../../cursor.ts'
import { openReader } from '../reader.ts'
import type { ReaderChannel } from '../reader-channel.ts'

export interface UntilClosedData {
  readonly channel: ReaderChannel
  readonly doing: 'reading' | 'stepping' | 'idle'
}

const { channel, doing } = workerData as UntilClosedData
const reader = openReader(channel)
parentPort!.postMessage('open')
try {
  if (doing === 'reading') for (;;) reader.get(bytes('key7'))
  if (doing === 'stepping') await step(reader.cursor())
  await once(parentPort!, 'message')
  reader.get(bytes('key7'))
} catch (error) {
  parentPort!.postMessage(isLsmError(error) ? error.code : String(error))
}

/** Steps over all entries again and again; the event loop turns now and then. */
async function step(cursor: Cursor): Promise<never> {
  for (;;) {
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) cursor.key()
    await nextTurn()
  }
}
