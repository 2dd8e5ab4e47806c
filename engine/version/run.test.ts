import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import {
  checkRun,
  editRun,
  indexOfTable,
  lowerBound,
  overlapping,
  type Run,
  runOf,
  sliceTables,
  tableAt,
  tableFor,
  tablesOf,
} from './run.ts'
import type { TableMeta } from './table-meta.ts'
import { parseVersion } from './text.ts'
import { totalsOf } from './totals.ts'

const template = [...tablesOf(parseVersion('L0\n R1: 1[a,b]').levels[0]!.runs[0]!)][0]!

/** Table n holds keys [2n, 2n + 1] as u32s: disjoint for distinct n. */
function tableOf(n: number): TableMeta {
  return { ...template, id: n, smallest: key(2 * n), largest: key(2 * n + 1), bytes: n + 1 }
}

function key(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

const ids = fc
  .uniqueArray(fc.nat(5000), { maxLength: 900 })
  .map((list) => list.sort((a, b) => a - b))

describe('a run of persistent chunks', () => {
  test('equals a plain sorted array after any removals and additions', () => {
    fc.assert(
      fc.property(ids, fc.array(fc.tuple(ids, fc.nat(100)), { maxLength: 8 }), (start, edits) => {
        let oracle = start
        let run: Run = runOf(1, start.map(tableOf))
        for (const [incoming, keepPercent] of edits) {
          const removed = oracle.filter((id) => id % 100 >= keepPercent)
          const added = incoming.filter((id) => !oracle.includes(id))
          run = editRun(run, removed.map(tableOf), added.map(tableOf))
          oracle = [...oracle.filter((id) => id % 100 < keepPercent), ...added].sort(
            (a, b) => a - b,
          )
          checkRun(run)
          expect(Array.from(tablesOf(run), (table) => table.id)).toEqual(oracle)
          expect(oracle.map((_, index) => tableAt(run, index).id)).toEqual(oracle)
          expect(run.totals).toEqual(totalsOf(oracle.map(tableOf)))
          expect(run.chunks.every((chunk) => chunk.tables.length > 0)).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('finds tables, indices and overlaps as a linear search does', () => {
    fc.assert(
      fc.property(ids, fc.nat(10_002), fc.nat(10_002), (list, a, b) => {
        const tables = list.map(tableOf)
        const run = runOf(1, tables)
        const [low, high] = [key(Math.min(a, b)), key(Math.max(a, b))] as const
        const at = tables.findIndex((table) => compareBytes(table.largest, low) >= 0)
        expect(lowerBound(run, low)).toBe(at < 0 ? tables.length : at)
        expect(tableFor(run, low)?.id).toBe(
          tables.find(
            (t) => compareBytes(t.smallest, low) <= 0 && compareBytes(low, t.largest) <= 0,
          )?.id,
        )
        const range = { smallest: low, largest: high }
        const { from, to } = overlapping(run, range)
        const expected = tables.filter(
          (t) => compareBytes(t.smallest, high) <= 0 && compareBytes(low, t.largest) <= 0,
        )
        expect(sliceTables(run, from, to)).toEqual(expected)
        list.forEach((_, index) => {
          expect(indexOfTable(run, tables[index]!)).toBe(index)
          expect(tableAt(run, index).id).toBe(list[index])
        })
      }),
      { numRuns: 60 },
    )
  })

  test('finds every table that overlaps a range, wherever its ends lie', () => {
    // Leaves gaps of one key between some tables. Some counts exceed the linear walk, some exceed a
    // chunk.
    for (const [count, firsts] of [
      [13, 13],
      [300, 3],
    ] as const) {
      const tables = Array.from({ length: count }, (_, n) => tableOf(n + (n >>> 2)))
      const run = runOf(1, tables)
      const end = 2 * (count + (count >>> 2)) + 2
      for (let low = 0; low < 2 * firsts + 6; low++) {
        for (let high = low; high <= end; high++) {
          const range = { smallest: key(low), largest: key(high) }
          const { from, to } = overlapping(run, range)
          const meets = (table: TableMeta) =>
            compareBytes(table.smallest, range.largest) <= 0 &&
            compareBytes(range.smallest, table.largest) <= 0
          const first = tables.findIndex(meets)
          const last = tables.findLastIndex(meets)
          if (first < 0) expect(to).toBe(from)
          else expect([from, to]).toEqual([first, last + 1])
        }
      }
    }
  })

  test('slices exactly the requested tables, across chunks', () => {
    const tables = Array.from({ length: 400 }, (_, n) => tableOf(n))
    const run = runOf(1, tables)
    for (const from of [0, 1, 31, 32, 33, 255, 256, 399, 400]) {
      for (const to of [0, 1, 32, 33, 64, 65, 256, 399, 400, 500]) {
        expect(sliceTables(run, from, to)).toEqual(tables.slice(from, to))
      }
    }
  })

  test('an edit shares the chunks that it does not change', () => {
    const run = runOf(
      1,
      Array.from({ length: 1000 }, (_, n) => tableOf(n)),
    )
    const edited = editRun(run, [tableOf(999)], [tableOf(2000)])
    expect(edited.chunks.slice(0, -1)).toEqual(run.chunks.slice(0, -1))
    expect(edited.chunks[0]).toBe(run.chunks[0])
  })

  test('tables behind an edit are found at their new indices', () => {
    const even = Array.from({ length: 1000 }, (_, n) => 2 * n)
    const edited = editRun(runOf(1, even.map(tableOf)), [400, 402, 800].map(tableOf), [tableOf(3)])
    const expected = [...even, 3].filter((n) => ![400, 402, 800].includes(n)).sort((a, b) => a - b)
    expect(expected.map((_, index) => tableAt(edited, index).id)).toEqual(expected)
  })

  test('removing an unknown table, or the same table twice, fails an assertion', () => {
    const run = runOf(1, [tableOf(1)])
    expect(() => editRun(run, [tableOf(2)], [])).toThrow('in the run')
    expect(() => editRun(run, [tableOf(1), tableOf(1)], [])).toThrow('once')
  })
})
