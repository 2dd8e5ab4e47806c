import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ENTRY_KIND } from '../base/internal-key.ts'
import type { Lookup } from '../base/lookup.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { BlockCache } from '../cache/block-cache.ts'
import { MemTable } from '../memtable/memtable.ts'
import { OpenFiles } from '../storage/open-files.ts'
import { bytes, openTest, text } from '../testing/fixtures.ts'
import { collectEntries } from '../testing/oracles/array-cursor.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { Reads } from './reads.ts'
import { TableHandles } from './table-handles.ts'

const KEYS = ['a', 'b', 'c', 'd']

interface Write {
  readonly key: string
  readonly isDeletion: boolean
}

const writeArbitrary = fc.record({ key: fc.constantFrom(...KEYS), isDeletion: fc.boolean() })
/** The writes of each memtable, oldest memtable first. */
const layersArbitrary = fc.array(fc.array(writeArbitrary, { maxLength: 6 }), {
  minLength: 1,
  maxLength: 4,
})

/** A table that holds every key, with sequence numbers 1 to 4, and reads above it. */
function openBase() {
  const { db, storage } = openTest()
  const batch = new WriteBatch()
  for (const key of KEYS) batch.put(bytes(key), bytes(`${key} in the table`))
  db.writeSync(batch)
  db.flush()
  const handles = new TableHandles(new OpenFiles(storage), '/db', new BlockCache(1 << 16))
  const counters = { gets: new ReadCounters(), scans: new ReadCounters() }
  return { reads: new Reads(handles, counters), counters, version: db.version, seq: db.lastSeq }
}

function addTo(memtable: MemTable, seq: number, { key, isDeletion }: Write): void {
  const kind = isDeletion ? ENTRY_KIND.deletion : ENTRY_KIND.value
  const value = isDeletion ? new Uint8Array(0) : bytes(`${key} at ${seq}`)
  memtable.add(seq, kind, bytes(key), 0, key.length, value, 0, value.length)
}

function textOf(found: Lookup | null): string {
  if (found === null) return 'nothing'
  if (found.kind === ENTRY_KIND.deletion) return 'deleted'
  return text(found.valueBytes.subarray(found.valueStart, found.valueStart + found.valueLength))
}

test('a read over several memtables and a table finds the newest version at every moment', () => {
  const base = openBase()
  fc.assert(
    fc.property(layersArbitrary, (layers) => {
      let seq = base.seq
      const memtables: MemTable[] = []
      const newest = new Map(KEYS.map((key) => [key, `${key} in the table`]))
      const moments = new Map([[seq, new Map(newest)]])
      for (const [index, writes] of layers.entries()) {
        const memtable = new MemTable({ capacityBytes: 0, seed: index })
        memtables.unshift(memtable)
        for (const write of writes) {
          seq++
          addTo(memtable, seq, write)
          newest.set(write.key, write.isDeletion ? 'deleted' : `${write.key} at ${seq}`)
          moments.set(seq, new Map(newest))
        }
      }
      for (const [moment, values] of moments) {
        for (const [key, value] of values) {
          const found = base.reads.find(memtables, base.version, bytes(key), moment)
          expect(textOf(found), `${key} @${moment}`).toBe(value)
        }
      }
      const view = { version: base.version, memtables, generation: 0 }
      const seqs = collectEntries(base.reads.cursor(view, seq)).map((entry) => entry.seq)
      expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: seq }, (_, n) => n + 1))
    }),
  )
})

test('a read stops at the first memtable that answers', () => {
  const { reads, counters, version } = openBase()
  const memtables = [7, 6, 5].map((seq) => {
    const memtable = new MemTable({ capacityBytes: 0, seed: seq })
    addTo(memtable, seq, { key: seq === 7 ? 'a' : 'b', isDeletion: seq === 7 })
    return memtable
  })
  expect(textOf(reads.find(memtables, version, bytes('a'), 7))).toBe('deleted')
  expect(counters.gets).toMatchObject({ memtablesProbed: 1, runsProbed: 0 })
  expect(textOf(reads.find(memtables, version, bytes('c'), 7))).toBe('c in the table')
  expect(counters.gets).toMatchObject({ memtablesProbed: 4, runsProbed: 1 })
  reads.cursor({ version, memtables, generation: 0 }, 7)
  expect(counters.scans).toMatchObject({ memtablesProbed: 3, runsProbed: 1 })
})
