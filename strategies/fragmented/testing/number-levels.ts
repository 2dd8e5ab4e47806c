/**
 * Owns levels of made-up tables and random edits of them, for tests of what picks remember of a
 * level.
 */

import fc from 'fast-check'
import { type Level, levelOf } from '../../../engine/version/level.ts'
import { editRun, type Run, runOf, sliceTables } from '../../../engine/version/run.ts'
import { NO_FILTER, type TableMeta } from '../../../engine/version/table-meta.ts'

let lastId = 0

/** A table of `width` bytes with keys of four digits, the first of them `from`. */
export function numberTable(from: number, width: number): TableMeta {
  const key = (number: number) => new TextEncoder().encode(String(number).padStart(4, '0'))
  lastId++
  return {
    id: lastId,
    smallest: key(from),
    largest: key(from + width - 1),
    bytes: width,
    entries: width,
    tombstones: 0,
    rangeDeletions: 0,
    rawKeyBytes: 0,
    rawValueBytes: width,
    seqMin: 1,
    seqMax: 1,
    createdAtMs: 0,
    oldestWriteAtMs: 0,
    oldestTombstoneAtMs: null,
    filter: NO_FILTER,
    vlogBytes: [],
  }
}

/** `count` tables of up to nine bytes, `step` keys apart. */
export function numberRun(id: number, count: number, first: number, step: number): Run {
  const tables = Array.from({ length: count }, (_, at) =>
    numberTable(first + at * step, 1 + (at % 9)),
  )
  return runOf(id, tables)
}

/** Replaces tables of a run by others at the same places; tables start 10 or more keys apart. */
export interface RunEdit {
  readonly run: number
  readonly at: number
  readonly count: number
  readonly widths: readonly number[]
}

export function runEdits(runs: number): fc.Arbitrary<readonly RunEdit[]> {
  return fc.array(
    fc.record({
      run: fc.nat(runs - 1),
      at: fc.nat(1000),
      count: fc.nat(12),
      widths: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 8, size: 'max' },
  )
}

export function edited(run: Run, { at, count, widths }: RunEdit): Run {
  const from = at % Math.max(run.totals.tables - count, 1)
  const removed = sliceTables(run, from, from + count)
  const added = removed.flatMap(({ smallest }, index) => {
    const width = widths[index]
    return width === undefined
      ? []
      : [numberTable(Number(new TextDecoder().decode(smallest)), width)]
  })
  return editRun(run, removed, added)
}

/** The same tables in new objects, of which nothing is remembered. */
export function copied({ runs }: Level): Level {
  return levelOf(
    runs.map((run) => runOf(run.id, structuredClone(sliceTables(run, 0, run.totals.tables)))),
  )
}
