import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyBytesOf, valueBytesOf } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import { ArrayCursor, collectEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import {
  checkWalk,
  entriesArbitrary,
  entriesOver,
  keyArbitrary,
  showEntryText,
  stepsArbitrary,
  takeStep,
} from '../testing/oracles/cursor-walk.ts'
import { ArenaPool } from './arena-pool.ts'
import { MemTable } from './memtable.ts'

const { value: VALUE, deletion: DELETION } = ENTRY_KIND
const utf8 = (text: string) => new TextEncoder().encode(text)

function emptyTable(seed = 1): MemTable {
  return new MemTable({ capacityBytes: 0, seed })
}

/** Adds key and value from within larger arrays, so that a wrong start offset fails the test. */
function addEntry(table: MemTable, { key, seq, kind, value }: Entry): void {
  const keyBytes = Uint8Array.of(9, ...key, 9)
  const valueBytes = Uint8Array.of(8, 8, 8, ...value, 8)
  table.add(seq, kind, keyBytes, 1, key.length, valueBytes, 3, value.length)
}

function put(table: MemTable, key: string, seq: number, value: string): void {
  addEntry(table, { key: utf8(key), seq, kind: VALUE, value: utf8(value) })
}

describe('a memtable', () => {
  it('behaves like a sorted array under any walk', () => {
    fc.assert(
      fc.property(entriesArbitrary, stepsArbitrary, fc.nat(), (entries, steps, seed) => {
        const table = emptyTable(seed)
        for (const entry of entries) addEntry(table, entry)
        checkWalk(table.cursor(), entries, steps)
      }),
      { numRuns: 300 },
    )
  })

  it('behaves the same in an arena that other entries have filled', () => {
    const arenas = new ArenaPool()
    fc.assert(
      fc.property(entriesArbitrary, stepsArbitrary, (entries, steps) => {
        const table = new MemTable({ capacityBytes: 10_000, seed: 1, arenas })
        for (const entry of entries) addEntry(table, entry)
        checkWalk(table.cursor(), entries, steps)
        table.release()
      }),
    )
  })

  it('gives its arena to the next memtable at the last release, and not before', () => {
    const arenas = new ArenaPool()
    const made = () => new MemTable({ capacityBytes: 1000, seed: 1, arenas })
    const table = made()
    const { arena } = table.share()
    put(table, 'key', 1, 'value')
    table.hold()
    table.release()
    const other = made()
    expect(other.share().arena).not.toBe(arena)
    expect(getText(table, utf8('key'), 1)).toContain('@1')
    table.release()
    const next = made()
    expect(next.share().arena).toBe(arena)
    expect(getText(next, utf8('key'), 1)).toBe('none')
    expect(() => table.hold()).toThrow('the memtable has a hold')
    expect(() => table.release()).toThrow('the memtable has a hold')
  })

  it('leaves a grown arena to nobody: the next memtable takes a new one', () => {
    const arenas = new ArenaPool()
    const table = new MemTable({ capacityBytes: 100, seed: 1, arenas })
    const { arenaBytes } = table
    put(table, 'key', 1, 'v'.repeat(1000))
    table.release()
    expect(new MemTable({ capacityBytes: 100, seed: 1, arenas }).arenaBytes).toBe(arenaBytes)
  })

  it('takes entries in any order of seq', () => {
    fc.assert(
      fc.property(entriesArbitrary, (entries) => {
        const table = emptyTable()
        for (const entry of entries.toReversed()) addEntry(table, entry)
        expect(collectEntries(table.cursor())).toEqual(collectEntries(new ArrayCursor(entries)))
      }),
    )
  })

  it('gets the newest version at or before a seq, tombstones included', () => {
    fc.assert(
      fc.property(entriesOver(keyArbitrary, 25), keyArbitrary, (entries, strangeKey) => {
        const table = emptyTable()
        for (const entry of entries) addEntry(table, entry)
        const seqs = new Set(entries.flatMap(({ seq }) => [seq, Math.max(0, seq - 1)]))
        for (const key of [strangeKey, ...entries.map((entry) => entry.key)]) {
          for (const seq of [0, ...seqs, SEQ_NUM_MAX]) {
            expect(getText(table, key, seq)).toBe(expectedText(entries, key, seq))
          }
        }
      }),
    )
  })

  it('keeps a cursor usable while entries are added around it', () => {
    const steps = fc.array(fc.tuple(entriesArbitrary, stepsArbitrary), { maxLength: 4 })
    fc.assert(
      fc.property(steps, (rounds) => {
        const table = emptyTable()
        const cursor = table.cursor()
        const entries: Entry[] = []
        for (const [added, walk] of rounds) {
          for (const entry of added) {
            entries.push({ ...entry, seq: entries.length + 1 })
            addEntry(table, entries.at(-1)!)
          }
          for (const step of walk) {
            const oracle = new ArrayCursor(entries)
            if (cursor.valid) oracle.seek(keyBytesOf(cursor), cursor.seq)
            takeStep(oracle, step, entries)
            takeStep(cursor, step, entries)
            expect(showEntryText(cursor)).toBe(showEntryText(oracle))
          }
        }
      }),
    )
  })

  it('grows in place: earlier borrowed values and shared memtables stay valid', () => {
    const table = new MemTable({ capacityBytes: 100, seed: 1 })
    const shared = MemTable.over(table.share())
    const sharedCursor = shared.cursor()
    const arenaBytes = table.arenaBytes
    put(table, 'k0', 1, 'first')
    const lookup = new Lookup()
    const cursor = table.cursor()
    cursor.seekToFirst()
    sharedCursor.seekToFirst()
    expect(table.get(utf8('k0'), 9, lookup)).toBe(true)
    const large = new Uint8Array(100 * arenaBytes).fill(7)
    table.add(2, VALUE, utf8('k1'), 0, 2, large, 0, large.length)
    expect(table.arenaBytes / arenaBytes).toBe(128)
    expect(valueBytesOf(cursor)).toEqual(utf8('first'))
    expect(lookup.valueBytes.subarray(lookup.valueStart).subarray(0, 5)).toEqual(utf8('first'))
    cursor.next()
    expect(valueBytesOf(cursor)).toEqual(large)
    sharedCursor.next()
    expect(valueBytesOf(sharedCursor)).toEqual(large)
    expect(getText(shared, utf8('k0'), 9)).toBe(getText(table, utf8('k0'), 9))
    cursor.prev()
    expect(valueBytesOf(cursor)).toEqual(utf8('first'))
  })

  it('does not grow within its capacity if entries have at least 64 bytes', () => {
    for (const valueBytes of [48, 1000]) {
      const capacityBytes = 1 << 20
      const table = new MemTable({ capacityBytes, seed: 3 })
      const arenaBytes = table.arenaBytes
      const value = new Uint8Array(valueBytes)
      for (let seq = 1; table.rawBytes + 16 + valueBytes <= capacityBytes; seq++) {
        const key = utf8(String(seq).padStart(16, '0'))
        table.add(seq, VALUE, key, 0, 16, value, 0, valueBytes)
      }
      expect(table.arenaBytes).toBe(arenaBytes)
    }
  })

  it('keeps the sums and times that a flush needs', () => {
    const table = emptyTable()
    expect(table).toMatchObject({ isEmpty: true, entries: 0, rawBytes: 0, firstWriteAtMs: null })
    put(table, 'key', 7, 'value')
    table.noteWriteTime(100, false)
    addEntry(table, { key: utf8('k'), seq: 5, kind: DELETION, value: utf8('') })
    table.noteWriteTime(200, true)
    addEntry(table, { key: utf8('k'), seq: 6, kind: DELETION, value: utf8('') })
    table.noteWriteTime(300, true)
    expect(table).toMatchObject({
      isEmpty: false,
      entries: 3,
      tombstones: 2,
      rawBytes: 3 + 5 + 1 + 1,
      rawKeyBytes: 5,
      seqMin: 5,
      seqMax: 7,
      firstWriteAtMs: 100,
      firstTombstoneAtMs: 200,
    })
  })
})

function getText(table: MemTable, key: Uint8Array, seq: number): string {
  const lookup = new Lookup()
  if (!table.get(key, seq, lookup)) return 'none'
  const { valueBytes, valueStart, valueLength } = lookup
  const value = valueBytes.slice(valueStart, valueStart + valueLength)
  return `@${lookup.seq} kind ${lookup.kind} = ${value}`
}

function expectedText(entries: readonly Entry[], key: Uint8Array, seq: number): string {
  const same = (other: Uint8Array) => Buffer.compare(key, other) === 0
  const versions = entries.filter((entry) => same(entry.key) && entry.seq <= seq)
  const newest = versions.toSorted((a, b) => b.seq - a.seq)[0]
  return newest === undefined
    ? 'none'
    : `@${newest.seq} kind ${newest.kind} = ${newest.value.slice()}`
}
