import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import { type InternalCursor, keyBytesOf, valueBytesOf } from '../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../base/internal-key.ts'
import { MemTable } from '../memtable/memtable.ts'
import { ArrayCursor, compareEntries, type Entry } from '../testing/oracles/array-cursor.ts'
import { entriesArbitrary, entriesOver, hex, keyArbitrary } from '../testing/oracles/cursor-walk.ts'
import { MergingCursor } from './merging-cursor.ts'
import { VisibleCursor, type VisibleCursorOptions } from './visible-cursor.ts'

type Step =
  | { readonly op: 'seekToFirst' | 'seekToLast' | 'next' | 'prev' }
  | { readonly op: 'seek' | 'seekForPrev'; readonly key: Uint8Array }

const stepsArbitrary: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>({ op: 'next' }) },
    { weight: 6, arbitrary: fc.constant<Step>({ op: 'prev' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ op: 'seekToFirst' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ op: 'seekToLast' }) },
    {
      weight: 4,
      arbitrary: fc.record({ op: fc.constantFrom('seek', 'seekForPrev'), key: keyArbitrary }),
    },
  ),
  { maxLength: 60, size: 'max' },
)

const boundArbitrary = fc.option(keyArbitrary, { nil: undefined })

/** The entries that a user may see, in key order: the specification of the cursor. */
function visibleEntries(entries: readonly Entry[], options: VisibleCursorOptions): Entry[] {
  const { seq, lower, upper } = options
  const newest = new Map<string, Entry>()
  for (const entry of entries.toSorted(compareEntries)) {
    const id = hex(entry.key)
    if (entry.seq <= seq && !newest.has(id)) newest.set(id, entry)
  }
  return [...newest.values()].filter(
    ({ kind, key }) =>
      kind !== ENTRY_KIND.deletion &&
      (lower === undefined || compareBytes(key, lower) >= 0) &&
      (upper === undefined || compareBytes(key, upper) < 0),
  )
}

function checkVisibleWalk(
  child: InternalCursor,
  entries: readonly Entry[],
  options: VisibleCursorOptions,
  steps: readonly Step[],
  afterStep: () => void = () => {},
): void {
  const visible = visibleEntries(entries, options)
  const cursor = new VisibleCursor(child, options)
  let at = -1
  for (const step of steps) {
    if (step.op === 'seekToFirst') at = 0
    else if (step.op === 'seekToLast') at = visible.length - 1
    else if (step.op === 'seek') {
      const found = visible.findIndex(({ key }) => compareBytes(key, step.key) >= 0)
      at = found === -1 ? visible.length : found
    } else if (step.op === 'seekForPrev') {
      at = visible.findLastIndex(({ key }) => compareBytes(key, step.key) <= 0)
    } else if (!cursor.valid) continue
    else at += step.op === 'next' ? 1 : -1
    if (step.op === 'seek' || step.op === 'seekForPrev') cursor[step.op](step.key)
    else cursor[step.op]()
    afterStep()
    expect(textOfCursor(cursor)).toBe(textOf(visible[at]))
  }
}

function textOf(entry: Entry | undefined): string {
  if (entry === undefined) return 'invalid'
  return `${hex(entry.key)} @${entry.seq} kind ${entry.kind} = ${hex(entry.value)}`
}

function textOfCursor(cursor: VisibleCursor): string {
  if (!cursor.valid) return 'invalid'
  const { seq, kind } = cursor
  return textOf({ key: keyBytesOf(cursor), seq, kind, value: valueBytesOf(cursor) })
}

/** A snapshot at which `count` of the entries are visible. */
function snapshotAfter(entries: readonly Entry[], count: number): number {
  if (count >= entries.length) return SEQ_NUM_MAX
  return count === 0 ? 0 : entries[count - 1]!.seq
}

describe('a visible cursor', () => {
  it('shows the newest versions at its snapshot, between its bounds, under any walk', () => {
    fc.assert(
      fc.property(
        entriesArbitrary,
        fc.nat(70),
        boundArbitrary,
        boundArbitrary,
        stepsArbitrary,
        (entries, count, lower, upper, steps) => {
          const options = { seq: snapshotAfter(entries, count), lower, upper }
          checkVisibleWalk(new ArrayCursor(entries), entries, options, steps)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('does the same with dozens of versions of few keys, over merged memtables and arrays', () => {
    const keys = fc.constantFrom(
      ...[[], [0], [0x61], [0x61, 0]].map((key) => Uint8Array.of(...key)),
    )
    fc.assert(
      fc.property(
        entriesOver(keys, 150),
        fc.nat(150),
        boundArbitrary,
        boundArbitrary,
        stepsArbitrary,
        (entries, count, lower, upper, steps) => {
          const table = new MemTable({ capacityBytes: 0, seed: 1 })
          const older: Entry[] = []
          entries.forEach((entry, index) => {
            const { seq, kind, key, value } = entry
            if (index % 3 === 0) older.push(entry)
            else table.add(seq, kind, key, 0, key.length, value, 0, value.length)
          })
          const child = new MergingCursor([table.cursor(), new ArrayCursor(older)])
          const options = { seq: snapshotAfter(entries, count), lower, upper }
          checkVisibleWalk(child, entries, options, steps)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('ignores writes after its snapshot, also newer versions of its keys', () => {
    fc.assert(
      fc.property(entriesArbitrary, stepsArbitrary, (entries, steps) => {
        const table = new MemTable({ capacityBytes: 0, seed: 1 })
        let seq = 0
        const add = ({ key, kind, value }: Entry) => {
          table.add(++seq, kind, key, 0, key.length, value, 0, value.length)
          return { key, seq, kind, value }
        }
        const seen = entries.map(add)
        const child = new MergingCursor([table.cursor(), new ArrayCursor([])])
        const options = { seq }
        checkVisibleWalk(child, seen, options, steps, () => entries.slice(0, 5).forEach(add))
      }),
    )
  })

  it('seeks past many hidden versions instead of stepping over them', () => {
    const versions = Array.from({ length: 1000 }, (_, seq) => ({
      key: Uint8Array.of(5),
      seq,
      kind: ENTRY_KIND.value,
      value: Uint8Array.of(seq >>> 8, seq),
    }))
    const around = [4, 6].map((key) => ({ ...versions[0]!, key: Uint8Array.of(key) }))
    let moves = 0
    class CountingCursor extends ArrayCursor {
      override next(): void {
        moves++
        super.next()
      }
      override prev(): void {
        moves++
        super.prev()
      }
    }
    const cursor = new VisibleCursor(new CountingCursor([...versions, ...around]), { seq: 500 })
    const seen: number[] = []
    for (cursor.seekToFirst(); cursor.valid; cursor.next())
      seen.push(cursor.keyBytes[cursor.keyStart]!)
    for (cursor.seekToLast(); cursor.valid; cursor.prev()) {
      seen.push(cursor.keyBytes[cursor.keyStart]!)
      expect(cursor.seq).toBe(seen.at(-1) === 5 ? 500 : 0)
    }
    expect(seen).toEqual([4, 5, 6, 6, 5, 4])
    expect(moves).toBeLessThan(50)
  })
})
