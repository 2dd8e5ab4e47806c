import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, constants as zlib, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { readChunks } from './byte-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-byte-source-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'packed')

async function read(...parts: readonly Uint8Array[]): Promise<string> {
  writeFileSync(path, Buffer.concat(parts))
  return textOf(path)
}

async function textOf(file: string, remarks: string[] = []): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readChunks(file, (text) => remarks.push(text))) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

function skippable(content: Uint8Array, variant = 0): Uint8Array {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x184d2a50 + variant, 0)
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, content])
}

const checked = { params: { [zlib.ZSTD_c_checksumFlag]: 1 } }
const zstd = (text: string) => zstdCompressSync(text)
const garbage = Buffer.from('garbage')

describe('zstd', () => {
  const content = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.nat(400_000).map((length) => 'x'.repeat(length)),
    fc.nat(300_000).map((length) => Buffer.alloc(length, 'a line of text\n').toString()),
  )
  const frame = fc.oneof(
    fc.record({ content, pack: fc.boolean().map((sum) => (sum ? checked : {})) }),
    fc.record({ skipped: fc.uint8Array({ maxLength: 50 }), variant: fc.nat(15) }),
  )

  test('of any frames, some of them skippable, is one stream', async () => {
    const frames = fc.array(frame, { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(frames, async (drawn) => {
        const parts = drawn.map((one) =>
          'skipped' in one
            ? skippable(one.skipped, one.variant)
            : zstdCompressSync(one.content, one.pack),
        )
        const whole = drawn.map((one) => ('content' in one ? one.content : '')).join('')
        const text = await read(...parts)
        expect(text === Buffer.from(whole).toString('latin1')).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('of frames larger than a chunk keeps every byte', async () => {
    const text = Array.from({ length: 200_000 }, (_, i) => `${(i * 2654435761) % 2 ** 32}`).join()
    expect((await read(zstd(text), zstd(text))) === text + text).toBe(true)
  })

  test.each([1, 3, 4, 7, 600])(
    'with %i bytes of garbage after a frame is refused with their offset',
    async (count) => {
      const first = zstd('READ a\n')
      const after = Buffer.alloc(count, 'garbage')
      const place = `${path} at offset ${first.length}: damaged zstd: the bytes after the last frame`
      await expect(read(first, after)).rejects.toThrow(place)
    },
  )

  test("cut short anywhere is refused with the frame's offset", async () => {
    const first = zstd('READ a\n')
    const last = zstdCompressSync('READ b\n'.repeat(100), checked)
    for (let length = 4; length < last.length; length++) {
      const torn = read(first, last.subarray(0, length))
      await expect(torn).rejects.toThrow(`at offset ${first.length}: damaged or truncated zstd`)
    }
    const torn = read(first, skippable(garbage).subarray(0, -1))
    await expect(torn).rejects.toThrow(`at offset ${first.length}: damaged or truncated zstd`)
  })

  test('with a wrong checksum is refused with the range of bytes', async () => {
    const first = zstd('READ a\n')
    const last = zstdCompressSync('READ b\n', checked)
    last[last.length - 1]! ^= 1
    await expect(read(first, last)).rejects.toThrow(
      /packed: damaged or truncated zstd, between bytes \d+ and \d+: .*checksum/,
    )
  })
})

describe('gzip', () => {
  test('of several members, and zeros after the last, is one stream', async () => {
    const members = fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(members, fc.nat(2000), async (texts, zeros) => {
        const packed = texts.map((text) => gzipSync(text))
        const text = await read(...packed, Buffer.alloc(zeros))
        expect(text).toBe(Buffer.from(texts.join('')).toString('latin1'))
      }),
      { numRuns: 60 },
    )
  })

  test('followed by anything but zeros is refused', async () => {
    const first = gzipSync('READ a\n')
    await expect(read(first, garbage)).rejects.toThrow(/packed: damaged or truncated gzip, between/)
    const zeros = Buffer.alloc(70_000)
    for (const after of [garbage, gzipSync('READ b\n')]) {
      const place = `at offset ${first.length + zeros.length}: damaged gzip: bytes after the last`
      await expect(read(first, zeros, after)).rejects.toThrow(place)
    }
  })

  test('cut short anywhere is refused', async () => {
    const last = gzipSync('READ b\n')
    for (let length = 1; length < last.length; length++) {
      const torn = read(gzipSync('READ a\n'), last.subarray(0, length))
      await expect(torn).rejects.toThrow(/packed: damaged or truncated gzip, between bytes/)
    }
  })
})

describe('a name', () => {
  test('does not determine the packing; a misleading name gives a remark', async () => {
    for (const [name, bytes, remark] of [
      [
        'a.gz',
        Buffer.from('READ a\n'),
        'a.gz is named .gz but is not compressed: read as plain bytes',
      ],
      ['b.zst', gzipSync('READ a\n'), null],
      ['c.txt', zstd('READ a\n'), null],
    ] as const) {
      const remarks: string[] = []
      writeFileSync(join(folder, name), bytes)
      expect(await textOf(join(folder, name), remarks)).toBe('READ a\n')
      expect(remarks).toEqual(remark === null ? [] : [join(folder, remark)])
    }
  })

  test.each([
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00]],
    ['bzip2', [...Buffer.from('BZh91AY')]],
    ['zip', [...Buffer.from('PK\x03\x04...')]],
    ['lz4', [0x04, 0x22, 0x4d, 0x18, 0x64]],
  ])('%s is recognised and refused', async (name, bytes) => {
    const refused = read(Uint8Array.from(bytes))
    await expect(refused).rejects.toThrow(
      `${path}: compressed with ${name}, which is not supported`,
    )
  })
})
