import { expect, it } from 'vitest'
import { copyRange } from './copy.ts'

it('copies exactly the range, short or long, into shared memory or not', () => {
  const source = Uint8Array.from({ length: 300 }, (_, i) => i + 1)
  for (const length of [0, 1, 39, 40, 41, 200]) {
    for (const buffer of [new ArrayBuffer(256), new SharedArrayBuffer(256)]) {
      const target = new Uint8Array(buffer)
      copyRange(target, 7, source, 5, length)
      const expected = new Uint8Array(256)
      expected.set(source.subarray(5, 5 + length), 7)
      expect(target).toEqual(expected)
    }
  }
})
