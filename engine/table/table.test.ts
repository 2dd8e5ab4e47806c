import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { Ledger, sumCells } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { collectEntries, compareEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import {
  checkWalk,
  entriesArbitrary,
  entriesOver,
  hex,
  keyArbitrary,
  stepsArbitrary,
} from '../testing/oracles/cursor-walk.ts'
import { ReadAhead } from './table-cursor.ts'
import { TableWriter, type TableWriterOptions } from './table-writer.ts'
import { addEntries, openTable, plain, writeTag } from './testing/table-fixture.ts'

/** Small blocks and restart intervals, so that a few entries cross many borders. */
const optionsArbitrary: fc.Arbitrary<TableWriterOptions> = fc.record({
  blockBytes: fc.constantFrom(1, 60, 200, 4096),
  restartInterval: fc.constantFrom(1, 2, 3, 16),
  compression: fc.constantFrom('none', 'lz4', 'zstd'),
  bitsPerKey: fc.constantFrom(0, 2.5, 10),
})

const someEntries = entriesArbitrary.filter((entries) => entries.length > 0)

function numbered(count: number, valueBytes = 100): Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    key: new TextEncoder().encode(`key${String(index * 2).padStart(8, '0')}`),
    seq: index + 1,
    kind: ENTRY_KIND.value,
    value: new Uint8Array(valueBytes).fill(index),
  }))
}

function showLookup({ seq, kind, valueBytes, valueStart, valueLength }: Lookup): string {
  return `@${seq} kind ${kind} = ${hex(valueBytes.slice(valueStart, valueStart + valueLength))}`
}

function showFound(entry: Entry | undefined): string {
  return entry ? `@${entry.seq} kind ${entry.kind} = ${hex(entry.value)}` : 'nothing'
}

function numberedKey(number: number): Uint8Array {
  return new TextEncoder().encode(`key${String(number).padStart(8, '0')}`)
}

describe('a table', () => {
  test('shows the written entries on any walk', () => {
    fc.assert(
      fc.property(someEntries, optionsArbitrary, stepsArbitrary, (entries, options, steps) => {
        const { reader, counters } = openTable(entries, options)
        const file = reader.file.tagged({ cause: 'scan', level: 0 })
        const through = reader.cursor({ file, counters, fillCache: true })
        expect(collectEntries(through)).toEqual(entries.toSorted(compareEntries))
        checkWalk(through, entries, steps)
        const ahead = reader.cursor({
          file,
          counters,
          fillCache: false,
          readAhead: new ReadAhead(256),
        })
        checkWalk(ahead, entries, steps)
      }),
      { numRuns: 300 },
    )
  })

  test('answers a get with the newest version at or below the sequence number', () => {
    fc.assert(
      fc.property(
        someEntries,
        optionsArbitrary,
        fc.array(keyArbitrary, { maxLength: 5 }),
        (entries, options, strangers) => {
          const { reader, counters } = openTable(entries, options)
          const sorted = entries.toSorted(compareEntries)
          const seqs = [0, SEQ_NUM_MAX, ...entries.flatMap(({ seq }) => [seq, seq + 1])]
          for (const key of [...entries.slice(0, 20).map((entry) => entry.key), ...strangers]) {
            for (const seq of seqs) {
              const expected = sorted.find(
                (entry) => compareBytes(entry.key, key) === 0 && entry.seq <= seq,
              )
              const lookup = new Lookup()
              const found = reader.get(key, seq, lookup, counters)
              expect(found ? showLookup(lookup) : 'nothing').toBe(showFound(expected))
            }
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('keeps long keys, values larger than a block and compressible ones', () => {
    const big = entriesOver(fc.uint8Array({ maxLength: 700, size: 'max' }), 30).map((entries) =>
      entries.map((entry, index) => ({
        ...entry,
        value: new Uint8Array(index * 700).fill(index),
      })),
    )
    fc.assert(
      fc.property(big, optionsArbitrary, (entries, options) => {
        fc.pre(entries.length > 0)
        const { reader, counters } = openTable(entries, options)
        const cursor = reader.cursor({ file: reader.file, counters, fillCache: true })
        expect(collectEntries(cursor)).toEqual(entries.toSorted(compareEntries))
      }),
      { numRuns: 60 },
    )
  })

  test('is summarised correctly by its writer', () => {
    fc.assert(
      fc.property(someEntries, optionsArbitrary, (entries, options) => {
        const { summary, storage, reader, ledger } = openTable(entries, options)
        const sorted = entries.toSorted(compareEntries)
        const sum = (of: (entry: Entry) => number) =>
          entries.reduce((total, entry) => total + of(entry), 0)
        expect(summary).toMatchObject({
          bytes: storage.size('table'),
          entries: entries.length,
          tombstones: sum(({ kind }) => (kind === ENTRY_KIND.deletion ? 1 : 0)),
          rawKeyBytes: sum(({ key }) => key.length),
          rawValueBytes: sum(({ value }) => value.length),
          seqMin: Math.min(...entries.map(({ seq }) => seq)),
          seqMax: Math.max(...entries.map(({ seq }) => seq)),
          smallest: sorted[0]!.key,
          largest: sorted.at(-1)!.key,
        })
        const { entries: count, tombstones, rawKeyBytes, rawValueBytes } = reader.properties
        expect(summary).toMatchObject({ entries: count, tombstones, rawKeyBytes, rawValueBytes })

        const written = (section: 'data' | 'filter' | 'index') =>
          sumCells(ledger.cells(), { direction: 'write', section }).bytes
        expect(written('filter')).toBe(summary.filter.bytes)
        expect(written('data')).toBe(reader.properties.dataBytes)
        expect(written('index')).toBe(reader.properties.indexBytes)
      }),
      { numRuns: 60 },
    )
  })

  test('asserts internal order, across blocks too', () => {
    const write = (...versions: readonly [string, number][]) => {
      const file = new MemoryStorage(new Ledger()).create('table', writeTag)
      const writer = new TableWriter(file, { ...plain, blockBytes: 1 })
      for (const [text, seq] of versions) {
        addEntries(writer, [
          {
            key: new TextEncoder().encode(text),
            seq,
            kind: ENTRY_KIND.value,
            value: new Uint8Array(0),
          },
        ])
      }
    }
    expect(() => write(['b', 1], ['a', 2])).toThrow('in order')
    expect(() => write(['ab', 1], ['a', 2])).toThrow('in order')
    expect(() => write(['a', 1], ['a', 2])).toThrow('newest first')
    expect(() => write(['a', 1], ['a', 1])).toThrow('newest first')
    expect(() => write(['a', 2], ['a', 1], ['ab', 9])).not.toThrow()
  })
})

describe('reading a table', () => {
  const entries = numbered(2000)

  test('counts blocks and bytes from storage on the first read, then blocks from the cache', () => {
    const { reader, counters, ledger } = openTable(entries)
    const opened = sumCells(ledger.cells(), { direction: 'read' })
    const { filter, bytes } = openTable(entries).summary
    expect(opened.bytes).toBe(bytes - reader.properties.dataBytes)
    expect(sumCells(ledger.cells(), { direction: 'read', section: 'filter' }).bytes).toBe(
      filter.bytes,
    )

    const lookup = new Lookup()
    expect(reader.get(numberedKey(500), SEQ_NUM_MAX, lookup, counters)).toBe(true)
    expect(counters).toMatchObject({ blocksFromStorage: 1, blocksFromCache: 0, filterChecks: 1 })
    expect(reader.get(numberedKey(500), SEQ_NUM_MAX, lookup, counters)).toBe(true)
    expect(counters).toMatchObject({ blocksFromStorage: 1, blocksFromCache: 1, filterChecks: 2 })
    const data = sumCells(ledger.cells(), { direction: 'read', section: 'data', cause: 'get' })
    expect(data).toEqual({ bytes: counters.bytesFromStorage, calls: 1 })
  })

  test('a scan reads every data byte once; read-ahead needs few calls', () => {
    const { reader, ledger, cache } = openTable(entries)
    const { dataBytes, dataBlocks } = reader.properties
    for (const [cause, ahead, calls] of [
      ['scan', {}, dataBlocks],
      ['compaction', { readAhead: new ReadAhead(64 * 1024) }, 4],
    ] as const) {
      const counters = new ReadCounters()
      const file = reader.file.tagged({ cause, level: 3 })
      const cursor = reader.cursor({ file, counters, fillCache: false, ...ahead })
      expect(collectEntries(cursor)).toHaveLength(entries.length)
      expect(sumCells(ledger.cells(), { cause, level: 3 })).toEqual({ bytes: dataBytes, calls })
      expect(counters).toMatchObject({
        blocksFromStorage: dataBlocks,
        bytesFromStorage: dataBytes,
        blocksFromCache: 0,
      })
    }
    expect(cache.usedBytes).toBe(0)
  })

  test('cursors share a read-ahead buffer one after the other; the earlier one is then spent', () => {
    const readAhead = new ReadAhead(1024)
    const [first, second] = [entries, entries.slice(0, 500)].map((list) => {
      const { reader, counters } = openTable(list)
      return reader.cursor({ file: reader.file, counters, fillCache: false, readAhead })
    }) as [InternalCursor, InternalCursor]
    expect(collectEntries(first)).toEqual(entries)
    expect(collectEntries(second)).toEqual(entries.slice(0, 500))
    expect(() => first.seekToFirst()).toThrow('spent')
  })

  test('the filter saves reads from storage, and its false positives are counted separately', () => {
    const { reader, counters } = openTable(entries)
    const lookup = new Lookup()
    for (let number = 1; number < 4000; number += 2) {
      expect(reader.get(numberedKey(number), SEQ_NUM_MAX, lookup, counters)).toBe(false)
    }
    const { filterChecks, filterNegatives, filterFalsePositives } = counters
    expect(filterChecks).toBe(2000)
    expect(filterNegatives + filterFalsePositives).toBe(2000)
    expect(filterFalsePositives).toBeGreaterThan(0)
    expect(filterFalsePositives).toBeLessThan(60)
    expect(counters.blocksFromCache + counters.blocksFromStorage).toBe(filterFalsePositives)
  })

  test('a key whose versions are all too new does not count as a false positive', () => {
    for (const blockBytes of [1, 4096]) {
      const { reader, counters } = openTable(entries, { ...plain, blockBytes })
      const lookup = new Lookup()
      for (const { key, seq } of entries.slice(0, 100).concat(entries.slice(-1))) {
        expect(reader.get(key, seq - 1, lookup, counters)).toBe(false)
      }
      expect(counters).toMatchObject({ filterNegatives: 0, filterFalsePositives: 0 })
    }
  })

  test('returns values that survive the eviction of their block', () => {
    const { reader, counters, cache } = openTable(entries, plain, 8192)
    const first = new Lookup()
    const other = new Lookup()
    reader.get(entries[7]!.key, SEQ_NUM_MAX, first, counters)
    for (const { key } of entries) reader.get(key, SEQ_NUM_MAX, other, counters)
    cache.evictTable(1)
    const { valueBytes, valueStart, valueLength } = first
    expect(valueBytes.slice(valueStart, valueStart + valueLength)).toEqual(entries[7]!.value)
    expect(cache.usedBytes).toBe(0)
  })
})
