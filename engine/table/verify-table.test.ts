import { describe, expect, test } from 'vitest'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { bytes } from '../testing/fixtures.ts'
import type { Entry } from '../testing/oracles/array-cursor.ts'
import {
  BLOCK_TRAILER_BYTES,
  decodeFooter,
  FOOTER_BYTES,
  METAINDEX_NAME,
  writeBlockTrailer,
} from './table-format.ts'
import type { TableSummary } from './table-writer.ts'
import { openTable, readTag, writeTable, writeTag } from './testing/table-fixture.ts'
import { verifyTable } from './verify-table.ts'

const entries: readonly Entry[] = Array.from({ length: 40 }, (_, index) => ({
  key: bytes(`key${String(index >> 1).padStart(3, '0')}`),
  seq: 100 - index,
  kind: index % 5 === 0 ? ENTRY_KIND.deletion : ENTRY_KIND.value,
  value: bytes(index % 5 === 0 ? '' : 'v'.repeat(index)),
}))
const options = { compression: 'none', bitsPerKey: 10, blockBytes: 300 } as const

/**
 * Verifies a table after `change` of its bytes. `claims` replaces facts of the expected summary.
 */
function verify(
  claims: Partial<TableSummary> = {},
  change: (content: Uint8Array, summary: TableSummary) => void = () => {},
): void {
  const storage = new MemoryStorage(new Ledger())
  const summary = writeTable(storage, 'written', entries, options)
  const content = storage.readAll('written', readTag)
  change(content, summary)
  const file = storage.create('table', writeTag)
  file.append(content, 'data')
  file.close()
  verifyTable(storage.open('table', readTag), { ...summary, ...claims })
}

const { properties } = openTable(entries, options).reader

/** Changes a block's payload and updates its checksum to match. */
function rewrite(start: number, payloadBytes: number, change: (payload: Uint8Array) => void) {
  return (content: Uint8Array) => {
    change(content.subarray(start, start + payloadBytes))
    writeBlockTrailer(content, start, start + payloadBytes, 0)
  }
}

describe('verifying a table', () => {
  test('accepts a sound table', () => {
    expect(properties.dataBlocks).toBeGreaterThan(3)
    verify()
  })

  test.each([
    [{ entries: 41 }, 'entries: 40 found, but the manifest says 41'],
    [{ tombstones: 0 }, 'tombstones: 8 found, but the manifest says 0'],
    [{ rawKeyBytes: 1 }, 'rawKeyBytes: 240 found, but the manifest says 1'],
    [{ rawValueBytes: 1 }, 'rawValueBytes: 640 found, but the manifest says 1'],
    [{ seqMin: 1 }, 'seqMin: 61 found, but the manifest says 1'],
    [{ seqMax: 101 }, 'seqMax: 100 found, but the manifest says 101'],
    [{ smallest: bytes('key') }, 'the smallest key is not the one in the manifest'],
    [{ largest: bytes('key') }, 'the largest key is not the one in the manifest'],
    [{ bytes: 1 }, 'bytes, but 1 are expected'],
    [{ filter: { kind: 'none', bitsPerKey: 0, bytes: 0 } } as const, 'filterBytes: 71 found, but'],
  ])('reports %j', (claims, message) => {
    expect(() => verify(claims)).toThrow(message)
  })

  test('detects a filter that denies a key', () => {
    const empty = rewrite(properties.dataBytes, 66, (payload) => payload.fill(0, 0, 64))
    expect(() => verify({}, empty)).toThrow('the filter denies a key')
  })

  test('detects an index that misses an entry', () => {
    const start = properties.dataBytes + properties.filterBytes
    // The first index key, "key002": its last digit is lowered, to below the block's last entry.
    const lower = rewrite(start, properties.indexBytes - BLOCK_TRAILER_BYTES, (payload) => {
      payload[3 + 5]!--
    })
    expect(() => verify({}, lower)).toThrow('the index does not find an entry')
  })

  test('detects entries out of order although every checksum is right', () => {
    // The third entry shares "key00" and adds a digit; its header starts at 17 + 12.
    const digitAt = 32
    const lower = (content: Uint8Array) => {
      expect(content[digitAt]).toBe('1'.charCodeAt(0))
      rewrite(0, firstBlockBytes(content), (payload) => payload.fill(0, digitAt, digitAt + 1))(
        content,
      )
    }
    expect(() => verify({}, lower)).toThrow('table at offset 0: entries out of order')
  })

  test('detects bytes that belong to no block', () => {
    const shorten = (content: Uint8Array) => {
      const { metaindex } = decodeFooter(content.subarray(-FOOTER_BYTES), 'table', content.length)
      // The first entry is the filter's: 3 header bytes, the name, 2 bytes of offset, the size.
      const sizeAt = 3 + METAINDEX_NAME.filter.length + 2
      rewrite(metaindex.offset, metaindex.bytes, (payload) => {
        expect(payload[sizeAt]).toBe(66)
        payload[sizeAt] = 65
      })(content)
    }
    expect(() => verify({}, shorten)).toThrow('blocks leave a gap or overlap')
  })

  test('detects a footer whose padding is not zero', () => {
    const pad = (content: Uint8Array) => {
      content[content.length - FOOTER_BYTES + 30] = 1
    }
    expect(() => verify({}, pad)).toThrow('the footer differs from the encoding of its handles')
  })
})

/**
 * Read from the first entry of the index: 3 header bytes, a 14-byte key, offset 0, then the size.
 */
function firstBlockBytes(content: Uint8Array): number {
  const at = properties.dataBytes + properties.filterBytes + 3 + 14 + 1
  const low = content[at]!
  return low < 0x80 ? low : (low & 0x7f) | (content[at + 1]! << 7)
}
