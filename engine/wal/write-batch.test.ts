import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { BATCH_HEADER_BYTES, KEY_BYTES_MAX, VALUE_BYTES_MAX, WriteBatch } from './write-batch.ts'

/** Null deletes the key; `to` ends a deleted range. */
type Operation = readonly [key: Uint8Array, value: Uint8Array | { readonly to: Uint8Array } | null]

const bytesOf = (text: string) => new TextEncoder().encode(text)

function rawBytesOf([key, value]: Operation): number {
  return key.length + (value === null ? 0 : 'to' in value ? value.to.length : value.length)
}

function batchOf(operations: readonly Operation[]): WriteBatch {
  const batch = new WriteBatch()
  addTo(batch, operations)
  return batch
}

function addTo(batch: WriteBatch, operations: readonly Operation[]): void {
  for (const [key, value] of operations) {
    if (value === null) batch.delete(key)
    else if ('to' in value) batch.deleteRange(key, value.to)
    else batch.put(key, value)
  }
}

function operationsOf(batch: WriteBatch): Operation[] {
  const operations: Operation[] = []
  batch.forEach({
    put(bytes, keyStart, keyLength, valueStart, valueLength) {
      const value = bytes.slice(valueStart, valueStart + valueLength)
      operations.push([bytes.slice(keyStart, keyStart + keyLength), value])
    },
    delete(bytes, keyStart, keyLength) {
      operations.push([bytes.slice(keyStart, keyStart + keyLength), null])
    },
    deleteRange(bytes, fromStart, fromLength, toStart, toLength) {
      const to = bytes.slice(toStart, toStart + toLength)
      operations.push([bytes.slice(fromStart, fromStart + fromLength), { to }])
    },
    putPointer() {
      throw new Error('nobody put a pointer')
    },
  })
  return operations
}

function corrupted(bytes: Uint8Array): string {
  try {
    WriteBatch.from(bytes, '000007.log')
  } catch (error) {
    if (isLsmError(error, 'LSM_CORRUPTION')) return error.message
    throw error
  }
  throw new Error('accepted a damaged batch')
}

const keys = fc.uint8Array({ maxLength: 300 })
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(keys, fc.option(fc.uint8Array({ maxLength: 300 }))),
  fc.tuple(
    keys,
    keys.map((to) => ({ to: Uint8Array.of(255, 255, ...to) })),
  ),
)
const operations = fc.array(operation, { maxLength: 40 })

describe('WriteBatch', () => {
  test('has the bytes of the format', () => {
    const batch = batchOf([
      [bytesOf('foo'), bytesOf('bar')],
      [bytesOf('box'), null],
    ])
    batch.setSeq(100)
    expect([...batch.view()]).toEqual([
      ...[100, 0, 0, 0, 0, 0, 0, 0],
      ...[2, 0, 0, 0],
      ...[1, 3, 0x66, 0x6f, 0x6f, 3, 0x62, 0x61, 0x72],
      ...[0, 3, 0x62, 0x6f, 0x78],
    ])
    expect([batch.count, batch.rawBytes, batch.byteLength]).toEqual([2, 9, 26])
  })

  test("has RocksDB's record for a deleted range, which counts once", () => {
    const batch = new WriteBatch()
    batch.deleteRange(bytesOf('ab'), bytesOf('c'))
    expect([...batch.view()].slice(8)).toEqual([1, 0, 0, 0, 15, 2, 0x61, 0x62, 1, 0x63])
    expect([batch.count, batch.rawBytes]).toEqual([1, 3])
  })

  test('returns its operations in order, before and after a round trip', () => {
    fc.assert(
      fc.property(operations, fc.maxSafeNat(), (list, seq) => {
        const batch = batchOf(list)
        batch.setSeq(seq)
        const read = WriteBatch.from(batch.view().slice())
        for (const each of [batch, read]) {
          expect(operationsOf(each)).toEqual(list)
          expect(each.seq).toBe(seq)
          expect(each.count).toBe(list.length)
          expect(each.byteLength).toBe(batch.view().length)
          const raw = list.reduce((sum, one) => sum + rawBytesOf(one), 0)
          expect(each.rawBytes).toBe(raw)
        }
      }),
    )
  })

  test('is empty after clear, and works like a new one', () => {
    fc.assert(
      fc.property(operations, operations, (before, after) => {
        const batch = batchOf(before)
        batch.setSeq(77)
        batch.clear()
        expect([batch.count, batch.rawBytes, batch.seq]).toEqual([0, 0, 0])
        expect(batch.byteLength).toBe(BATCH_HEADER_BYTES)
        addTo(batch, after)
        expect(batch.view()).toEqual(batchOf(after).view())
      }),
    )
  })

  test('a batch made from bytes can grow', () => {
    const batch = WriteBatch.from(
      batchOf([[bytesOf('a'), bytesOf('1')]])
        .view()
        .slice(),
    )
    batch.put(bytesOf('b'), new Uint8Array(1000))
    expect(operationsOf(WriteBatch.from(batch.view())).map(([key]) => key)).toEqual([
      bytesOf('a'),
      bytesOf('b'),
    ])
  })

  test('keys and values beyond the limits are refused and do not change the batch', () => {
    const batch = batchOf([[new Uint8Array(KEY_BYTES_MAX), new Uint8Array(0)]])
    const before = batch.view().slice()
    const tooLong = new Uint8Array(KEY_BYTES_MAX + 1)
    const invalid = expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' })
    expect(() => batch.put(tooLong, bytesOf('v'))).toThrow(invalid)
    expect(() => batch.delete(tooLong)).toThrow(invalid)
    expect(() => batch.put(bytesOf('k'), new Uint8Array(VALUE_BYTES_MAX + 1))).toThrow(invalid)
    expect(batch.view()).toEqual(before)
    expect(batch.count).toBe(1)
  })
})

test('a batch made from bytes owns a copy: the bytes may change afterwards', () => {
  const made = batchOf([[bytesOf('key'), bytesOf('value')]])
  const bytes = made.view().slice()
  const batch = WriteBatch.from(bytes)
  bytes.fill(255)
  expect(batch.view()).toEqual(made.view())
})

describe('a call that throws does not change the batch', () => {
  const state = (batch: WriteBatch) => {
    const { count, rawBytes, byteLength, pointers, seq } = batch
    return { count, rawBytes, byteLength, pointers, seq, bytes: batch.view().slice() }
  }
  /** Longer than the ranges that a loop copies. */
  const long = new Uint8Array(100)
  const throwing = (array: Uint8Array, ...names: readonly string[]) => {
    for (const name of names) {
      Object.defineProperty(array, name, {
        get() {
          throw new Error(`${name} is asked`)
        },
      })
    }
    return array
  }
  const detached = () => {
    const array = new Uint8Array(3)
    array.buffer.transfer()
    return array
  }
  const [key, value] = [bytesOf('k'), bytesOf('v')]

  test.each<[string, (batch: WriteBatch) => void]>([
    ['a string as key', (batch) => batch.put('abc' as never, value)],
    ['a short string as value', (batch) => batch.put(key, 'def' as never)],
    ['a long string as value', (batch) => batch.put(key, 'def'.repeat(50) as never)],
    ['an ArrayBuffer as key', (batch) => batch.put(new ArrayBuffer(8) as never, value)],
    ['an ArrayBuffer as value', (batch) => batch.put(key, new ArrayBuffer(8) as never)],
    ['a list as value', (batch) => batch.put(key, [1, 2] as never)],
    ['wider elements', (batch) => batch.put(key, new Uint16Array([1000]) as never)],
    ['no value', (batch) => Reflect.apply(batch.put, batch, [key])],
    ['no arguments', (batch) => Reflect.apply(batch.put, batch, [])],
    ['a transferred key', (batch) => batch.put(detached(), value)],
    ['a transferred value', (batch) => batch.put(key, detached())],
    ['a key too long', (batch) => batch.put(new Uint8Array(KEY_BYTES_MAX + 1), value)],
    ['a value too long', (batch) => batch.put(key, new Uint8Array(VALUE_BYTES_MAX + 1))],
    ['a string to delete', (batch) => batch.delete('abc' as never)],
    ['a string as first key', (batch) => batch.deleteRange('abc' as never, key)],
    ['a range without end', (batch) => Reflect.apply(batch.deleteRange, batch, [key])],
    ['an empty range', (batch) => batch.deleteRange(key, key)],
    ['an inverted range', (batch) => batch.deleteRange(bytesOf('b'), bytesOf('a'))],
    [
      'an end too long',
      (batch) => batch.deleteRange(key, new Uint8Array(KEY_BYTES_MAX + 1).fill(255)),
    ],
    ['nothing to delete', (batch) => Reflect.apply(batch.delete, batch, [])],
    ['a key too long to delete', (batch) => batch.delete(new Uint8Array(KEY_BYTES_MAX + 1))],
    [
      'a change while it is walked',
      (batch) =>
        batch.forEach({
          put: () => batch.put(key, value),
          delete() {},
          deleteRange() {},
          putPointer() {},
        }),
    ],
    [
      'a clear while it is walked',
      (batch) =>
        batch.forEach({ put: () => batch.clear(), delete() {}, deleteRange() {}, putPointer() {} }),
    ],
  ])('%s', (_, call) => {
    const batch = batchOf([[bytesOf('before'), bytesOf('1')]])
    batch.setSeq(9)
    const before = state(batch)
    expect(() => call(batch)).toThrow(expect.objectContaining({ code: 'LSM_INVALID_ARGUMENT' }))
    expect(state(batch)).toEqual(before)
    batch.put(bytesOf('after'), bytesOf('2'))
    const read = operationsOf(WriteBatch.from(batch.view().slice()))
    expect(read.map(([each]) => each)).toEqual([bytesOf('before'), bytesOf('after')])
  })

  test('also if copying the bytes fails half-way', () => {
    const batch = batchOf([[bytesOf('before'), bytesOf('1')]])
    const before = state(batch)
    const hostile = throwing(long.slice(), 'byteLength', 'byteOffset', 'length', 'buffer')
    for (const call of [
      () => batch.put(hostile, value),
      () => batch.put(key, hostile),
      () => batch.delete(hostile),
    ]) {
      try {
        call()
      } catch {
        expect(state(batch)).toEqual(before)
        continue
      }
      // If the failing call is never reached, nothing throws and the record is whole.
      expect(() => WriteBatch.from(batch.view().slice())).not.toThrow()
      batch.clear()
      batch.put(bytesOf('before'), bytesOf('1'))
    }
  })

  test('a held batch refuses every change until it is released', () => {
    const batch = batchOf([[key, value]])
    batch.hold()
    const before = state(batch)
    for (const change of [
      () => batch.put(key, value),
      () => batch.delete(key),
      () => batch.clear(),
      () => batch.hold(),
    ]) {
      expect(change).toThrow('being written')
    }
    expect(state(batch)).toEqual(before)
    batch.release()
    batch.delete(key)
    expect(batch.count).toBe(2)
  })

  test('forEach may be called during a forEach of the same batch', () => {
    const batch = batchOf([
      [bytesOf('a'), value],
      [bytesOf('b'), value],
    ])
    const seen: number[] = []
    batch.forEach({
      put: () => seen.push(operationsOf(batch).length),
      delete() {},
      deleteRange() {},
      putPointer() {},
    })
    expect(seen).toEqual([2, 2])
  })
})

describe('damage', () => {
  const sound = batchOf([
    [bytesOf('foo'), bytesOf('bar')],
    [bytesOf(''), bytesOf('')],
    [new Uint8Array(200), new Uint8Array(200)],
    [bytesOf('box'), null],
  ])

  test('every truncation and extension is detected', () => {
    const bytes = sound.view().slice()
    for (let cut = 0; cut < bytes.length; cut++) corrupted(bytes.slice(0, cut))
    corrupted(Uint8Array.from([...bytes, 0, 1, 65]))
  })

  test('a wrong count is detected', () => {
    const bytes = sound.view().slice()
    bytes[8] = 5
    expect(corrupted(bytes)).toBe(
      '000007.log at offset 8: write batch counts 5 records but holds 4',
    )
  })

  test('an unknown record kind is named', () => {
    const bytes = sound.view().slice()
    bytes[BATCH_HEADER_BYTES] = 2
    expect(corrupted(bytes)).toBe('000007.log: write batch record with unknown tag 2 at byte 13')
  })

  test('a key beyond the limit and a sequence number beyond 2^53 are detected', () => {
    const long = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0x80, 0x80, 4])
    corrupted(Uint8Array.from([...long, ...new Uint8Array(KEY_BYTES_MAX + 1)]))
    const bytes = sound.view().slice()
    bytes[7] = 1
    expect(corrupted(bytes)).toContain('sequence number beyond 2^53')
  })

  test('random bytes are refused, or form a batch with exactly these bytes', () => {
    fc.assert(
      fc.property(fc.nat(sound.byteLength - 1), fc.nat(255), (at, byte) => {
        const bytes = sound.view().slice()
        bytes[at] = byte
        try {
          expect(WriteBatch.from(bytes).view()).toEqual(bytes)
        } catch (error) {
          if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
        }
      }),
    )
  })
})
