import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { createRandom } from '../base/random.ts'
import { Ledger, sumCells } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { compareEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import {
  type EntrySizes,
  estimateTableSize,
  type TableSizeOptions,
  tableSize,
} from './table-size.ts'
import { writeTable, writeTag } from './testing/table-fixture.ts'

const SECTIONS = ['data', 'filter', 'index', 'meta'] as const

/** The bytes that the writer really writes, by section. */
function written(entries: readonly Entry[], options: TableSizeOptions) {
  const ledger = new Ledger()
  const storage = new MemoryStorage(ledger)
  const summary = writeTable(storage, 'table', entries, { ...options, compression: 'none' })
  const [dataBytes, filterBytes, indexBytes, metaBytes] = SECTIONS.map(
    (section) => sumCells(ledger.cells(), { cause: writeTag.cause, section }).bytes,
  )
  return { bytes: summary.bytes, dataBytes, filterBytes, indexBytes, metaBytes }
}

function sizesOf(entries: readonly Entry[]): EntrySizes {
  const sorted = entries.toSorted(compareEntries)
  return {
    count: sorted.length,
    keyLengths: sorted.map(({ key }) => key.length),
    sharedLengths: sorted.map(({ key }, at) => (at === 0 ? 0 : shared(sorted[at - 1]!.key, key))),
    valueLengths: sorted.map(({ value }) => value.length),
    tombstones: sorted.filter(({ kind }) => kind === ENTRY_KIND.deletion).length,
  }
}

function shared(a: Uint8Array, b: Uint8Array): number {
  let common = 0
  while (common < a.length && common < b.length && a[common] === b[common]) common++
  return common
}

const keys = fc.oneof(
  fc.uint8Array({ maxLength: 6 }).map((tail) => Uint8Array.of(7, 7, 7, ...tail)),
  fc.uint8Array({ minLength: 1, maxLength: 200 }),
)
const valueLengths = fc.oneof(fc.nat(20), fc.nat(300), fc.nat(20_000))
const entries = fc
  .uniqueArray(fc.tuple(keys, fc.integer({ min: 1, max: 40 }), fc.boolean(), valueLengths), {
    minLength: 1,
    maxLength: 400,
    size: 'max',
    selector: ([key, seq]) => `${key.join()}/${seq}`,
  })
  .map((list) =>
    list.map(([key, seq, live, length]): Entry => {
      const kind = live ? ENTRY_KIND.value : ENTRY_KIND.deletion
      return { key, seq, kind, value: new Uint8Array(live ? length : 0) }
    }),
  )
const options = fc.record({
  blockBytes: fc.constantFrom(64, 512, 4096, 65_536),
  restartInterval: fc.constantFrom(1, 2, 16, 1024),
  bitsPerKey: fc.constantFrom(0, 5, 10.5, 64),
})

describe('the size of a table', () => {
  test("equals the writer's output to the byte, in every section", () => {
    fc.assert(
      fc.property(entries, options, (list, how) => {
        expect(tableSize(sizesOf(list), how)).toEqual(written(list, how))
      }),
      { numRuns: 150 },
    )
  })
})

describe('the estimate from averages', () => {
  const cases = [
    { valueLength: 1140, count: 900 },
    { valueLength: 112, count: 8000 },
    { valueLength: 10, count: 30_000 },
  ]
  test.each(cases)('is within 1 % for $count values of $valueLength bytes', (shape) => {
    const random = createRandom(5)
    const list = Array.from({ length: shape.count }, (_, seq): Entry => {
      const digits = String(random.nextBelow(2 ** 53)).padStart(16, '0')
      const key = new TextEncoder().encode(`user${digits}`)
      return { key, seq, kind: ENTRY_KIND.value, value: new Uint8Array(shape.valueLength) }
    }).sort((a, b) => compareBytes(a.key, b.key))
    const sizes = sizesOf(list)
    const sharedTotal = Array.from(sizes.sharedLengths).reduce((sum, length) => sum + length, 0)
    const how = { blockBytes: 4096, restartInterval: 16, bitsPerKey: 10 }
    const estimate = estimateTableSize(
      {
        entries: shape.count,
        rawKeyBytes: 20 * shape.count,
        rawValueBytes: shape.valueLength * shape.count,
        sharedBytes: sharedTotal / shape.count,
      },
      how,
    )
    const exact = written(list, how).bytes
    expect(Math.abs(estimate.bytes / exact - 1)).toBeLessThan(0.01)
    expect(Number.isSafeInteger(estimate.bytes)).toBe(true)
  })
})
