import { crc32c as nativeCrc32c } from '@node-rs/crc32'
import { expect, test } from 'vitest'
import { crc32c, maskCrc, unmaskCrc } from './crc32c.ts'

const bytes = Uint8Array.from({ length: 600 }, (_, index) => (index * 131) ^ (index >>> 3))

// RFC 3720, appendix B.4.
test.each([
  [new Uint8Array(32), 0x8a9136aa],
  [new Uint8Array(32).fill(0xff), 0x62a8ab43],
  [Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  [new TextEncoder().encode('123456789'), 0xe3069283],
])('known checksum %#', (input, expected) => {
  expect(crc32c(input)).toBe(expected)
})

test('tables and native code agree at every length and start', () => {
  for (let length = 0; length <= 300; length++) {
    for (const start of [0, 1, 7]) {
      const end = start + length
      expect(crc32c(bytes, start, end)).toBe(nativeCrc32c(bytes.subarray(start, end)))
    }
  }
})

test('a checksum continues from that of the bytes before', () => {
  for (const cut of [0, 5, 17, 64, 250, 599]) {
    const rest = crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut))
    expect(rest).toBe(crc32c(bytes))
  }
})

test('a masked checksum is another number, and is unmasked again', () => {
  for (const crc of [0, 1, 0x8a9136aa, 0xffffffff]) {
    expect(maskCrc(crc)).not.toBe(crc)
    expect(unmaskCrc(maskCrc(crc))).toBe(crc)
  }
})
