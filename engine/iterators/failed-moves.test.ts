/**
 * Tests children whose moves fail: the cursor above becomes invalid, and is correct after the next
 * seek.
 */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { InternalCursor } from '../base/internal-cursor.ts'
import { SEQ_NUM_MAX } from '../base/internal-key.ts'
import {
  ArrayCursor,
  compareEntries,
  type Entry,
  entryOf,
} from '../testing/oracles/array-cursor.ts'
import { entriesArbitrary, keyArbitrary } from '../testing/oracles/cursor-walk.ts'
import { runOf, tablesOf } from '../version/run.ts'
import { parseVersion } from '../version/text.ts'
import { MergingCursor } from './merging-cursor.ts'
import { RunCursor } from './run-cursor.ts'

/** Counts the moves of all children, and makes one of them fail. */
class Faults {
  left = Number.POSITIVE_INFINITY

  pass(): void {
    if (this.left-- === 0) throw new Error('the move failed')
  }
}

/** Behaves as a table's cursor: invalid after a failed move. */
class FailingCursor extends ArrayCursor {
  readonly #faults: Faults

  constructor(entries: readonly Entry[], faults: Faults) {
    super(entries)
    this.#faults = faults
  }

  override seekToFirst(): void {
    this.#pass()
    super.seekToFirst()
  }

  override seekToLast(): void {
    this.#pass()
    super.seekToLast()
  }

  override seek(userKey: Uint8Array, seq: number): void {
    this.#pass()
    super.seek(userKey, seq)
  }

  override next(): void {
    this.#pass()
    super.next()
  }

  override prev(): void {
    this.#pass()
    super.prev()
  }

  #pass(): void {
    const { valid } = this
    this.valid = false
    this.#faults.pass()
    this.valid = valid
  }
}

const template = [...tablesOf(parseVersion('L0\n R1: 1[a,b]').levels[0]!.runs[0]!)][0]!

/** Entries cut into tables of one user key each. Opening a table may fail as well. */
function runCursor(entries: readonly Entry[], faults: Faults): InternalCursor {
  const byKey = Map.groupBy(entries.toSorted(compareEntries), ({ key }) => `${key}`)
  const tables = [...byKey.values()]
  const metas = tables.map((own, id) => {
    return { ...template, id, smallest: own[0]!.key, largest: own[0]!.key }
  })
  return new RunCursor(runOf(1, metas), ({ id }) => {
    faults.pass()
    return new FailingCursor(tables[id]!, faults)
  })
}

function mergingCursor(entries: readonly Entry[], faults: Faults): InternalCursor {
  const parts = [0, 1, 2].map((part) => entries.filter((_, index) => index % 3 === part))
  return new MergingCursor(parts.map((part) => new FailingCursor(part, faults)))
}

const steps = fc.array(
  fc.record({
    op: fc.constantFrom('next', 'next', 'prev', 'prev', 'seek', 'seekToFirst', 'seekToLast'),
    key: keyArbitrary,
    /** Number of the children's moves that succeed before one fails. */
    passes: fc.oneof(fc.nat(4), fc.constant(1000)),
  }),
  { maxLength: 40, size: 'max' },
)

test.each([
  ['a run', runCursor],
  ['a merging', mergingCursor],
])('%s cursor', (_, cursorOf) => {
  let failures = 0
  fc.assert(
    fc.property(entriesArbitrary, steps, (entries, walk) => {
      const faults = new Faults()
      const cursor = cursorOf(entries, faults)
      const oracle = new ArrayCursor(entries)
      for (const { op, key, passes } of walk) {
        if (!oracle.valid && (op === 'next' || op === 'prev')) continue
        const move = (each: InternalCursor) =>
          op === 'seek' ? each.seek(key, SEQ_NUM_MAX) : each[op as 'next']()
        const before = entryOf(oracle)
        move(oracle)
        faults.left = passes
        try {
          move(cursor)
        } catch (error) {
          expect((error as Error).message).toBe('the move failed')
          failures++
          expect(cursor.valid).toBe(false)
          expect(() => cursor.next()).toThrow('valid')
          expect(() => cursor.prev()).toThrow('valid')
          faults.left = Number.POSITIVE_INFINITY
          if (op === 'next' || op === 'prev') cursor.seek(before!.key, before!.seq)
          move(cursor)
        }
        faults.left = Number.POSITIVE_INFINITY
        expect(entryOf(cursor)).toEqual(entryOf(oracle))
      }
    }),
    { numRuns: 200 },
  )
  expect(failures).toBeGreaterThan(100)
})
