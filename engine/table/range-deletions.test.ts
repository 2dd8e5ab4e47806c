import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { isLsmError } from '../base/errors.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { Lookup } from '../base/lookup.ts'
import type { RangeDeletion } from '../base/range-deletions.ts'
import { ReadCounters } from '../base/read-counters.ts'
import { collectEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import { openTable, plain, readTag, tableOf } from './testing/table-fixture.ts'
import { verifyTable } from './verify-table.ts'

const keyOf = (n: number) => Uint8Array.of(n >> 1, ...(n % 2 === 0 ? [] : [7]))

const KEYS = 24
const content = fc.record({
  versions: fc.uniqueArray(fc.record({ n: fc.nat(KEYS), seq: fc.nat(40) }), {
    maxLength: 20,
    selector: ({ n, seq }) => n * 100 + seq,
  }),
  ranges: fc.array(
    fc.record({ n: fc.nat(KEYS), width: fc.integer({ min: 1, max: 8 }), seq: fc.nat(40) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  ),
})

function entriesOf(versions: readonly { n: number; seq: number }[]): Entry[] {
  return versions.map(({ n, seq }) => ({
    key: keyOf(n),
    seq,
    kind: ENTRY_KIND.value,
    value: Uint8Array.of(n, seq),
  }))
}

function deletionsOf(ranges: readonly { n: number; width: number; seq: number }[]) {
  return ranges.map(
    ({ n, width, seq }): RangeDeletion => ({
      from: keyOf(n),
      to: keyOf(n + width),
      seq,
    }),
  )
}

test('a table answers with the newer of a version and a range deletion', () => {
  fc.assert(
    fc.property(content, fc.nat(41), fc.constantFrom(0, 10), ({ versions, ranges }, seq, bits) => {
      const deletions = deletionsOf(ranges)
      const entries = entriesOf(versions)
      const options = { ...plain, blockBytes: 64, bitsPerKey: bits }
      const { reader, counters, summary, storage } = openTable(entries, options, 1000, deletions)
      verifyTable(storage.open('table', readTag), summary)
      expect(
        collectEntries(reader.cursor({ file: reader.file, counters, fillCache: false })),
      ).toHaveLength(entries.length)
      for (let n = 0; n <= KEYS + 8; n++) {
        const key = keyOf(n)
        const own = versions.filter((one) => one.n === n && one.seq <= seq).map((one) => one.seq)
        const covering = deletions
          .filter(({ from, to }) => compareBytes(from, key) <= 0 && compareBytes(key, to) < 0)
          .map((one) => one.seq)
          .filter((at) => at <= seq)
        const newest = Math.max(-1, ...own)
        const deletedAt = Math.max(-1, ...covering)
        const lookup = new Lookup()
        const isFound = reader.get(key, seq, lookup, counters)
        expect(isFound).toBe(Math.max(newest, deletedAt) >= 0)
        if (!isFound) continue
        const { value, deletion } = ENTRY_KIND
        expect([lookup.seq, lookup.kind]).toEqual(
          newest >= deletedAt ? [newest, value] : [deletedAt, deletion],
        )
      }
    }),
  )
})

test('its range covers the deleted ranges, and is open where one ends it', () => {
  const entries = entriesOf([{ n: 4, seq: 1 }])
  const summaryOf = (n: number, width: number, of = entries) =>
    openTable(of, plain, 1000, deletionsOf([{ n, width, seq: 9 }])).summary
  expect(summaryOf(2, 5)).toMatchObject({ smallest: keyOf(2), largest: keyOf(7), isOpen: true })
  const closed = summaryOf(0, 3)
  expect(closed).toMatchObject({ smallest: keyOf(0), largest: keyOf(4), entries: 2, tombstones: 1 })
  expect(closed.isOpen).toBeUndefined()
  expect(summaryOf(2, 2).isOpen).toBeUndefined()
  expect(summaryOf(3, 2, [])).toMatchObject({
    smallest: keyOf(3),
    largest: keyOf(5),
    isOpen: true,
    entries: 1,
    rangeDeletions: 1,
    filter: { kind: 'none' },
  })
})

test('verify refuses a table whose manifest says another end or count', () => {
  const deletions = deletionsOf([{ n: 2, width: 5, seq: 9 }])
  const { summary, storage } = openTable(entriesOf([{ n: 4, seq: 1 }]), plain, 1000, deletions)
  const file = storage.open('table', readTag)
  const { isOpen, ...closed } = summary
  expect(isOpen).toBe(true)
  expect(() => verifyTable(file, closed)).toThrow('a range deletion ends the table')
  expect(() => verifyTable(file, { ...summary, rangeDeletions: 0 })).toThrow('rangeDeletions')
})

test('damage to any byte is reported, or the answers stay the same', () => {
  const entries = entriesOf([0, 2, 4, 6].map((n) => ({ n, seq: 1 + n })))
  const deletions = deletionsOf([
    { n: 1, width: 3, seq: 5 },
    { n: 6, width: 4, seq: 3 },
  ])
  const { storage } = openTable(entries, plain, 1000, deletions)
  const bytes = storage.readAll('table', readTag)
  const answers = (content: Uint8Array) => {
    try {
      const reader = tableOf(content)
      const counters = new ReadCounters()
      const lookup = new Lookup()
      return Array.from({ length: 12 }, (_, n) =>
        reader.get(keyOf(n), 99, lookup, counters) ? [lookup.kind, lookup.seq] : null,
      )
    } catch (error) {
      if (!isLsmError(error)) throw error
      return 'refused'
    }
  }
  const sound = answers(bytes)
  let refused = 0
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice()
    damaged[at]! ^= 1 << (at & 7)
    const found = answers(damaged)
    if (found === 'refused') refused++
    else expect({ at, found }).toEqual({ at, found: sound })
  }
  expect(refused).toBeGreaterThan(bytes.length - 41)
})

test('the memory of range deletions is part of what an open table holds', () => {
  const entries = entriesOf([{ n: 1, seq: 1 }])
  const deletions = deletionsOf(
    Array.from({ length: 50 }, (_, n) => ({ n: 2 * n, width: 1, seq: 2 })),
  )
  const pinnedOf = (ranges: readonly RangeDeletion[]) =>
    openTable(entries, plain, 1000, ranges).reader.pinnedBytes
  const grown = pinnedOf(deletions) - pinnedOf([])
  expect(grown).toBeGreaterThan(50 * 100)
  expect(grown - (pinnedOf(deletions.slice(0, 25)) - pinnedOf([]))).toBe(
    pinnedOf(deletions.slice(25)) - pinnedOf([]),
  )
})
