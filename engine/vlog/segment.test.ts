import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReadCounters } from '../base/read-counters.ts'
import { BlockCache } from '../cache/block-cache.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { OpenFiles } from '../storage/open-files.ts'
import type { FileTag } from '../storage/storage.ts'
import { type Compression, decompressBlock } from '../table/compression.ts'
import { bytes, text } from '../testing/fixtures.ts'
import { STUB_BYTES } from './segment-format.ts'
import { SegmentHandles, type ValueAccount, type ValueRequest } from './segment-handles.ts'
import { hasRecordBehind, SegmentWalk } from './segment-walk.ts'
import { SegmentWriter } from './segment-writer.ts'
import { POINTER_BYTES_MAX, ValuePointer, writePointer } from './value-pointer.ts'

const tag: FileTag = { cause: 'vlog', level: -1 }
const SEGMENT = 7

interface Record {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly atMs: number
}
type Placed = Record & Omit<ValueRequest, 'value'>

/** A segment with these records, and the offsets of the records. Sealed by default. */
function written(
  records: readonly Record[],
  compression: Compression = 'none',
  seals = true,
): { readonly storage: MemoryStorage; readonly placed: readonly Placed[] } {
  const storage = new MemoryStorage(new Ledger())
  const writer = new SegmentWriter(SEGMENT, storage.create('blob', tag), compression)
  const placed = records.map((record): Placed => {
    const { key, value, atMs } = record
    writer.add(key, 0, key.length, value, 0, value.length, atMs)
    const { valueOffset: offset, storedBytes, compressionType } = writer
    return { ...record, segment: SEGMENT, offset, storedBytes, compressionType }
  })
  if (seals) writer.seal()
  else writer.write()
  return { storage, placed }
}

function replaced(storage: MemoryStorage, content: Uint8Array): void {
  storage.remove('blob')
  const file = storage.create('blob', tag)
  file.append(content, 'data')
  file.close()
}

function walk(storage: MemoryStorage) {
  const walked = new SegmentWalk(storage.open('blob', tag))
  const seen: Record[] = []
  while (walked.next()) {
    const { bytes: piece, keyStart, keyLength, valueStart, storedLength, compressionType } = walked
    const valueEnd = valueStart + storedLength
    seen.push({
      key: piece.slice(keyStart, keyStart + keyLength),
      value:
        compressionType === 0
          ? piece.slice(valueStart, valueEnd)
          : decompressBlock(compressionType, piece, valueStart, valueEnd)!,
      atMs: walked.writtenAtMs,
    })
  }
  return { seen, end: walked.end!, damage: walked.damage() }
}

const account = (fillCache = false): ValueAccount => ({
  cause: 'get',
  counters: new ReadCounters(),
  fillCache,
})

function pointerTo({ segment, offset, storedBytes, compressionType }: Placed): ValuePointer {
  return Object.assign(new ValuePointer(), { segment, offset, storedBytes, compressionType })
}

const record = (key: string, value: string): Record => ({
  key: bytes(key),
  value: bytes(value),
  atMs: 1000 + value.length,
})
const THREE = [record('a', 'one'), record('', 'two'.repeat(50)), record('c\0', 'three')]

const records = fc.array(
  fc.record({
    key: fc.uint8Array({ maxLength: 20 }),
    value: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    atMs: fc.nat(2 ** 41),
  }),
  { maxLength: 30 },
)

describe('a segment', () => {
  test.each(['none', 'lz4', 'zstd'] as const)(
    'returns the records that were written (%s)',
    (compression) => {
      fc.assert(
        fc.property(records, (given) => {
          const { storage, placed } = written(given, compression)
          const { seen, end } = walk(storage)
          expect(seen).toEqual(given)
          expect(end).toMatchObject({ records: given.length, hasFooter: true, damage: null })
          expect(storage.size('blob')).toBe(end.recordBytes + STUB_BYTES)
          const handles = new SegmentHandles(
            new OpenFiles(storage),
            () => 'blob',
            new BlockCache(0),
          )
          for (const each of placed) {
            const { key, value, atMs } = each
            const loaded = handles.load(pointerTo(each), key, 0, key.length, account())
            expect(loaded).toEqual({ value, writtenAtMs: atMs })
          }
        }),
        { numRuns: 30 },
      )
    },
  )

  test('cut at any byte ends after its last whole record', () => {
    const { storage, placed } = written(THREE)
    const content = storage.readAll('blob', tag)
    const ends = [30, ...placed.map(({ offset, storedBytes }) => offset + storedBytes)]
    for (let length = 0; length < content.length; length++) {
      replaced(storage, content.slice(0, length))
      const { end } = walk(storage)
      const whole = ends.filter((at) => at <= length)
      expect(end.validBytes, `${length} bytes`).toBe(whole.at(-1) ?? 0)
      expect(end.records).toBe(Math.max(0, whole.length - 1))
      expect(end.hasFooter).toBe(false)
      expect(end.damage === null, `${length} bytes`).toBe(ends.includes(length))
    }
  })

  test('shows no record behind a flipped bit, and reports its offset', () => {
    const { storage, placed } = written(THREE)
    const content = storage.readAll('blob', tag)
    const starts = placed.map(({ key, offset }) => offset - key.length - 32)
    for (let at = 0; at < content.length; at++) {
      replaced(storage, content.with(at, content[at]! ^ (1 << (at % 8))))
      const { seen, end, damage } = walk(storage)
      const hit = starts.findLastIndex((start) => start <= at)
      const inFooter = at >= content.length - 32
      const offset = at < 30 ? 0 : inFooter ? content.length - 32 : starts[hit]
      expect(damage, `byte ${at}`).toMatchObject({ code: 'LSM_CORRUPTION', data: { offset } })
      expect(end.hasFooter).toBe(false)
      expect(seen).toEqual(inFooter ? THREE : at < 30 ? [] : THREE.slice(0, hit))
    }
  })

  // A walk reads 1 MiB at once. Headers, records and the footer cross that border in turn.
  const MIB = 1024 * 1024
  test.each<[string, readonly number[]]>([
    ['one value larger than a piece', [3 * MIB]],
    ['a value larger than a piece between small ones', [100, 3 * MIB, 100]],
    ['a large value last', [100, 150, MIB + 1]],
    ...Array.from({ length: 9 }, (_, index): [string, readonly number[]] => {
      // Segment header, key of one byte: the record ends 4 bytes further on each time.
      const first = MIB - 30 - 33 - 36 + 4 * index
      return [`a piece that ends ${36 - 4 * index} bytes behind a record`, [first, 70_000, 5]]
    }),
  ])('is walked completely with %s', (_, sizes) => {
    const given = sizes.map((size, index): Record => {
      return { key: bytes(`${index}`), value: new Uint8Array(size).fill(index + 1), atMs: index }
    })
    const { storage } = written(given)
    const { seen, end, damage } = walk(storage)
    expect(damage).toBeNull()
    expect(end).toMatchObject({ records: given.length, hasFooter: true })
    expect(seen.map(({ key, value, atMs }) => [text(key), value.length, value[0], atMs])).toEqual(
      given.map(({ key, value, atMs }) => [text(key), value.length, value[0], atMs]),
    )
    const content = storage.readAll('blob', tag)
    const last = content.length - 32 - 33 - sizes.at(-1)!
    replaced(storage, content.with(last + 9, content[last + 9]! ^ 1))
    expect(walk(storage).damage).toMatchObject({ data: { offset: last } })
  })

  test('distinguishes a torn end from damage with a sound record behind it', () => {
    const { storage, placed } = written(THREE, 'none', false)
    const content = storage.readAll('blob', tag)
    const behind = (damaged: Uint8Array) => {
      replaced(storage, damaged)
      const { validBytes } = walk(storage).end
      return hasRecordBehind(storage.open('blob', tag), validBytes, damaged.length)
    }
    const [, second, third] = placed
    expect(behind(content.with(second!.offset, 0))).toBe(true)
    expect(behind(content.with(third!.offset, 0))).toBe(false)
    expect(behind(content.slice(0, -3))).toBe(false)
  })
})

describe('a value', () => {
  test('is read from storage once, then from the cache', () => {
    const { storage, placed } = written(THREE)
    const cache = new BlockCache(1024)
    const handles = new SegmentHandles(new OpenFiles(storage), () => 'blob', cache)
    const filling = account(true)
    for (const each of [placed[1]!, placed[1]!]) {
      const { key, value } = each
      expect(handles.read(pointerTo(each), key, 0, key.length, filling)).toEqual(value)
    }
    const { blocksFromStorage, blocksFromCache, valueReads, bytesFromStorage } = filling.counters
    expect({ blocksFromStorage, blocksFromCache, valueReads, bytesFromStorage }).toEqual({
      blocksFromStorage: 1,
      blocksFromCache: 1,
      valueReads: 1,
      bytesFromStorage: 32 + 150,
    })
    handles.drop(SEGMENT)
    expect(cache.usedBytes).toBe(0)
  })

  test('of another key is refused, with path and offset', () => {
    const { storage, placed } = written(THREE)
    const handles = new SegmentHandles(new OpenFiles(storage), () => 'blob', new BlockCache(0))
    const read = () => handles.read(pointerTo(placed[0]!), bytes('b'), 0, 1, account())
    expect(read).toThrow(/^blob at offset 30: a pointer leads to a record that is not its own$/)
  })

  test.each(['none', 'lz4'] as const)(
    'and its neighbours need one read (%s)',
    async (compression) => {
      const many = Array.from({ length: 60 }, (_, index) => record(`key${index}`, `value ${index}`))
      const { storage, placed } = written(many, compression)
      const cache = new BlockCache(1024 * 1024)
      const handles = new SegmentHandles(new OpenFiles(storage), () => 'blob', cache)
      const requests = placed
        .map((each): ValueRequest & Record => ({ ...each, value: null as never }))
        .sort((a, b) => ((b.offset * 7919) % 101) - ((a.offset * 7919) % 101))
      const counting = account()
      await handles.readMany(requests, counting)
      expect(
        requests.map(({ key, value }) => text(value).replace('value ', 'key') === text(key)),
      ).toEqual(requests.map(() => true))
      expect(counting.counters.valueReads).toBe(1)
      expect(cache.usedBytes, 'not requested').toBe(0)
      const filling = account(true)
      for (const request of requests) request.value = null as never
      await handles.readMany(requests, filling)
      await handles.readMany(requests, filling)
      expect(filling.counters.valueReads, 'then from the cache').toBe(1)
    },
  )

  test('with an offset before the start of the file is refused', async () => {
    const { storage, placed } = written(THREE)
    const handles = new SegmentHandles(new OpenFiles(storage), () => 'blob', new BlockCache(0))
    const misled = { ...placed[0]!, offset: 5 }
    const error = { code: 'LSM_CORRUPTION', data: { path: 'blob', offset: 0 } }
    const read = () => handles.read(pointerTo(misled), misled.key, 0, 1, account())
    expect(read).toThrow(expect.objectContaining(error))
    await expect(handles.readMany([{ ...misled, value: null }], account())).rejects.toMatchObject(
      error,
    )
  })

  test('shares a read of at most one mebibyte', async () => {
    const large = Array.from({ length: 6 }, (_, index) => record(`${index}`, 'v'.repeat(400_000)))
    const { storage, placed } = written(large)
    const handles = new SegmentHandles(new OpenFiles(storage), () => 'blob', new BlockCache(0))
    const counting = account()
    const requests = placed.map((each): ValueRequest => ({ ...each, value: null }))
    await handles.readMany(requests, counting)
    expect(counting.counters.valueReads).toBe(3)
    expect(requests.every(({ value }) => value?.length === 400_000)).toBe(true)
  })

  test.each([
    ['of a few bytes', 10],
    ['kept in the record buffer', 1000],
    ['just below one mebibyte', 1024 * 1024 - 50],
    ['of exactly one mebibyte', 1024 * 1024],
    ['for which the buffer grew', 3 * 1024 * 1024],
  ])('keeps its time to the millisecond: one %s', (_, length) => {
    const atMs = 1_700_000_000_789
    const big = { key: bytes('big'), value: new Uint8Array(length).fill(3), atMs }
    const { storage, placed } = written([big, { ...THREE[0]!, atMs: 1_234 }, big])
    const handles = new SegmentHandles(new OpenFiles(storage), () => 'blob', new BlockCache(0))
    for (const each of [...placed, ...placed]) {
      const { key, value, atMs: writtenAtMs } = each
      const loaded = handles.load(pointerTo(each), key, 0, key.length, account())
      expect(loaded.writtenAtMs).toBe(writtenAtMs)
      expect(Buffer.compare(loaded.value, value)).toBe(0)
    }
    handles.close()
  })

  test('that is damaged among others is reported with path and offset', async () => {
    const { storage, placed } = written(THREE)
    const content = storage.readAll('blob', tag)
    const { offset } = placed[1]!
    replaced(storage, content.with(offset, content[offset]! ^ 1))
    const handles = new SegmentHandles(new OpenFiles(storage), () => 'blob', new BlockCache(0))
    const requests = placed.map((each): ValueRequest => ({ ...each, value: null }))
    const where = { path: 'blob', offset: offset - 32 }
    await expect(handles.readMany(requests, account())).rejects.toMatchObject({ data: where })
  })
})

describe('a pointer', () => {
  const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

  test('decodes to the fields that were encoded', () => {
    fc.assert(
      fc.property(number, number, number, fc.nat(7), (segment, offset, storedBytes, type) => {
        const target = new Uint8Array(POINTER_BYTES_MAX)
        const length = writePointer(target, 0, segment, offset, storedBytes, type)
        const pointer = new ValuePointer().decode(target, 0, length, 'table')
        expect(pointer).toMatchObject({ segment, offset, storedBytes, compressionType: type })
      }),
    )
  })

  test('cut short, extended or of another type is refused', () => {
    const target = new Uint8Array(POINTER_BYTES_MAX + 1)
    const length = writePointer(target, 0, 300, 70_000, 5000, 0)
    const pointer = new ValuePointer()
    for (let cut = 0; cut <= POINTER_BYTES_MAX + 1; cut++) {
      if (cut === length) continue
      expect(() => pointer.decode(target, 0, cut, 'table'), `${cut} bytes`).toThrow('not a pointer')
    }
    target[0] = 2
    expect(() => pointer.decode(target, 0, length, 'table')).toThrow('not a pointer')
  })
})
