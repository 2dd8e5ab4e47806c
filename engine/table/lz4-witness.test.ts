import { expect, test } from 'vitest'
import { compressBlock } from './compression.ts'
import { lz4Agrees } from './lz4-witness.ts'

const raw = Uint8Array.from({ length: 4096 }, (_, at) => (at % 97) * (at % 3))

test('the LZ4 library decodes our blocks, and disagrees if the block differs', () => {
  const payload = compressBlock('lz4', raw)!.slice()
  expect(lz4Agrees(payload, raw)).toBe(true)
  expect(lz4Agrees(payload, raw.with(100, raw[100]! ^ 1))).toBe(false)
  expect(lz4Agrees(payload.subarray(0, payload.length - 1), raw)).toBe(false)
})
