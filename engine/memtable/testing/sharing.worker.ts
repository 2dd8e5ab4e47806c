/**
 * Owns the reading thread of `sharing.test.ts`. The test's writer adds ever smaller keys down to
 * zero. The reader looks at the first two entries, which are the newest, until it sees zero, and
 * counts states that must never be visible.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import type { InternalCursor } from '../../base/internal-cursor.ts'
import { MemTable, type SharedMemTable } from '../memtable.ts'

export interface ReaderReport {
  readonly looks: number
  /** Number of entries whose value does not match their key. */
  readonly tornEntries: number
  /**
   * How often the list ended after its first entry although the reader had seen more entries
   * before.
   */
  readonly gaps: number
  /** Number of entries in one scan at the end. */
  readonly entries: number
}

function readUntilZero(cursor: InternalCursor): ReaderReport {
  let [looks, tornEntries, gaps, entries] = [0, 0, 0, 0]
  let least = Number.POSITIVE_INFINITY
  while (least > 0) {
    cursor.seekToFirst()
    if (!cursor.valid) continue
    looks++
    const number = numberOf(cursor)
    const mark = (number % 255) + 1
    const { valueBytes, valueStart, valueLength } = cursor
    if (valueBytes[valueStart] !== mark || valueBytes[valueStart + valueLength - 1] !== mark) {
      tornEntries++
    }
    cursor.next()
    if (number < least && least !== Number.POSITIVE_INFINITY && !cursor.valid) gaps++
    least = number
  }
  for (cursor.seekToFirst(); cursor.valid && numberOf(cursor) === entries; cursor.next()) entries++
  return { looks, tornEntries, gaps, entries }
}

function numberOf({ keyBytes, keyStart }: InternalCursor): number {
  return new DataView(keyBytes.buffer).getUint32(keyBytes.byteOffset + keyStart)
}

assert(parentPort !== null, 'runs as a worker')
parentPort.postMessage('ready')
parentPort.postMessage(readUntilZero(MemTable.over(workerData as SharedMemTable).cursor()))
