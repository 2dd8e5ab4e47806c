/** Owns a thread that reads a database while the test writes, and checks each read. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../../base/assert.ts'
import { createRandom } from '../../../base/random.ts'
import { openReader } from '../reader.ts'
import type { ReaderChannel } from '../reader-channel.ts'
import { PairChecks, PairCounts } from './verified-pairs.ts'

export interface CheckingData {
  readonly channel: ReaderChannel
  readonly counts: SharedArrayBuffer
  readonly seed: number
  /** The thread ends after so many reads … */
  readonly reads: number
  /** … and not before this word is 1. */
  readonly mayEnd: Int32Array<SharedArrayBuffer>
}

const GETS = 400
const SNAPSHOT_PAIRS = 20

const { channel, counts, seed, reads, mayEnd } = workerData as CheckingData
assert(parentPort !== null, 'runs as a worker')
using reader = openReader(channel)
const pairs = new PairCounts(counts)
const checks = new PairChecks(reader, pairs, createRandom(seed))
for (let round = 0; checks.report().reads < reads || Atomics.load(mayEnd, 0) === 0; round++) {
  checks.gets(GETS)
  checks.snapshot(SNAPSHOT_PAIRS)
  if (round % 4 === 0) checks.scan(round % 8 === 0)
  // In some rounds views come by the event loop, in others only by reads.
  if (round % 16 === 0) await nextTurn()
}
parentPort.postMessage(checks.report())
