/**
 * Owns the reading thread of `sharing.test.ts`: it scans a shared memtable again and again until
 * all entries are there, and counts what must never be seen.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { compareRanges } from '../base/compare.ts'
import { MemTable, type SharedMemTable } from './memtable.ts'

export interface ReaderReport {
  readonly scans: number
  /** Of the last scan. */
  readonly entries: number
  readonly disorders: number
  readonly tornEntries: number
  /** By how much scans came out shorter than the one before. */
  readonly lostEntries: number
}

interface Task {
  readonly table: SharedMemTable
  readonly entriesMax: number
}

function readUntilFull({ table, entriesMax }: Task): ReaderReport {
  const cursor = MemTable.over(table).cursor()
  const report = { scans: 0, entries: 0, disorders: 0, tornEntries: 0, lostEntries: 0 }
  while (report.entries < entriesMax) {
    let entries = 0
    let previous = { bytes: new Uint8Array(0) as Uint8Array, start: 0, length: 0 }
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
      const { keyBytes, keyStart, keyLength, valueBytes, valueStart, valueLength } = cursor
      const { bytes, start, length } = previous
      if (compareRanges(bytes, start, length, keyBytes, keyStart, keyLength) >= 0) {
        report.disorders++
      }
      previous = { bytes: keyBytes, start: keyStart, length: keyLength }
      const mark = keyBytes[keyStart]
      if (keyLength === 0 || valueLength === 0) report.tornEntries++
      if (valueBytes[valueStart] !== mark || valueBytes[valueStart + valueLength - 1] !== mark) {
        report.tornEntries++
      }
      entries++
    }
    report.lostEntries += Math.max(0, report.entries - entries)
    report.entries = entries
    report.scans++
  }
  return report
}

assert(parentPort !== null, 'runs as a worker')
parentPort.postMessage('ready')
parentPort.postMessage(readUntilFull(workerData as Task))
