/**
 * Owns measuring the write amplification of a value log under uniform updates. A database of `keys`
 * values with a log capacity of live bytes ÷ f is overwritten at random until the whole log has
 * been cleaned many times. Equal seeds give equal results.
 */

import { ManualClock } from '../../../engine/base/clock.ts'
import { createRandom } from '../../../engine/base/random.ts'
import { Database } from '../../../engine/db/database.ts'
import { Ledger } from '../../../engine/storage/ledger.ts'
import { MemoryStorage } from '../../../engine/storage/memory-storage.ts'
import { WriteBatch } from '../../../engine/wal/write-batch.ts'
import { STRATEGIES } from '../../catalog.ts'
import { valueLogPolicyOf } from '../index.ts'

export interface UniformUpdates {
  readonly gcPolicy: string
  /** Live ÷ capacity. */
  readonly fill: number
  readonly keys: number
  /** Overwrites of the whole data set before the measured window, and in it. */
  readonly rounds: readonly [before: number, measured: number]
  readonly seed: number
}

export interface LogCost {
  /** Log bytes written per byte of new values, in the window. */
  readonly waLog: number
  /** The largest size of the log in the window: record bytes ÷ capacity. */
  readonly fullest: number
}

const KEY_BYTES = 8
const VALUE_BYTES = 100
const RECORD_BYTES = 32 + KEY_BYTES + VALUE_BYTES
/** Segments in a log; many, because the formula assumes that they are very small. */
const SEGMENTS = 200

export function updateUniformly({ gcPolicy, fill, keys, rounds, seed }: UniformUpdates): LogCost {
  const capacityBytes = Math.round((keys * RECORD_BYTES) / fill)
  const segmentBytes = Math.max(1024, Math.round(capacityBytes / SEGMENTS))
  const valueLog = {
    ...({ thresholdBytes: 1, compression: 'none', gcPolicy, fillFraction: fill } as const),
    capacityBytes,
    segmentBytes,
    ageCutoff: 0.25,
    gcRate: 1000,
  }
  const db = Database.open({
    storage: new MemoryStorage(new Ledger()),
    folder: '/db',
    clock: new ManualClock(1),
    seed,
    strategy: STRATEGIES.get('leveling')!.create({ T: 10 }),
    options: { memtableBytes: 4096, compression: 'none', valueLog },
    valueLogPolicy: valueLogPolicyOf(valueLog),
  })
  const random = createRandom(seed)
  const key = new Uint8Array(KEY_BYTES)
  const value = new Uint8Array(VALUE_BYTES)
  const batch = new WriteBatch()
  const put = (number: number) => {
    new DataView(key.buffer).setUint32(4, number)
    batch.clear()
    batch.put(key, value)
    db.writeSync(batch)
  }
  for (let number = 0; number < keys; number++) put(number)
  const [before, measured] = rounds
  for (let left = before * keys; left > 0; left--) put(random.nextBelow(keys))
  const from = db.metrics().valueLog
  let fullest = 0
  for (let left = measured * keys; left > 0; left--) {
    put(random.nextBelow(keys))
    if (left % 100 !== 0) continue
    const { logBytes, unsealedBytes } = db.metrics().valueLog
    fullest = Math.max(fullest, (logBytes + unsealedBytes) / capacityBytes)
  }
  const to = db.metrics().valueLog
  const appended = to.appendedBytes - from.appendedBytes
  const moved = to.movedBytes - from.movedBytes
  db.close()
  return { waLog: (appended + moved) / appended, fullest }
}
