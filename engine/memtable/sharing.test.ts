import { expect, it } from 'vitest'
import { Lookup } from '../base/lookup.ts'
import { createRandom } from '../base/random.ts'
import { startWorkers } from '../storage/testing/threads.ts'
import { collectEntries } from '../testing/oracles/array-cursor.ts'
import { MemTable } from './memtable.ts'
import { addNumbered } from './testing/numbered-entries.ts'
import type { ReaderData, ReaderReport } from './testing/sharing.worker.ts'
import { VisibleSeq } from './visible-seq.ts'

const ENTRIES = 100_000
const GROUP_MAX = 8
/** After so many entries the writer waits until the reader has done another round. */
const PACE = 500
const WAIT_MS_MAX = 1000

it('reads the same in the thread it was shared with as in the writing thread', () => {
  const table = new MemTable({ capacityBytes: 0, seed: 7 })
  addNumbered(table, 1, 500)
  table.noteWriteTime(9, true)
  const shared = MemTable.over(structuredClone(table.share()))
  expect(collectEntries(shared.cursor())).toEqual(collectEntries(table.cursor()))
  for (const name of ['rawBytes', 'rawKeyBytes', 'entries', 'tombstones'] as const) {
    expect(shared[name]).toBe(table[name])
  }
  expect(shared).toMatchObject({ seqMin: 1, seqMax: 500, firstWriteAtMs: 9, firstTombstoneAtMs: 9 })
})

it('finds an entry while others are added before it at any step of the search', () => {
  const prefix = [1, 1, 1, 1]
  const growing = new Uint8Array(10_000)
  for (let step = 0; step < 40; step++) {
    const table = new MemTable({ capacityBytes: 1000, seed: step })
    const add = (last: number, value: Uint8Array) => {
      table.add(table.entries + 1, 1, Uint8Array.of(...prefix, last), 0, 5, value, 0, value.length)
    }
    for (const last of [10, 20, 30, 40, 50]) add(last, new Uint8Array(1))
    // Stands for a writing thread: the arena grows and an entry is added right before the one
    // that is searched for, while the search compares the last key byte.
    let reads = 0
    const slowKey = new Proxy(Uint8Array.of(...prefix, 40), {
      get(key, name) {
        if (name === '4' && reads++ === step % 10) {
          add(5, growing)
          add(39, new Uint8Array(1))
        }
        return Reflect.get(key, name, key)
      },
    })
    const lookup = new Lookup()
    expect(MemTable.over(table.share()).get(slowKey, 100, lookup), `step ${step}`).toBe(true)
    expect(lookup.seq).toBe(4)
  }
})

it('shows another thread all visible entries, complete, while this thread adds and grows', async () => {
  const table = new MemTable({ capacityBytes: 1000, seed: 7 })
  const visible = new VisibleSeq()
  const rounds = new Int32Array(new SharedArrayBuffer(4))
  const data: ReaderData = {
    memtable: table.share(),
    visible: visible.memory,
    rounds: rounds.buffer,
    entries: ENTRIES,
  }
  const module = new URL('./testing/sharing.worker.ts', import.meta.url)
  const { answers } = await startWorkers<ReaderReport>(module, [data])
  const random = createRandom(3)
  for (let seq = 0; seq < ENTRIES; ) {
    const until = Math.min(ENTRIES, seq + 1 + random.nextBelow(GROUP_MAX))
    addNumbered(table, seq + 1, until)
    visible.publish(until)
    const isPaused = Math.floor(until / PACE) > Math.floor(seq / PACE)
    if (isPaused) Atomics.wait(rounds, 0, Atomics.load(rounds, 0), WAIT_MS_MAX)
    seq = until
  }
  const [report] = await answers
  expect(report).toMatchObject({ missing: 0, torn: 0 })
  expect(report!.lookups).toBeGreaterThan(ENTRIES)
}, 60_000)
