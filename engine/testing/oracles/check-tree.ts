/**
 * Owns the check of a whole tree against its files: every entry of every table is read. It checks
 * that a table is in internal order and as its metadata says, that a run's tables are disjoint,
 * that every total is the sum of its parts, and recency: any version in a run is newer than any
 * version of the same key in a later run.
 *
 * Invariant: it uses only the version and the table reader of the engine.
 */

import { AssertionError, assert } from '../../base/assert.ts'
import { compareBytes } from '../../base/compare.ts'
import { ENTRY_KIND } from '../../base/internal-key.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { tableName } from '../../manifest/file-names.ts'
import { joinPath, type Storage } from '../../storage/storage.ts'
import { TableReader } from '../../table/table-reader.ts'
import { tablesOf } from '../../version/run.ts'
import type { TableId, TableMeta } from '../../version/table-meta.ts'
import { printKey } from '../../version/text.ts'
import { addTotals, NO_TOTALS, totalsOf } from '../../version/totals.ts'
import { runsNewestFirst, type Version } from '../../version/version.ts'
import { collectEntries, compareEntries, type Entry } from './array-cursor.ts'

export class TreeCheck {
  readonly #storage: Storage
  readonly #folder: string
  /** Tables never change and ids are never reused, so each table is read once. */
  readonly #entries = new Map<TableId, readonly Entry[]>()

  constructor(storage: Storage, folder: string) {
    this.#storage = storage
    this.#folder = folder
  }

  /** All entries of a table, in internal order. Throws if they differ from what `table` says. */
  entriesOf(table: TableMeta): readonly Entry[] {
    const known = this.#entries.get(table.id)
    if (known !== undefined) return known
    const entries = readTable(this.#storage, this.#folder, table)
    checkMetadata(table, entries)
    this.#entries.set(table.id, entries)
    return entries
  }

  /** Throws an `AssertionError` that names the first violation. */
  check(version: Version): void {
    checkTotals(version)
    /** By key: the oldest version in the runs checked so far. */
    const oldest = new Map<string, number>()
    for (const { level, run } of runsNewestFirst(version)) {
      let previous: TableMeta | null = null
      const own = new Map<string, number>()
      for (const table of tablesOf(run)) {
        const where = `table ${table.id} in run ${run.id} of level ${level}`
        assert(
          previous === null || compareBytes(previous.largest, table.smallest) < 0,
          `${where} is not disjoint from table ${previous?.id}`,
        )
        previous = table
        for (const { key, seq } of this.entriesOf(table)) {
          const name = printKey(key)
          const newer = oldest.get(name) ?? Number.POSITIVE_INFINITY
          if (seq >= newer) {
            throw new AssertionError(
              `recency: ${where} holds ${name}@${seq}, a newer run @${newer}`,
            )
          }
          own.set(name, seq)
        }
      }
      for (const [name, seq] of own) oldest.set(name, seq)
    }
  }
}

function readTable(storage: Storage, folder: string, table: TableMeta): readonly Entry[] {
  const path = joinPath(folder, tableName(table.id))
  const file = storage.open(path, { cause: 'verify', level: -1 })
  try {
    assert(file.bytes === table.bytes, `table ${table.id} has ${file.bytes} bytes`)
    const reader = TableReader.open(file, table.id, new BlockCache(0))
    const counters = new ReadCounters()
    return collectEntries(reader.cursor({ file, counters, fillCache: false }))
  } finally {
    file.close()
  }
}

function checkMetadata(table: TableMeta, entries: readonly Entry[]): void {
  entries.forEach((entry, at) => {
    const before = entries[at - 1]
    assert(
      before === undefined || compareEntries(before, entry) < 0,
      `table ${table.id}: entry ${at} is out of order`,
    )
  })
  const seqs = entries.map((entry) => entry.seq)
  const facts = {
    entries: entries.length,
    tombstones: entries.filter((entry) => entry.kind === ENTRY_KIND.deletion).length,
    rawKeyBytes: entries.reduce((sum, { key }) => sum + key.length, 0),
    rawValueBytes: entries.reduce((sum, { value }) => sum + value.length, 0),
    seqMin: Math.min(...seqs),
    seqMax: Math.max(...seqs),
  } as const
  for (const [name, actual] of Object.entries(facts)) {
    const said = table[name as keyof typeof facts]
    assert(said === actual, `table ${table.id}: ${name} is ${actual}, the metadata says ${said}`)
  }
  const [first, last] = [entries[0], entries.at(-1)]
  assert(first !== undefined && last !== undefined, `table ${table.id} is empty`)
  assert(compareBytes(first.key, table.smallest) === 0, `table ${table.id}: smallest key`)
  assert(compareBytes(last.key, table.largest) === 0, `table ${table.id}: largest key`)
  const dated = table.oldestTombstoneAtMs !== null
  assert(dated === facts.tombstones > 0, `table ${table.id}: the age of its tombstones`)
}

function checkTotals({ levels, totals }: Version): void {
  let all = NO_TOTALS
  for (const [index, level] of levels.entries()) {
    let ofLevel = NO_TOTALS
    for (const run of level.runs) {
      const ofRun = totalsOf([...tablesOf(run)])
      assert(ofRun.tables > 0, `run ${run.id} is empty`)
      assertEqual(run.totals, ofRun, `totals of run ${run.id}`)
      ofLevel = addTotals(ofLevel, ofRun)
    }
    assertEqual(level.totals, ofLevel, `totals of level ${index}`)
    all = addTotals(all, ofLevel)
  }
  assertEqual(totals, all, 'totals of the version')
}

function assertEqual(actual: object, expected: object, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  assert(a === b, `${what} are ${a}, the tables say ${b}`)
}
