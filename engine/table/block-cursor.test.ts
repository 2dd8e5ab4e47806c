import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLsmError } from '../base/errors.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { ArrayCursor, type Entry } from '../testing/oracles/array-cursor.ts'
import {
  checkWalk,
  entriesArbitrary,
  stepsArbitrary,
  takeStep,
} from '../testing/oracles/cursor-walk.ts'
import { DataBlockBuilder } from './block-builder.ts'
import { BlockCursor } from './block-cursor.ts'

function blockOf(entries: readonly Entry[], restartInterval: number): Uint8Array {
  const builder = new DataBlockBuilder(restartInterval, 64)
  const cursor = new ArrayCursor(entries)
  for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
    const bound = builder.bytesAfter(cursor.keyLength, cursor.valueLength)
    expect(bound).toBeGreaterThan(builder.bytes)
    builder.add(cursor)
    expect(builder.bytes).toBeLessThanOrEqual(bound)
  }
  const { bytes } = builder
  const block = builder.finish().slice()
  expect(block.length).toBe(bytes)
  return block
}

function cursorOver(block: Uint8Array): BlockCursor {
  const cursor = new BlockCursor('table')
  cursor.open(block, 4096)
  return cursor
}

const someEntries = entriesArbitrary.filter((entries) => entries.length > 0)
const interval = fc.constantFrom(1, 2, 5, 16, 100)

describe('a block', () => {
  test('shows its entries on any walk', () => {
    fc.assert(
      fc.property(someEntries, interval, stepsArbitrary, (entries, restartInterval, steps) => {
        checkWalk(cursorOver(blockOf(entries, restartInterval)), entries, steps)
      }),
      { numRuns: 300 },
    )
  })

  test('stores the prefix shared with the previous key only once', () => {
    const entries = Array.from({ length: 64 }, (_, index) => ({
      key: new TextEncoder().encode(`${'prefix'.repeat(10)}${String.fromCharCode(48 + index)}`),
      seq: 1,
      kind: ENTRY_KIND.value,
      value: new Uint8Array(0),
    }))
    // 61-byte keys: stored whole at 16 restarts, one byte elsewhere. Header 3, trailer 8; tail 4
    // each + 4.
    expect(blockOf(entries, 4).length).toBe(64 * (3 + 8) + 16 * 61 + 48 * 1 + 16 * 4 + 4)
  })

  test('decodes each entry once when walked backwards', () => {
    const entries = Array.from({ length: 500 }, (_, index) => ({
      key: Uint8Array.of(index >> 8, index),
      seq: 1,
      kind: ENTRY_KIND.value,
      value: new Uint8Array(0),
    }))
    let reads = 0
    const counted = new Proxy(blockOf(entries, 1000), {
      get(target, name) {
        if (/^\d/.test(String(name))) reads++
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const cursor = cursorOver(counted)
    let steps = 0
    for (cursor.seekToLast(); cursor.valid; cursor.prev()) steps++
    expect(steps).toBe(500)
    // At most 13 bytes per entry, read twice: once to find the last entry, once to fill the window.
    expect(reads).toBeLessThan(2 * 500 * 14)
  })

  test('that passed its checksum but does not parse is refused, and never causes an endless loop', () => {
    const spoil = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(someEntries, interval, spoil, stepsArbitrary, (entries, every, spoils, steps) => {
        const block = blockOf(entries, every)
        for (const [at, byte] of spoils) block[at % block.length] = byte
        const cursor = new BlockCursor('table')
        try {
          cursor.open(block, 4096)
          for (const step of steps) takeStep(cursor, step, entries)
        } catch (error) {
          expect(isLsmError(error, 'LSM_CORRUPTION')).toBe(true)
          expect(isLsmError(error) && error.data).toMatchObject({ path: 'table', offset: 4096 })
          expect(cursor.valid).toBe(false)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('is refused if a key shares more bytes than the previous key has', () => {
    const block = blockOf([{ key: Uint8Array.of(97), seq: 1, kind: 1, value: Uint8Array.of() }], 16)
    block[0] = 1
    expect(() => cursorOver(block).seekToFirst()).toThrow('byte 0 of the block does not parse')
  })

  test.each([[[]], [[0, 0, 0, 0]], [[1, 0, 0, 0]], [[0, 0, 0, 0, 0, 0, 0, 0x80]]])(
    'of bytes %j is refused',
    (bytes) => {
      expect(() => cursorOver(Uint8Array.from(bytes))).toThrow('table at offset 4096')
    },
  )
})
