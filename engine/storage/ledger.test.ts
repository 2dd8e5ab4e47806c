import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CAUSES,
  cellsBetween,
  DIRECTIONS,
  Ledger,
  type LedgerCell,
  liveBytes,
  SECTIONS,
  sumCells,
} from './ledger.ts'

const moveArbitrary = fc.record({
  cause: fc.constantFrom(...CAUSES),
  level: fc.integer({ min: -1, max: 62 }),
  section: fc.constantFrom(...SECTIONS),
  direction: fc.constantFrom(...DIRECTIONS),
  bytes: fc.nat({ max: 1_000_000 }),
})
type Move = typeof moveArbitrary extends fc.Arbitrary<infer Value> ? Value : never
const movesArbitrary = fc.array(moveArbitrary, { maxLength: 100 })

function count(ledger: Ledger, { cause, level, section, direction, bytes }: Move): void {
  const account = Ledger.account(cause, level)
  if (direction === 'write') ledger.countWrite(account, section, bytes)
  else ledger.countRead(account, section, bytes)
}

function total(moves: readonly Move[]): number {
  return moves.reduce((sum, move) => sum + move.bytes, 0)
}

describe('a ledger', () => {
  test('keeps every cause, level, section and direction apart', () => {
    const ledger = new Ledger()
    const expected: LedgerCell[] = []
    let bytes = 1
    for (const cause of CAUSES) {
      for (let level = -1; level <= 62; level++) {
        for (const section of SECTIONS) {
          for (const direction of DIRECTIONS) {
            count(ledger, { cause, level, section, direction, bytes })
            expected.push({ cause, level, section, direction, bytes, calls: 1 })
            bytes++
          }
        }
      }
    }
    expect(ledger.cells()).toEqual(expected)
  })

  test('counts levels beyond the last row in the last row', () => {
    const ledger = new Ledger()
    ledger.countRead(Ledger.account('get', 63), 'data', 5)
    ledger.countRead(Ledger.account('get', 1000), 'data', 7)
    expect(ledger.cells()).toEqual([
      { cause: 'get', level: 62, section: 'data', direction: 'read', bytes: 12, calls: 2 },
    ])
  })

  test('a call that moved no bytes is still counted', () => {
    const ledger = new Ledger()
    ledger.countRead(Ledger.account('scan', 1), 'index', 0)
    expect(sumCells(ledger.cells(), { cause: 'scan' })).toEqual({ bytes: 0, calls: 1 })
  })

  test('equal moves give equal cells, whatever their order', () => {
    fc.assert(
      fc.property(movesArbitrary, (moves) => {
        const [forward, backward] = [new Ledger(), new Ledger()]
        for (const move of moves) count(forward, move)
        for (const move of moves.toReversed()) count(backward, move)
        expect(backward.cells()).toEqual(forward.cells())
      }),
    )
  })

  test('a sum over any filter is the sum of the moves that match it', () => {
    const axis = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
    const filterArbitrary = fc.record({
      cause: axis(fc.oneof(fc.constantFrom(...CAUSES), fc.subarray([...CAUSES]))),
      level: axis(fc.integer({ min: -1, max: 62 })),
      section: axis(fc.constantFrom(...SECTIONS)),
      direction: axis(fc.constantFrom(...DIRECTIONS)),
    })
    fc.assert(
      fc.property(
        movesArbitrary,
        filterArbitrary,
        (moves, { cause, level, section, direction }) => {
          const ledger = new Ledger()
          for (const move of moves) count(ledger, move)
          const matching = moves.filter(
            (move) =>
              (cause === undefined || [cause].flat().includes(move.cause)) &&
              (level === undefined || level === move.level) &&
              (section === undefined || section === move.section) &&
              (direction === undefined || direction === move.direction),
          )
          const filter = Object.fromEntries(
            Object.entries({ cause, level, section, direction }).filter(
              ([, value]) => value !== undefined,
            ),
          )
          expect(sumCells(ledger.cells(), filter)).toEqual({
            bytes: total(matching),
            calls: matching.length,
          })
        },
      ),
    )
  })

  test('the difference of two readings is what moved between them', () => {
    fc.assert(
      fc.property(movesArbitrary, movesArbitrary, (before, after) => {
        const [ledger, only] = [new Ledger(), new Ledger()]
        for (const move of before) count(ledger, move)
        const earlier = ledger.cells()
        for (const move of after) {
          count(ledger, move)
          count(only, move)
        }
        expect(cellsBetween(earlier, ledger.cells())).toEqual(only.cells())
      }),
    )
  })

  test('the balance adds up to the live sizes', () => {
    const ledger = new Ledger()
    ledger.countPresentAtOpen(1000)
    ledger.countWrite(Ledger.account('flush', 0), 'data', 200)
    ledger.countRead(Ledger.account('get', 0), 'data', 77)
    ledger.countLinked(30)
    ledger.countTruncated(4)
    ledger.countRemoved(500)
    expect(ledger.balance()).toEqual({
      presentAtOpen: 1000,
      appended: 200,
      linked: 30,
      truncated: 4,
      removed: 500,
    })
    expect(liveBytes(ledger.balance())).toBe(726)
    expect(ledger.peakLiveBytes).toBe(1230)
  })
})

test('the peak is the largest total of live bytes so far', () => {
  const ledger = new Ledger()
  const account = Ledger.account('flush', 0)
  const peaks = [
    () => ledger.countPresentAtOpen(100),
    () => ledger.countWrite(account, 'data', 50),
    () => ledger.countRemoved(120),
    () => ledger.countWrite(account, 'data', 40),
    () => ledger.countLinked(70),
    () => ledger.countTruncated(30),
    () => ledger.countWrite(account, 'data', 60),
    () => ledger.countRead(account, 'data', 1000),
  ].map((step) => {
    step()
    return ledger.peakLiveBytes
  })
  expect(peaks).toEqual([100, 150, 150, 150, 150, 150, 170, 170])
})
