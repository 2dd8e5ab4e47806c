/**
 * Owns the specification of internal cursors as a property: any walk over any entries shows what
 * the array cursor shows. Keys are short and made of few bytes, so that several versions of a key,
 * equal prefixes, empty keys and keys that are prefixes of others are common.
 */

import fc from 'fast-check'
import { expect } from 'vitest'
import type { InternalCursor } from '../../base/internal-cursor.ts'
import { ENTRY_KIND, SEQ_NUM_MAX } from '../../base/internal-key.ts'
import { ArrayCursor, compareEntries, type Entry, entryOf } from './array-cursor.ts'

export const keyArbitrary: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.constantFrom('', 'aaaa', 'aaaaaaaa'),
    fc.array(fc.constantFrom(0, 0x61, 0xff), { maxLength: 2 }),
  )
  .map(([head, tail]) => Uint8Array.of(...Buffer.from(head), ...tail))

const valueArbitrary = fc.uint8Array({ maxLength: 60, size: 'max' })

/** Entries in the order of writing: seq never descends, (key, seq) never repeats. */
export const entriesArbitrary: fc.Arbitrary<readonly Entry[]> = entriesOver(keyArbitrary, 60)

/** As `entriesArbitrary`, with keys from `keys`. */
export function entriesOver(
  keys: fc.Arbitrary<Uint8Array>,
  count: number,
): fc.Arbitrary<readonly Entry[]> {
  const write = fc.record({
    key: keys,
    kind: fc.constantFrom(ENTRY_KIND.value, ENTRY_KIND.deletion, ENTRY_KIND.blobIndex),
    value: valueArbitrary,
    gap: fc.constantFrom(0, 0, 1, 1, 2),
  })
  // The bases exercise both halves of the trailer, and the largest seq.
  const base = fc.constantFrom(0, 2 ** 24 - 20, 2 ** 32 - 20, SEQ_NUM_MAX - 2 * count)
  return fc
    .tuple(base, fc.array(write, { maxLength: count, size: 'max' }))
    .map(([first, writes]) => {
      let seq = first
      const entries = writes.map(({ gap, ...entry }) => {
        seq += gap
        return { ...entry, seq }
      })
      return withoutDuplicates(entries)
    })
}

export type Step =
  | { readonly op: 'first' | 'last' | 'next' | 'prev' }
  | { readonly op: 'seek'; readonly target: number; readonly key: Uint8Array; readonly by: number }

/** Mostly steps in one direction, so that walks go far, with some turns and seeks. */
export const stepsArbitrary: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>({ op: 'next' }) },
    { weight: 6, arbitrary: fc.constant<Step>({ op: 'prev' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ op: 'first' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ op: 'last' }) },
    {
      weight: 3,
      arbitrary: fc.record({
        op: fc.constant('seek' as const),
        target: fc.nat(100),
        key: keyArbitrary,
        by: fc.constantFrom(-1, 0, 1),
      }),
    },
  ),
  { maxLength: 60, size: 'max' },
)

/** Takes `steps` on `cursor` and compares each with an array cursor over `entries`. */
export function checkWalk(
  cursor: InternalCursor,
  entries: readonly Entry[],
  steps: readonly Step[],
): void {
  const oracle = new ArrayCursor(entries)
  for (const step of steps) {
    takeStep(cursor, step, entries)
    takeStep(oracle, step, entries)
    expect(showEntryText(cursor)).toBe(showEntryText(oracle))
  }
}

/** Does nothing for a next or prev from an invalid position. */
export function takeStep(cursor: InternalCursor, step: Step, entries: readonly Entry[]): void {
  if (step.op === 'first') cursor.seekToFirst()
  else if (step.op === 'last') cursor.seekToLast()
  else if (step.op === 'seek') {
    // Half of the seeks go to an entry or next to its seq, the others to any key.
    const near = entries[step.target]
    const seq = Math.min(Math.max((near?.seq ?? 0) + step.by, 0), SEQ_NUM_MAX)
    cursor.seek(near !== undefined && step.target % 2 === 0 ? near.key : step.key, seq)
  } else if (cursor.valid) {
    if (step.op === 'next') cursor.next()
    else cursor.prev()
  }
}

/** The cursor's entry as text, fit for comparing and for reading a failure. */
export function showEntryText(cursor: InternalCursor): string {
  const entry = entryOf(cursor)
  if (entry === null) return 'invalid'
  const { key, seq, kind, value } = entry
  return `${hex(key)} @${seq} kind ${kind} = ${hex(value)}`
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function withoutDuplicates(entries: readonly Entry[]): Entry[] {
  return entries.filter((entry, index) =>
    entries.every((other, at) => at >= index || compareEntries(entry, other) !== 0),
  )
}
