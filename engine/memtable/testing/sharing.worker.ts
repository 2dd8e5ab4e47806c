/**
 * Owns the reading thread of `sharing.test.ts`. While the test adds entries, it looks entries up
 * and scans, at the sequence number that is visible at that moment, and counts what must never be
 * seen.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { Lookup } from '../../base/lookup.ts'
import { createRandom } from '../../base/random.ts'
import { MemTable, type SharedMemTable } from '../memtable.ts'
import { VisibleSeq } from '../visible-seq.ts'
import { isValueOf, numberOf, writeKey } from './numbered-entries.ts'

export interface ReaderData {
  readonly memtable: SharedMemTable
  readonly visible: SharedArrayBuffer
  /** One word: how many rounds the reader has done. The test waits for it. */
  readonly rounds: SharedArrayBuffer
  readonly entries: number
}

export interface ReaderReport {
  readonly lookups: number
  readonly steps: number
  /** Visible entries that a lookup or a scan did not find. */
  readonly missing: number
  /** Entries whose value is not that of their key, visible or not. */
  readonly torn: number
}

const LOOKUPS_PER_ROUND = 32
const SCANS_PER_ROUND = 32
const STEPS_PER_SCAN = 4

function read(data: ReaderData): ReaderReport {
  const table = MemTable.over(data.memtable)
  const visible = new VisibleSeq(data.visible)
  const rounds = new Int32Array(data.rounds)
  const random = createRandom(1)
  const lookup = new Lookup()
  const cursor = table.cursor()
  const key = new Uint8Array(8)
  let [lookups, steps, missing, torn] = [0, 0, 0, 0]

  function find(number: number, seq: number): void {
    lookups++
    writeKey(key, number)
    if (!table.get(key, seq, lookup) || lookup.seq !== number) missing++
    else if (!isValueOf(number, lookup)) torn++
  }

  /** The newest entry comes first. From the first visible one on, none may be missing. */
  function scan(seq: number): void {
    let least = data.entries + 1
    cursor.seekToFirst()
    for (let step = 0; step < STEPS_PER_SCAN && cursor.valid; step++, cursor.next()) {
      steps++
      const number = numberOf(cursor)
      if (!isValueOf(number, cursor)) torn++
      if (number < Math.min(seq, least - 1)) missing++
      least = number
    }
    if (least > seq && seq > 0 && !cursor.valid) missing++
  }

  for (let seq = 0; seq < data.entries; ) {
    seq = visible.load()
    for (let n = 0; n < LOOKUPS_PER_ROUND && seq > 0; n++) {
      // Half of them are the newest entries.
      find(n % 2 === 0 ? Math.max(1, seq - n) : 1 + random.nextBelow(seq), seq)
    }
    for (let n = 0; n < SCANS_PER_ROUND; n++) scan(seq)
    Atomics.add(rounds, 0, 1)
    Atomics.notify(rounds, 0)
  }
  for (let number = 1; number <= data.entries; number++) find(number, data.entries)
  return { lookups, steps, missing, torn }
}

assert(parentPort !== null, 'runs as a worker')
parentPort.postMessage(read(workerData as ReaderData))
