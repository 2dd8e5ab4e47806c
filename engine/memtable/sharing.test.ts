import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import { collectEntries } from '../testing/oracles/array-cursor.ts'
import { MemTable } from './memtable.ts'
import type { ReaderReport } from './testing/sharing.worker.ts'

const ENTRIES = 50_000
const VALUE_BYTES = 300

/** Keys descend, so each new entry is the first one, where the reader looks. */
function addDescending(table: MemTable, count: number): void {
  const key = new Uint8Array(4)
  const value = new Uint8Array(VALUE_BYTES)
  for (let number = count - 1; number >= 0; number--) {
    new DataView(key.buffer).setUint32(0, number)
    // The value is derived from the key and is never the zero of an unwritten arena.
    value.fill((number % 255) + 1)
    table.add(count - number, 1, key, 0, key.length, value, 0, VALUE_BYTES)
  }
}

function newTable(): MemTable {
  return new MemTable({ capacityBytes: ENTRIES * (VALUE_BYTES + 4), seed: 7 })
}

it('reads the same in the thread it was shared with as in the writing thread', () => {
  const table = newTable()
  addDescending(table, 500)
  table.noteWriteTime(9, true)
  const shared = MemTable.over(structuredClone(table.share()))
  expect(collectEntries(shared.cursor())).toEqual(collectEntries(table.cursor()))
  for (const name of ['rawBytes', 'rawKeyBytes', 'entries', 'tombstones'] as const) {
    expect(shared[name]).toBe(table[name])
  }
  expect(shared).toMatchObject({ seqMin: 1, seqMax: 500, firstWriteAtMs: 9, firstTombstoneAtMs: 9 })
})

it('shows another thread only complete entries, without gaps, while this thread adds', async () => {
  const table = newTable()
  const worker = new Worker(new URL('./testing/sharing.worker.ts', import.meta.url), {
    workerData: table.share(),
  })
  onTestFinished(async () => void (await worker.terminate()))
  await once(worker, 'message')
  const reported = once(worker, 'message')
  addDescending(table, ENTRIES)
  const [report] = (await reported) as [ReaderReport]
  expect(report).toMatchObject({ tornEntries: 0, gaps: 0, entries: ENTRIES })
})
