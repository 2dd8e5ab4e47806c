import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import { createRandom } from '../base/random.ts'
import { collectEntries } from '../testing/array-cursor.ts'
import { MemTable } from './memtable.ts'
import type { ReaderReport } from './sharing.worker.ts'

const ENTRIES = 100_000
const KEY_BYTES = 12
const VALUE_BYTES = 50

/** The value repeats the key's first byte, so that a torn or half-written entry shows. */
function addRandomEntries(table: MemTable, firstSeq: number, count: number): void {
  const random = createRandom(firstSeq)
  const key = new Uint8Array(KEY_BYTES)
  const value = new Uint8Array(VALUE_BYTES)
  for (let seq = firstSeq; seq < firstSeq + count; seq++) {
    for (let i = 0; i < KEY_BYTES; i++) key[i] = random.nextBelow(256)
    table.add(seq, 1, key, 0, KEY_BYTES, value.fill(key[0]!), 0, VALUE_BYTES)
  }
}

function newTable(): MemTable {
  return new MemTable({ capacityBytes: ENTRIES * (KEY_BYTES + VALUE_BYTES) * 2, seed: 7 })
}

it('is read where it was shared as where it was written', () => {
  const table = newTable()
  addRandomEntries(table, 1, 500)
  table.noteWriteTime(9, true)
  const shared = MemTable.over(structuredClone(table.share()))
  expect(collectEntries(shared.cursor())).toEqual(collectEntries(table.cursor()))
  for (const name of ['rawBytes', 'rawKeyBytes', 'entries', 'tombstones'] as const) {
    expect(shared[name]).toBe(table[name])
  }
  expect(shared).toMatchObject({ seqMin: 1, seqMax: 500, firstWriteAtMs: 9, firstTombstoneAtMs: 9 })
})

it('shows another thread complete entries in order while this one adds', async () => {
  const table = newTable()
  const worker = new Worker(new URL('./sharing.worker.ts', import.meta.url), {
    workerData: { table: table.share(), entriesMax: ENTRIES },
  })
  onTestFinished(async () => void (await worker.terminate()))
  await once(worker, 'message')
  const reported = once(worker, 'message')
  for (let seq = 1; seq <= ENTRIES; seq += 1000) {
    addRandomEntries(table, seq, 1000)
    // Lets the reader see more than two states of the table, on one core too.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const [report] = (await reported) as [ReaderReport]
  expect(report).toMatchObject({ entries: ENTRIES, disorders: 0, tornEntries: 0, lostEntries: 0 })
})
