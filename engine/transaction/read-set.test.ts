/** The spans of a read set: as few as possible, and exactly the keys that were gone over. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CursorFields } from '../base/internal-cursor.ts'
import { ReadSet } from './read-set.ts'
import { type KeySpan, SpanSet } from './span-set.ts'

const KEYS = 12
const keyOf = (n: number) => (n === 0 ? new Uint8Array(0) : Uint8Array.of(n))

/** A cursor at the key with the number; null: at none. */
function at(n: number | null): CursorFields {
  const fields = new CursorFields()
  if (n === null) return fields
  fields.valid = true
  fields.keyBytes = Uint8Array.of(99, ...keyOf(n), 99)
  fields.keyStart = 1
  fields.keyLength = keyOf(n).length
  return fields
}

const shown = (spans: Iterable<KeySpan>) =>
  Array.from(spans, ({ lower, upper }) => [lower?.join('.') ?? '', upper?.join('.') ?? 'end'])

describe('a set of spans', () => {
  test('is the union of what was added, with no two spans that meet', () => {
    const bound = fc.option(fc.nat(KEYS), { nil: undefined })
    fc.assert(
      fc.property(fc.array(fc.tuple(bound, bound)), (added) => {
        const set = new SpanSet()
        const covered = new Set<number>()
        for (const [from, to] of added) {
          set.add({
            lower: from === undefined ? undefined : keyOf(from),
            upper: to === undefined ? undefined : keyOf(to),
          })
          for (let n = from ?? 0; n < (to ?? KEYS + 1); n++) covered.add(n)
        }
        const isEnd = (n: number) => covered.has(n) && !covered.has(n + 1)
        const isStart = (n: number) => covered.has(n) && !covered.has(n - 1)
        const numbers = Array.from({ length: KEYS + 1 }, (_, n) => n)
        const nameOf = (n: number) => keyOf(n).join('.')
        const ends = numbers.filter(isEnd).map((n) => (n === KEYS ? 'end' : nameOf(n + 1)))
        const starts = numbers.filter(isStart).map(nameOf)
        expect(shown(set)).toEqual(starts.map((start, index) => [start, ends[index]]))
        expect(set.count).toBe(starts.length)
      }),
    )
  })

  test('is one span after a scan in ten thousand pages, upwards or downwards', () => {
    const key = (n: number) => Uint8Array.of(n >>> 8, n & 0xff)
    for (const isDown of [false, true]) {
      const set = new SpanSet()
      for (let page = 0; page < 10_000; page++) {
        const n = isDown ? 9_999 - page : page
        set.add({ lower: key(n), upper: key(n + 1) })
      }
      expect(set.count).toBe(1)
      expect(shown(set)).toEqual([['0.0', key(10_000).join('.')]])
    }
  })
})

describe('the trace of a cursor', () => {
  const bounds = { lower: keyOf(2), upper: keyOf(9) }
  const traced = (steps: (trace: ReturnType<ReadSet['trace']>) => void) => {
    const reads = new ReadSet()
    const trace = reads.trace(bounds)
    steps(trace)
    trace.end()
    trace.end()
    return shown(reads.spans())
  }

  test.each<[string, Parameters<typeof traced>[0], readonly (readonly [string, string])[]]>([
    ['never sought', () => {}, []],
    ['the first key', (trace) => trace.soughtUp(undefined, at(4)), [['2', '4.0']]],
    ['the last key', (trace) => trace.soughtDown(undefined, at(7)), [['7', '9']]],
    ['no key at all', (trace) => trace.soughtUp(undefined, at(null)), [['2', '9']]],
    ['a key below the bounds', (trace) => trace.soughtUp(keyOf(1), at(4)), [['2', '4.0']]],
    ['a key above the bounds', (trace) => trace.soughtUp(keyOf(10), at(null)), []],
    ['down from below', (trace) => trace.soughtDown(keyOf(1), at(null)), []],
    ['down from above', (trace) => trace.soughtDown(keyOf(10), at(7)), [['7', '9']]],
    ['down from a key', (trace) => trace.soughtDown(keyOf(7), at(5)), [['5', '7.0']]],
    [
      'there and back',
      (trace) => {
        trace.soughtUp(keyOf(4), at(5))
        trace.movedUp(at(6))
        trace.movedDown(at(5))
        trace.movedDown(at(3))
        trace.movedUp(at(5))
        trace.movedUp(at(7))
      },
      [['3', '7.0']],
    ],
    [
      'down to the bound, then up beyond the start',
      (trace) => {
        trace.soughtDown(keyOf(4), at(3))
        trace.movedDown(at(2))
        trace.movedUp(at(3))
        trace.movedUp(at(5))
        trace.movedUp(at(null))
      },
      [['2', '9']],
    ],
    [
      'two places apart',
      (trace) => {
        trace.soughtUp(keyOf(2), at(3))
        trace.soughtUp(keyOf(6), at(7))
      },
      [
        ['2', '3.0'],
        ['6', '7.0'],
      ],
    ],
  ])('covers %s', (_, steps, expected) => {
    expect(traced(steps)).toEqual(expected)
  })
})
