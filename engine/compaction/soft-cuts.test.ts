import { describe, expect, test } from 'vitest'
import { SoftCutWalk } from './soft-cuts.ts'
import type { SoftCuts } from './strategy.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

type Deeper = readonly [first: string, last: string, rawBytes: number]

/** The borders of deeper tables, with limits that are never reached. */
function softCuts(tables: readonly Deeper[], limits: Partial<SoftCuts>): SoftCuts {
  return {
    keys: tables.flatMap(([first, last]) => [bytes(first), bytes(`${last}\0`)]),
    overlapBytes: tables.flatMap(([, , rawBytes]) => [rawBytes, 0]),
    endsFrom: [1e9],
    overlapBytesMax: null,
    skippedBytesMin: null,
    ...limits,
  }
}

/** Cuts entries of equal size into tables, which are full at `fullBytes`. */
function cut(keys: string, entryBytes: number, cuts: SoftCuts, fullBytes = 1e9): string {
  const walk = new SoftCutWalk(cuts)
  const tables: string[] = []
  for (const key of keys) {
    const coded = bytes(key)
    walk.advance(coded, 0, coded.length)
    const rawBytes = (tables.at(-1)?.length ?? 0) * entryBytes
    if (rawBytes === 0 || rawBytes >= fullBytes || walk.endsTable(rawBytes)) {
      walk.startTable()
      tables.push('')
    }
    tables.push(tables.pop()! + key)
  }
  return tables.join(' ')
}

/** RocksDB's sizes: 55 % of the target at the first border, then 5 % more for each, up to 90 %. */
const sizesFor = (target: number) =>
  Array.from({ length: 8 }, (_, at) => (target * (55 + 5 * at)) / 100)

describe('the examples of RocksDB’s compaction_job_test.cc', () => {
  test('CutToAlignGrandparentBoundary', () => {
    const deeper: readonly Deeper[] = [
      ['a', 'b', 20_000],
      ['c', 'e', 20_000],
      ['h', 'j', 20_000],
      ['k', 'n', 20_000],
      ['q', 't', 20_000],
    ]
    const cuts = softCuts(deeper, { endsFrom: sizesFor(100_000), skippedBytesMin: 12_500 })
    expect(cut('defghijklmnos', 10_000, cuts, 200_000)).toBe('defghij klmnos')
    expect(cut('defghijklmnos', 10_000, softCuts([], {}), 100_000)).toBe('defghijklm nos')
  })

  test('CutToSkipGrandparentFile', () => {
    const deeper: readonly Deeper[] = [
      ['b', 'd', 10],
      ['h', 'i', 10],
      ['v', 'y', 10],
    ]
    const limits = { endsFrom: sizesFor(70), skippedBytesMin: 70 / 8 }
    expect(cut('acxz', 1, softCuts(deeper, limits), 140)).toBe('ac xz')
    expect(cut('acxz', 1, softCuts(deeper, { ...limits, skippedBytesMin: null }))).toBe('acxz')
  })

  test('CutForMaxCompactionBytes', () => {
    const deeper: readonly Deeper[] = [
      ['b', 'e', 10],
      ['h', 'k', 10],
      ['l', 'o', 10],
    ]
    const limits = { endsFrom: sizesFor(80), skippedBytesMin: 10 }
    expect(cut('chjn', 1, softCuts(deeper, { ...limits, overlapBytesMax: 21 }))).toBe('chj n')
    expect(cut('chjn', 1, softCuts(deeper, { ...limits, overlapBytesMax: 33 }))).toBe('chjn')
  })
})

describe('a table ends', () => {
  const deeper: readonly Deeper[] = [
    ['b', 'c', 10],
    ['e', 'f', 10],
    ['h', 'i', 10],
  ]

  test('only before an entry that crosses a soft key, once it is large enough', () => {
    expect(cut('bcdefghij', 1, softCuts(deeper, { endsFrom: [2] }))).toBe('bc def ghi j')
    expect(cut('bcdefghij', 1, softCuts(deeper, { endsFrom: [3] }))).toBe('bcd efg hij')
    expect(cut('bbbbbccccc', 1, softCuts(deeper, { endsFrom: [1] }))).toBe('bbbbbccccc')
  })

  test('the later, the more soft keys it has crossed; the last size holds for all others', () => {
    expect(cut('bcdefghij', 1, softCuts(deeper, { endsFrom: [3, 4, 5] }))).toBe('bcdef ghij')
    expect(cut('bcdefghij', 1, softCuts(deeper, { endsFrom: [3, 9] }))).toBe('bcdefghij')
    expect(cut('bdfhj', 1, softCuts(deeper, { endsFrom: [4, 4, 4, 3] }))).toBe('bdf hj')
  })

  test('where its overlap and its own bytes exceed the limit together', () => {
    const under = (overlapBytesMax: number) =>
      cut('abcdefghi', 1, softCuts(deeper, { overlapBytesMax }))
    expect(under(23)).toBe('abcd efghi')
    expect(under(24)).toBe('abcdef ghi')
    expect(under(26)).toBe('abcdefg hi')
    expect(under(37)).toBe('abcdefghi')
  })

  test('where an entry skips a table that is large enough', () => {
    const skipping = (keys: string, skippedBytesMin: number) =>
      cut(keys, 1, softCuts(deeper, { skippedBytesMin }))
    expect(skipping('bh', 19)).toBe('b h')
    expect(skipping('bh', 20)).toBe('bh')
    expect(skipping('be', 5)).toBe('be')
    expect(skipping('bg', 5)).toBe('b g')
    expect(skipping('dg', 5)).toBe('d g')
    expect(skipping('ac', 5)).toBe('ac')
    expect(skipping('cd', 5)).toBe('cd')
  })

  test('at deeper tables that touch: the first one ends where the next one begins', () => {
    const touching = {
      keys: ['b', 'd', 'd', 'f'].map(bytes),
      overlapBytes: [10, 0, 10, 0],
      endsFrom: [2],
      overlapBytesMax: null,
      skippedBytesMin: 5,
    }
    expect(cut('bcdefg', 1, touching)).toBe('bc de fg')
    expect(cut('be', 1, touching)).toBe('be')
    expect(cut('bg', 1, touching)).toBe('b g')
  })

  test('not at soft keys before its first entry', () => {
    expect(cut('xyz', 1, softCuts(deeper, { endsFrom: [1], overlapBytesMax: 1 }))).toBe('xyz')
  })
})
