import { expect, test } from 'vitest'
import { compactCopy } from './compact-copy.ts'

test('a copy has buffers of exactly the bytes that it shows, and shares shared memory', () => {
  const block = new Uint8Array(4096).fill(7)
  const shared = new SharedArrayBuffer(8)
  const data = {
    tables: [{ smallest: block.subarray(10, 13), largest: block, depth: 1.5 }],
    arena: shared,
    none: null,
    missing: undefined,
    pairs: [[1, 2] as const],
  }
  const copy = compactCopy(data)
  expect(copy).toEqual(data)
  expect(copy.arena).toBe(shared)
  const { smallest, largest } = copy.tables[0]!
  expect(smallest.buffer.byteLength).toBe(3)
  expect(largest.buffer).not.toBe(block.buffer)
})
