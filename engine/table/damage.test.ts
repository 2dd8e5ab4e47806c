import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { collectEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import { ReadAhead } from './table-cursor.ts'
import type { TableReader } from './table-reader.ts'
import type { TableWriterOptions } from './table-writer.ts'
import { openTable, readTag, tableOf } from './testing/table-fixture.ts'

const entries: readonly Entry[] = Array.from({ length: 40 }, (_, index) => ({
  key: new TextEncoder().encode(`key${String(index).padStart(3, '0')}`),
  seq: index + 1,
  kind: ENTRY_KIND.value,
  value: new Uint8Array(40).fill(index),
}))

/** The entries that a full read returns, by cursor and by get, or the error code it throws. */
function readAll(open: () => TableReader): readonly Entry[] | string {
  try {
    const reader = open()
    const counters = new ReadCounters()
    const scanned = collectEntries(
      reader.cursor({
        file: reader.file,
        counters,
        fillCache: false,
        readAhead: new ReadAhead(512),
      }),
    )
    const lookup = new Lookup()
    const found = entries.flatMap(({ key, kind }) =>
      reader.get(key, SEQ_NUM_MAX, lookup, counters)
        ? [{ key, kind, seq: lookup.seq, value: foundValue(lookup) }]
        : [],
    )
    expect(found).toEqual(scanned)
    return scanned
  } catch (error) {
    if (!isLsmError(error)) throw error
    expect(error.data).toHaveProperty('path' in error.data ? 'path' : 'source', 'table')
    return error.code
  }
}

function foundValue({ valueBytes, valueStart, valueLength }: Lookup): Uint8Array {
  return valueBytes.slice(valueStart, valueStart + valueLength)
}

function bytesOfTable(options: TableWriterOptions): Uint8Array {
  return openTable(entries, options).storage.readAll('table', readTag)
}

describe.each(['none', 'lz4', 'zstd'] as const)('a table with compression %s', (compression) => {
  const bytes = bytesOfTable({ compression, bitsPerKey: 10, blockBytes: 512, restartInterval: 4 })

  test('reports damage to any byte, or still returns all entries', () => {
    expect(readAll(() => tableOf(bytes))).toEqual(entries)
    let refused = 0
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice()
      damaged[at]! ^= 1 << (at & 7)
      const seen = readAll(() => tableOf(damaged))
      if (typeof seen === 'string') refused++
      else expect({ at, seen }).toEqual({ at, seen: entries })
    }
    // No checksum covers the footer's padding.
    expect(refused).toBeGreaterThan(bytes.length - 41)
  })

  test('is refused if cut short anywhere', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(readAll(() => tableOf(bytes.slice(0, length)))).toBe('LSM_CORRUPTION')
    }
  })
})

test('names path and offset of a damaged data block, and loses nothing else', () => {
  const bytes = bytesOfTable({ compression: 'none', bitsPerKey: 0, blockBytes: 512 })
  bytes[5]! ^= 0x10
  const reader = tableOf(bytes)
  const lookup = new Lookup()
  const get = (index: number) =>
    reader.get(entries[index]!.key, SEQ_NUM_MAX, lookup, new ReadCounters())
  expect(() => get(0)).toThrow('table at offset 0: block checksum mismatch')
  expect(get(39)).toBe(true)
  expect(() => get(0)).toThrow('table at offset 0: block checksum mismatch')
})
