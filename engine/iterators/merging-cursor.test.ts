import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InternalCursor } from '../base/internal-cursor.ts'
import { ENTRY_KIND } from '../base/internal-key.ts'
import { MemTable } from '../memtable/memtable.ts'
import { ArrayCursor, collectEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import {
  checkWalk,
  entriesArbitrary,
  entriesOver,
  keyArbitrary,
  stepsArbitrary,
} from '../testing/oracles/cursor-walk.ts'
import { MergingCursor } from './merging-cursor.ts'

/** Splits `entries` over children: even children are memtables, odd ones are arrays. */
function childrenOf(entries: readonly Entry[], owners: readonly number[], count: number) {
  return Array.from({ length: count }, (_, child): InternalCursor => {
    const own = entries.filter((_, index) => owners[index]! % count === child)
    if (child % 2 === 1) return new ArrayCursor(own)
    const table = new MemTable({ capacityBytes: 0, seed: child })
    for (const { seq, kind, key, value } of own) {
      table.add(seq, kind, key, 0, key.length, value, 0, value.length)
    }
    return table.cursor()
  })
}

const owners = fc.array(fc.nat(), { minLength: 100, maxLength: 100 })

describe('a merging cursor', () => {
  it('behaves like one sorted array of all entries under any walk', () => {
    fc.assert(
      fc.property(
        entriesArbitrary,
        owners,
        fc.integer({ min: 1, max: 9 }),
        stepsArbitrary,
        (entries, owner, count, steps) => {
          checkWalk(new MergingCursor(childrenOf(entries, owner, count)), entries, steps)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('merges other merging cursors', () => {
    fc.assert(
      fc.property(entriesArbitrary, owners, stepsArbitrary, (entries, owner, steps) => {
        const [first, second, ...others] = childrenOf(entries, owner, 5)
        const inner = new MergingCursor([first!, second!])
        checkWalk(new MergingCursor([...others, inner, new MergingCursor([])]), entries, steps)
      }),
    )
  })

  it('shows equal entries in the order of its children, both ways', () => {
    const merged = entriesOver(keyArbitrary, 20).chain((entries) =>
      fc.tuple(fc.constant(entries), fc.array(fc.subarray([...entries]), { maxLength: 5 })),
    )
    fc.assert(
      fc.property(merged, stepsArbitrary, ([, parts], steps) => {
        // The value names the child. An array keeps equal entries in their given order, so it is
        // the specification.
        const marked = parts.map((part, child) =>
          part.map((entry) => ({ ...entry, value: Uint8Array.of(child) })),
        )
        const children = marked.map((part) => new ArrayCursor(part))
        checkWalk(new MergingCursor(children), marked.flat(), steps)
      }),
      { numRuns: 300 },
    )
  })

  it('is never valid without children', () => {
    const cursor = new MergingCursor([])
    expect(cursor.valid).toBe(false)
    for (const move of [
      () => cursor.seekToFirst(),
      () => cursor.seekToLast(),
      () => cursor.seek(Uint8Array.of(1), 1),
    ]) {
      move()
      expect(cursor.valid).toBe(false)
      expect(() => cursor.next()).toThrow('next needs a valid cursor')
      expect(() => cursor.prev()).toThrow('prev needs a valid cursor')
    }
  })

  it('moves one child per step, and never seeks while the direction stays', () => {
    const entries = Array.from({ length: 1000 }, (_, seq) => ({
      key: Uint8Array.of((seq * 7919) >>> 8, seq * 7919),
      seq,
      kind: ENTRY_KIND.value,
      value: new Uint8Array(0),
    }))
    let steps = 0
    class CountingCursor extends ArrayCursor {
      override seek(): void {
        throw new Error('the walk must not seek')
      }
      override next(): void {
        steps++
        super.next()
      }
    }
    const parts = [0, 1, 2, 3, 4].map((part) => entries.filter(({ seq }) => seq % 5 === part))
    const cursor = new MergingCursor(parts.map((part) => new CountingCursor(part)))
    expect(collectEntries(cursor)).toHaveLength(1000)
    expect(steps).toBe(1000)
  })
})
