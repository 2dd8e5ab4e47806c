import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../base/coding.ts'
import { compareBytes } from '../base/compare.ts'
import { encodeInternalKey } from '../base/internal-key.ts'
import { compareEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import { entriesArbitrary, entriesOver, keyArbitrary } from '../testing/oracles/cursor-walk.ts'
import { type BlockIndex, decodeIndex } from './block-index.ts'
import { PlainBlockBuilder } from './plain-block.ts'
import { appendHandle } from './table-format.ts'

const TABLE_BYTES = 1e6
const plainLayout = { userKeyOnly: false, deltaEncoded: false }

/** Block i has `sizes[i]` bytes; the blocks follow each other without gaps. */
function indexOf(entries: readonly Entry[]): BlockIndex {
  const builder = new PlainBlockBuilder()
  entries.forEach(({ key, seq, kind }, index) => {
    const value = new ByteWriter()
    appendHandle(value, { offset: index * 105, bytes: 100 })
    builder.add(encodeInternalKey(key, seq, kind), value.view())
  })
  return decodeIndex(builder.finish(), plainLayout, 'table', TABLE_BYTES)
}

/** Keys that agree for more bytes than the numbers that the search compares first. */
const longKeys = fc
  .array(fc.constantFrom(0, 0x61, 0xff), { maxLength: 4 })
  .map((tail) => Uint8Array.of(...Buffer.from('commonprefix'), ...tail))

describe('the index of a table', () => {
  test('finds the first block whose last key is at or after the target', () => {
    const anyEntries = fc.oneof(entriesArbitrary, entriesOver(longKeys, 40))
    const targets = fc.array(fc.oneof(keyArbitrary, longKeys), { maxLength: 20 })
    fc.assert(
      fc.property(anyEntries, targets, (entries, strangers) => {
        fc.pre(entries.length > 0)
        const sorted = entries.toSorted(compareEntries)
        const index = indexOf(sorted)
        expect(index.count).toBe(sorted.length)
        for (const key of [...strangers, ...sorted.map((entry) => entry.key)]) {
          for (const seq of [0, 1, 2 ** 32 - 10, Number.MAX_SAFE_INTEGER]) {
            const first = sorted.findIndex(
              (entry) => (compareBytes(entry.key, key) || seq - entry.seq) >= 0,
            )
            expect(index.find(key, seq)).toBe(first < 0 ? sorted.length : first)
          }
        }
      }),
    )
  })

  test('reads handles stored as differences, and reads keys without trailers as all versions', () => {
    const block = new ByteWriter()
    // The restart has a whole handle. The next keys share a prefix, with zigzag size differences +3
    // and −50.
    block.varint(0).varint(2).raw(Uint8Array.of(97, 98)).varint(0).varint(100)
    block.varint(1).varint(1).raw(Uint8Array.of(99)).varint(6)
    block.varint(1).varint(1).raw(Uint8Array.of(100)).varint(99)
    block.u32(0).u32(1)
    const layout = { userKeyOnly: true, deltaEncoded: true }
    const index = decodeIndex(block.copy(), layout, 'table', TABLE_BYTES)
    expect([...index.offsets]).toEqual([0, 105, 213])
    expect([...index.sizes]).toEqual([100, 103, 53])
    const key = (text: string) => new TextEncoder().encode(text)
    expect(['ab', 'aba', 'ac', 'ad', 'ae'].map((text) => index.find(key(text), 0))).toEqual([
      0, 1, 1, 2, 3,
    ])
  })

  test.each([
    ['a handle beyond the table', 105, TABLE_BYTES, 'does not fit'],
    ['a block that overlaps the previous one', 50, 100, 'overlap'],
  ])('refuses %s', (_, offset, bytes, message) => {
    const builder = new PlainBlockBuilder()
    for (const [name, handle] of [
      ['a', { offset: 0, bytes: 100 }],
      ['b', { offset, bytes }],
    ] as const) {
      const value = new ByteWriter()
      appendHandle(value, handle)
      builder.add(encodeInternalKey(new TextEncoder().encode(name), 1, 1), value.view())
    }
    const decode = () => decodeIndex(builder.finish(), plainLayout, 'table', TABLE_BYTES)
    expect(decode).toThrow(message)
  })
})
