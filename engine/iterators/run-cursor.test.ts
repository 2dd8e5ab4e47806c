import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../base/compare.ts'
import type { InternalCursor } from '../base/internal-cursor.ts'
import {
  ArrayCursor,
  collectEntries,
  compareEntries,
  type Entry,
} from '../testing/oracles/array-cursor.ts'
import { checkWalk, entriesArbitrary, stepsArbitrary } from '../testing/oracles/cursor-walk.ts'
import { type Run, runOf } from '../version/run.ts'
import { NO_FILTER, type TableMeta } from '../version/table-meta.ts'
import { RunCursor } from './run-cursor.ts'

function tableOf(id: number, entries: readonly Entry[]): TableMeta {
  return {
    id,
    smallest: entries[0]!.key,
    largest: entries.at(-1)!.key,
    bytes: 0,
    entries: entries.length,
    tombstones: 0,
    rangeDeletions: 0,
    rawKeyBytes: 0,
    rawValueBytes: 0,
    seqMin: 0,
    seqMax: 0,
    createdAtMs: 0,
    oldestWriteAtMs: 0,
    oldestTombstoneAtMs: null,
    filter: NO_FILTER,
    vlogBytes: [],
  }
}

/** Cuts sorted entries into tables of `keysMax` user keys; table i has id i. */
function tablesOver(entries: readonly Entry[], keysMax: number): Entry[][] {
  const tables: Entry[][] = []
  let keys = 0
  let previous: Entry | null = null
  for (const entry of entries.toSorted(compareEntries)) {
    if (previous === null || compareBytes(previous.key, entry.key) !== 0) {
      if (keys++ % keysMax === 0) tables.push([])
    }
    tables.at(-1)!.push(entry)
    previous = entry
  }
  return tables
}

/** A run over `tables` whose cursors fail when they are used after another one was opened. */
class SpiedRun {
  readonly run: Run
  readonly opened: number[] = []
  readonly #tables: readonly Entry[][]

  constructor(tables: readonly Entry[][]) {
    this.#tables = tables
    this.run = runOf(
      1,
      tables.map((entries, id) => tableOf(id, entries)),
    )
  }

  cursor(): RunCursor {
    return new RunCursor(this.run, ({ id }) => this.#open(id))
  }

  #open(id: number): InternalCursor {
    const turn = this.opened.push(id)
    const { opened } = this
    const table = new ArrayCursor(this.#tables[id]!)
    return new Proxy(table, {
      get(_, name) {
        if (opened.length !== turn) throw new Error(`table ${id} is used after it was left`)
        const member: unknown = Reflect.get(table, name, table)
        return typeof member === 'function' ? member.bind(table) : member
      },
    })
  }
}

describe('a run cursor', () => {
  it('behaves like one sorted array under any walk, and holds one table at a time', () => {
    const keysMax = fc.integer({ min: 1, max: 5 })
    fc.assert(
      fc.property(entriesArbitrary, keysMax, stepsArbitrary, (entries, keys, steps) => {
        checkWalk(new SpiedRun(tablesOver(entries, keys)).cursor(), entries, steps)
      }),
      { numRuns: 500 },
    )
  })

  it('opens a table when it reaches it, and not again while it stays there', () => {
    const entries = Array.from({ length: 600 }, (_, i) => ({
      key: Uint8Array.of(i >>> 8, i),
      seq: i,
      kind: 1,
      value: new Uint8Array(0),
    }))
    const spied = new SpiedRun(tablesOver(entries, 2))
    const cursor = spied.cursor()
    expect(spied.opened).toEqual([])
    cursor.seek(Uint8Array.of(2, 0), 1000)
    cursor.next()
    cursor.seek(Uint8Array.of(2, 0), 1000)
    expect(spied.opened).toEqual([256])
    cursor.prev()
    expect(spied.opened).toEqual([256, 255])
    cursor.seek(Uint8Array.of(9), 0)
    expect(cursor.valid).toBe(false)
    expect(spied.opened).toEqual([256, 255])
    expect(collectEntries(cursor)).toHaveLength(600)
    expect(spied.opened).toEqual([256, 255, ...Array.from({ length: 300 }, (_, id) => id)])
  })

  it('moves to the next table if the one that ends with the key has no version that old', () => {
    const entry = (key: number, seq: number) => {
      return { key: Uint8Array.of(key), seq, kind: 1, value: new Uint8Array(0) }
    }
    const spied = new SpiedRun([[entry(1, 7)], [entry(2, 3)]])
    const cursor = spied.cursor()
    cursor.seek(Uint8Array.of(1), 6)
    expect(cursor.seq).toBe(3)
  })
})
