// Compares FORMAT.md with the code: the bytes that the page shows in hex are the bytes written.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ENTRY_KIND } from './base/internal-key.ts'
import { encodeVersionEdit } from './manifest/version-edit-codec.ts'
import { Ledger } from './storage/ledger.ts'
import { MemoryStorage } from './storage/memory-storage.ts'
import { DataBlockBuilder } from './table/block-builder.ts'
import { FilterBuilder } from './table/filter.ts'
import { encodeFooter } from './table/table-format.ts'
import { openTable } from './table/testing/table-fixture.ts'
import { bytes } from './testing/fixtures.ts'
import { ArrayCursor } from './testing/oracles/array-cursor.ts'
import { hex } from './testing/oracles/cursor-walk.ts'
import { NO_FILTER } from './version/table-meta.ts'
import { SegmentWriter } from './vlog/segment-writer.ts'
import { POINTER_BYTES_MAX, writePointer } from './vlog/value-pointer.ts'
import { LogWriter } from './wal/log-writer.ts'
import { WriteBatch } from './wal/write-batch.ts'

const page = readFileSync(join(import.meta.dirname, 'FORMAT.md'), 'utf8')
const examples = Array.from(page.matchAll(/```hex\n([^`]*)```/g), (match) =>
  match[1]!.replace(/\s/g, ''),
)

const empty = new Uint8Array(0)
const { value, deletion } = ENTRY_KIND

function dataBlock(): Uint8Array {
  const builder = new DataBlockBuilder(16, 4096)
  const cursor = new ArrayCursor([
    { key: bytes('key1'), seq: 3, kind: value, value: bytes('b') },
    { key: bytes('key2'), seq: 2, kind: deletion, value: empty },
  ])
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) builder.add(cursor)
  return builder.finish()
}

function log(): Uint8Array {
  const batch = new WriteBatch()
  batch.put(bytes('k'), bytes('v'))
  batch.delete(bytes('k'))
  batch.setSeq(7)
  const storage = new MemoryStorage(new Ledger())
  new LogWriter(storage.create('log', { cause: 'wal', level: -1 })).append(batch.view())
  return storage.readAll('log', { cause: 'recovery', level: -1 })
}

function versionEdit(): Uint8Array {
  const table = {
    id: 9,
    smallest: bytes('a'),
    largest: bytes('z'),
    bytes: 1000,
    entries: 10,
    tombstones: 1,
    rangeDeletions: 0,
    rawKeyBytes: 10,
    rawValueBytes: 90,
    seqMin: 5,
    seqMax: 14,
    createdAtMs: 1000,
    oldestWriteAtMs: 900,
    oldestTombstoneAtMs: null,
    filter: NO_FILTER,
    vlogBytes: [],
  }
  return encodeVersionEdit({
    logNumber: 8,
    nextFileNumber: 10,
    lastSeq: 14,
    newRuns: [{ level: 0, run: 4, after: null }],
    removed: [],
    added: [{ level: 0, run: 4, table }],
  })
}

/** A sealed segment with one record, and the pointer to that record. */
function segment(): readonly [segment: Uint8Array, pointer: Uint8Array] {
  const storage = new MemoryStorage(new Ledger())
  const writer = new SegmentWriter(12, storage.create('blob', { cause: 'vlog', level: -1 }), 'none')
  writer.add(bytes('k'), 0, 1, bytes('value'), 0, 5, 1000)
  writer.seal()
  const { valueOffset, storedBytes } = writer
  const pointer = new Uint8Array(POINTER_BYTES_MAX)
  const end = writePointer(pointer, 0, 12, valueOffset, storedBytes, writer.compressionType)
  const written = storage.readAll('blob', { cause: 'recovery', level: -1 })
  return [written, pointer.subarray(0, end)]
}

describe('FORMAT.md', () => {
  test('shows the bytes that are written', () => {
    const footer = encodeFooter({ offset: 300, bytes: 40 }, { offset: 200, bytes: 90 })
    const written = [dataBlock(), footer, log(), versionEdit(), ...segment()]
    expect(examples).toEqual(written.map(hex))
  })

  test('shows the right bits of a filter', () => {
    const builder = new FilterBuilder(10)
    builder.add(bytes('varve'), 0, 5)
    const payload = builder.finish()
    const bits = Array.from({ length: 512 }, (_, bit) => bit).filter(
      (bit) => (payload[bit >>> 3]! & (1 << (bit & 7))) !== 0,
    )
    expect(page).toContain(`the bits\n${bits.join(', ')} set, then \`06 01\``)
    expect(hex(payload.subarray(64))).toBe('0601')
  })

  test('names every property of a table', () => {
    const entry = { key: bytes('k'), seq: 1, kind: value, value: bytes('v') }
    for (const name of openTable([entry]).reader.properties.all.keys()) {
      expect(page).toContain(`\`${name.replace('rocksdb.', '')}\``)
    }
  })
})

/**
 * The hash as the page describes it, written a second time with other means: BigInt, modulo 2^32.
 */
describe('the filter of FORMAT.md', () => {
  const u32 = (x: bigint) => x & 0xffffffffn
  const rotl = (x: bigint, by: bigint) => u32((x << by) | (x >> (32n - by)))
  const avalanche = (x: bigint) => {
    let h = x ^ (x >> 16n)
    h = u32(h * 0x85ebca6bn)
    h ^= h >> 13n
    h = u32(h * 0xc2b2ae35n)
    return h ^ (h >> 16n)
  }

  function bitsOf(key: Uint8Array, blocks: bigint, probes: number): readonly bigint[] {
    let a = BigInt(key.length)
    let b = a ^ 0xffffffffn
    for (let at = 0; at < key.length; at += 4) {
      let word = 0n
      for (let i = 0; i < 4; i++) word |= BigInt(key[at + i] ?? 0) << BigInt(8 * i)
      a ^= u32(rotl(u32(word * 0xcc9e2d51n), 15n) * 0x1b873593n)
      a = u32(rotl(a, 13n) * 5n + 0xe6546b64n)
      b ^= u32(rotl(u32(word * 0x239b961bn), 16n) * 0xab0e9789n)
      b = u32(rotl(b, 17n) * 5n + 0x561ccd1bn)
    }
    a = avalanche(u32(a + b))
    b = avalanche(u32(b + a))
    a = u32(a + b)
    const base = ((a * blocks) >> 32n) * 512n
    return Array.from({ length: probes }, () => {
      const bit = base + (b >> 23n)
      b = u32(b * 0x9e3779b9n)
      return bit
    })
  }

  test('equals the filter that is written', () => {
    const keys = Array.from({ length: 500 }, (_, index) => bytes('é'.repeat(index % 9) + index))
    const builder = new FilterBuilder(10)
    for (const key of keys) builder.add(key, 0, key.length)
    const expected = new Uint8Array(10 * 64 + 2)
    for (const key of keys) {
      for (const bit of bitsOf(key, 10n, 6)) expected[Number(bit >> 3n)]! |= 1 << Number(bit & 7n)
    }
    expected.set([6, 1], 640)
    expect(builder.finish()).toEqual(expected)
  })
})
