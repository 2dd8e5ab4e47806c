import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { type Fragment, RangeDeletions } from '../base/range-deletions.ts'
import { bytes, text } from '../testing/fixtures.ts'
import type { KeyRange } from '../version/key-range.ts'
import { ALL_KEYS, type SourceKeys } from './merge-rules.ts'
import { SurvivingRanges } from './surviving-ranges.ts'

const keyOf = (n: number) => Uint8Array.of(n)

function rangesOf(
  deletions: readonly (readonly [from: string, to: string, seq: number])[],
  snapshots: readonly number[] = [],
  keys: SourceKeys = ALL_KEYS,
): SurvivingRanges {
  const set = new RangeDeletions()
  for (const [from, to, seq] of deletions) set.add({ from: bytes(from), to: bytes(to), seq })
  return new SurvivingRanges(set, snapshots, keys)
}

/** All pieces, with those of a table on a line. */
function piecesOf(
  ranges: SurvivingRanges,
  borders: readonly string[],
  older: readonly KeyRange[],
): string[] {
  return [...borders.map(bytes), null].map((border) => {
    const pieces: string[] = []
    for (;;) {
      const piece = ranges.take(border, older)
      if (piece === null) return pieces.join(' ')
      pieces.push(`${text(piece.from)}-${text(piece.to)}@${piece.seqs.join(',')}`)
    }
  })
}

const EVERYTHING: readonly KeyRange[] = [{ smallest: bytes('a'), largest: bytes('z') }]

test('ranges are cut at borders, and joined where inputs were cut', () => {
  const ranges = rangesOf([
    ['a', 'f', 9],
    ['f', 'k', 9],
    ['p', 'q', 3],
  ])
  expect(piecesOf(ranges, ['c', 'h', 'p'], EVERYTHING)).toEqual([
    'a-c@9',
    'c-h@9',
    'h-k@9',
    'p-q@3',
  ])
})

test('of the deletions between two snapshots the newest survives', () => {
  const deletions = [2, 4, 6, 8].map((seq) => ['a', 'b', seq] as const)
  expect(piecesOf(rangesOf(deletions), [], EVERYTHING)).toEqual(['a-b@8'])
  expect(piecesOf(rangesOf(deletions, [4]), [], EVERYTHING)).toEqual(['a-b@8,4'])
  expect(piecesOf(rangesOf(deletions, [3, 5, 7]), [], EVERYTHING)).toEqual(['a-b@8,6,4,2'])
})

test('a deletion goes when nothing older lies under it, and no snapshot is older', () => {
  const deletions = [
    ['a', 'c', 5],
    ['e', 'g', 6],
  ] as const
  const under = (smallest: string, largest: string, isOpen = false) => [
    { smallest: bytes(smallest), largest: bytes(largest), isOpen },
  ]
  const ranges = rangesOf(deletions)
  expect(piecesOf(ranges, [], under('g', 'k'))).toEqual([''])
  expect(ranges.dropped).toBe(2)
  expect(piecesOf(rangesOf(deletions), [], under('c', 'e', true))).toEqual([''])
  expect(piecesOf(rangesOf(deletions), [], under('c', 'e'))).toEqual(['e-g@6'])
  expect(piecesOf(rangesOf(deletions), ['b'], under('b', 'b'))).toEqual(['', 'b-c@5'])
  expect(piecesOf(rangesOf(deletions, [5]), [], [])).toEqual(['e-g@6'])
  expect(piecesOf(rangesOf(deletions, [4]), [], [])).toEqual(['a-c@5 e-g@6'])
})

test('a part of a merge takes its part of the ranges', () => {
  const part = { from: bytes('c'), to: bytes('e') }
  expect(piecesOf(rangesOf([['a', 'k', 5]], [], part), [], EVERYTHING)).toEqual(['c-e@5'])
  expect(piecesOf(rangesOf([['a', 'c', 5]], [], part), [], EVERYTHING)).toEqual([''])
})

test('each snapshot finds the same keys deleted, whatever the borders', () => {
  const deletion = fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 9 }), fc.nat(30))
  fc.assert(
    fc.property(
      fc.array(deletion, { maxLength: 8 }),
      fc.uniqueArray(fc.nat(30), { maxLength: 3 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 29 }), { maxLength: 4 }),
      (list, snapshotList, borderList) => {
        const snapshots = snapshotList.toSorted((a, b) => a - b)
        const before = new RangeDeletions()
        for (const [n, width, seq] of list) {
          before.add({ from: keyOf(n), to: keyOf(n + width), seq })
        }
        const ranges = new SurvivingRanges(before, snapshots, ALL_KEYS)
        const after = new RangeDeletions()
        const everything = [{ smallest: keyOf(0), largest: keyOf(99) }]
        let last: Fragment | null = null
        for (const border of [...borderList.toSorted((a, b) => a - b).map(keyOf), null]) {
          for (;;) {
            const piece: Fragment | null = ranges.take(border, everything)
            if (piece === null) break
            if (border !== null) expect(compareBytes(piece.to, border)).toBeLessThanOrEqual(0)
            if (last !== null) expect(compareBytes(last.to, piece.from)).toBeLessThanOrEqual(0)
            last = piece
            for (const seq of piece.seqs) after.add({ from: piece.from, to: piece.to, seq })
          }
        }
        for (let n = 0; n < 30; n++) {
          for (const snapshot of [...snapshots, 100]) {
            const [was, is] = [before, after].map((one) => one.newestFor(keyOf(n), 0, 1, snapshot))
            expect(is).toBe(was)
          }
        }
      },
    ),
  )
})
