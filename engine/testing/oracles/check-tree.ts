/**
 * Owns the check of a whole tree against its files: every entry of every table is read. It checks
 * that a table is in internal order and as its metadata says, that a run's tables are disjoint,
 * that every total is the sum of its parts, and recency: any version in a run is newer than any
 * version of the same key in a later run, and so with range deletions and the keys in their ranges.
 *
 * Invariant: it uses only the version and the table reader of the engine.
 */

import { AssertionError, assert } from '../../base/assert.ts'
import { compareBytes } from '../../base/compare.ts'
import { ENTRY_KIND } from '../../base/internal-key.ts'
import type { Fragment } from '../../base/range-deletions.ts'
import { ReadCounters } from '../../base/read-counters.ts'
import { BlockCache } from '../../cache/block-cache.ts'
import { tableName } from '../../manifest/file-names.ts'
import { joinPath, type Storage } from '../../storage/storage.ts'
import { TableReader } from '../../table/table-reader.ts'
import { endsBefore, hull } from '../../version/key-range.ts'
import { tablesOf } from '../../version/run.ts'
import type { TableId, TableMeta } from '../../version/table-meta.ts'
import { printKey } from '../../version/text.ts'
import { addTotals, NO_TOTALS, totalsOf } from '../../version/totals.ts'
import { runsNewestFirst, type Version } from '../../version/version.ts'
import { collectEntries, compareEntries, type Entry } from './array-cursor.ts'

/** What a table holds: entries of keys in internal order, and range deletions. */
interface Content {
  readonly entries: readonly Entry[]
  readonly fragments: readonly Fragment[]
}

export class TreeCheck {
  readonly #storage: Storage
  readonly #folder: string
  /** Tables never change and ids are never reused, so each table is read once. */
  readonly #contents = new Map<TableId, Content>()

  constructor(storage: Storage, folder: string) {
    this.#storage = storage
    this.#folder = folder
  }

  /** All entries of a table's keys, in internal order. Throws as `#contentOf`. */
  entriesOf(table: TableMeta): readonly Entry[] {
    return this.#contentOf(table).entries
  }

  /** Throws if the content differs from what `table` says. */
  #contentOf(table: TableMeta): Content {
    const known = this.#contents.get(table.id)
    if (known !== undefined) return known
    const content = readTable(this.#storage, this.#folder, table)
    checkMetadata(table, content)
    this.#contents.set(table.id, content)
    return content
  }

  /** Throws an `AssertionError` that names the first violation. */
  check(version: Version): void {
    checkTotals(version)
    /** By key: the oldest version in the runs checked so far. */
    const oldest = new Map<string, { readonly key: Uint8Array; readonly seq: number }>()
    /** The range deletions of these runs. */
    const newerFragments: Fragment[] = []
    for (const { level, run } of runsNewestFirst(version)) {
      let previous: TableMeta | null = null
      const own: { readonly key: Uint8Array; readonly seq: number }[] = []
      const ownFragments: Fragment[] = []
      for (const table of tablesOf(run)) {
        const where = `table ${table.id} in run ${run.id} of level ${level}`
        assert(
          previous === null || endsBefore(previous, table.smallest),
          `${where} is not disjoint from table ${previous?.id}`,
        )
        previous = table
        const { entries, fragments } = this.#contentOf(table)
        for (const { key, seq } of entries) {
          const name = printKey(key)
          const newer = Math.min(
            oldest.get(name)?.seq ?? Number.POSITIVE_INFINITY,
            ...newerFragments.filter((one) => covers(one, key)).flatMap(({ seqs }) => seqs),
          )
          if (seq >= newer) {
            throw new AssertionError(
              `recency: ${where} holds ${name}@${seq}, a newer run @${newer}`,
            )
          }
          own.push({ key, seq })
        }
        for (const fragment of fragments) {
          const [newest] = fragment.seqs
          for (const { key, seq } of oldest.values()) {
            const isOlder = seq > newest! || !covers(fragment, key)
            assert(isOlder, `recency: ${where} deletes ${printKey(key)}@${seq} of a newer run`)
          }
        }
        ownFragments.push(...fragments)
      }
      for (const version of own) oldest.set(printKey(version.key), version)
      newerFragments.push(...ownFragments)
    }
  }
}

function covers({ from, to }: Fragment, key: Uint8Array): boolean {
  return compareBytes(from, key) <= 0 && compareBytes(key, to) < 0
}

function readTable(storage: Storage, folder: string, table: TableMeta): Content {
  const path = joinPath(folder, tableName(table.id))
  const file = storage.open(path, { cause: 'verify', level: -1 })
  try {
    assert(file.bytes === table.bytes, `table ${table.id} has ${file.bytes} bytes`)
    const reader = TableReader.open(file, table.id, new BlockCache(0))
    const counters = new ReadCounters()
    const entries = collectEntries(reader.cursor({ file, counters, fillCache: false }))
    return { entries, fragments: reader.rangeDeletions?.fragments ?? [] }
  } finally {
    file.close()
  }
}

function checkMetadata(table: TableMeta, { entries, fragments }: Content): void {
  entries.forEach((entry, at) => {
    const before = entries[at - 1]
    assert(
      before === undefined || compareEntries(before, entry) < 0,
      `table ${table.id}: entry ${at} is out of order`,
    )
  })
  const deletions = fragments.flatMap(({ from, to, seqs }) =>
    seqs.map((seq): Entry => ({ key: from, seq, kind: ENTRY_KIND.rangeDeletion, value: to })),
  )
  const all = [...entries, ...deletions]
  const seqs = all.map((entry) => entry.seq)
  const deletes = entries.filter((entry) => entry.kind === ENTRY_KIND.deletion).length
  const facts = {
    entries: all.length,
    tombstones: deletes + deletions.length,
    rangeDeletions: deletions.length,
    rawKeyBytes: all.reduce((sum, { key }) => sum + key.length, 0),
    rawValueBytes: all.reduce((sum, { value }) => sum + value.length, 0),
    seqMin: Math.min(...seqs),
    seqMax: Math.max(...seqs),
  } as const
  for (const [name, actual] of Object.entries(facts)) {
    const said = table[name as keyof typeof facts]
    assert(said === actual, `table ${table.id}: ${name} is ${actual}, the metadata says ${said}`)
  }
  const range = hull([
    ...entries.map(({ key }) => ({ smallest: key, largest: key })),
    ...fragments.map(({ from, to }) => ({ smallest: from, largest: to, isOpen: true })),
  ])
  assert(range !== null, `table ${table.id} is empty`)
  assert(compareBytes(range.smallest, table.smallest) === 0, `table ${table.id}: smallest key`)
  assert(compareBytes(range.largest, table.largest) === 0, `table ${table.id}: largest key`)
  const [isOpen, saysOpen] = [range.isOpen === true, table.isOpen === true]
  assert(isOpen === saysOpen, `table ${table.id}: whether its range is open`)
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
