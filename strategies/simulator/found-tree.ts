/**
 * Owns the step from a real tree, which has keys, to tables of a simulation without keys. A key's
 * position is the share of the tree's entries before it, over all runs. Within a table entries
 * count as spread evenly over the numbers that keys are, without the prefix that all share.
 *
 * Entries of different runs count as different keys, since metadata does not tell which are the
 * same. So a tree with many overwritten entries shrinks less in the simulation than in reality.
 *
 * Invariant: tables keep their sizes, counts, ages and order; only their keys are replaced.
 */

import { levelOf } from '../../engine/version/level.ts'
import { runOf } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'
import { runsNewestFirst, type Version, versionOf } from '../../engine/version/version.ts'
import type { Density } from './density.ts'
import type { KeyModel } from './key-model.ts'
import { KEY_SPACE, keyAt } from './key-space.ts'
import type { StatisticalTable } from './statistical-table.ts'

/** A tree at which a simulation starts. */
export interface FoundTree {
  readonly version: Version
  /** Above every number of a table, every run id and every sequence number. */
  readonly nextNumber: number
  readonly nextRun: number
  readonly nextSeq: number
}

/**
 * The tree over the key space of `model`. `existing` is, for each class, the share of its keys that
 * the tree holds.
 */
export function foundTree(
  version: Version,
  model: KeyModel,
  existing: readonly number[],
): FoundTree {
  const scale = new KeyScale(version)
  const held = model.classes.reduce((sum, { keys }, at) => sum + keys * existing[at]!, 0)
  const next = { nextNumber: 1, nextRun: 1, nextSeq: 1 }
  const levels = version.levels.map(({ runs }) =>
    levelOf(
      runs.map((run) => {
        next.nextRun = Math.max(next.nextRun, run.id + 1)
        let from = 0
        const tables = run.chunks.flatMap(({ tables: own }) => own)
        const placed = tables.map((table, index): StatisticalTable => {
          next.nextNumber = Math.max(next.nextNumber, table.id + 1)
          next.nextSeq = Math.max(next.nextSeq, table.seqMax + 1)
          // Each later table needs a position, too.
          const beyond = KEY_SPACE - (tables.length - 1 - index)
          const start = Math.min(Math.max(scale.positionOf(table.smallest), from), beyond - 1)
          const end = Math.max(scale.positionOf(table.largest) + 1, start + 1)
          from = Math.min(end, beyond)
          return placedTable(table, start, from, held, existing)
        })
        return runOf(run.id, placed)
      }),
    ),
  )
  return { version: versionOf(levels), ...next }
}

function placedTable(
  table: TableMeta,
  from: number,
  to: number,
  heldKeys: number,
  existing: readonly number[],
): StatisticalTable {
  const keysThere = (heldKeys * (to - from)) / KEY_SPACE
  const present = table.entries / keysThere
  const dead = table.tombstones / keysThere
  const density: Density = existing.flatMap((share) => [share * present, 0, share * dead])
  return {
    ...table,
    smallest: keyAt(from),
    largest: keyAt(to - 1),
    from,
    to,
    density,
    dataBytes: table.bytes - table.filter.bytes,
  }
}

/** Bytes of a key after the common prefix that its number is made of. */
const NUMBER_BYTES = 6

class KeyScale {
  readonly #prefixBytes: number
  readonly #runs: readonly (readonly Span[])[]
  readonly #entries: number

  constructor(version: Version) {
    const runs = Array.from(runsNewestFirst(version), ({ run }) =>
      run.chunks.flatMap(({ tables }) => tables),
    )
    this.#prefixBytes = commonPrefix(
      runs.flatMap((tables) => [tables[0]!.smallest, tables.at(-1)!.largest]),
    )
    this.#runs = runs.map((tables) => {
      let before = 0
      return tables.map(({ smallest, largest, entries }) => {
        const span = {
          from: this.#numberOf(smallest),
          to: this.#numberOf(largest),
          before,
          entries,
        }
        before += entries
        return span
      })
    })
    this.#entries = version.totals.entries
  }

  /** A whole number in [0, KEY_SPACE). */
  positionOf(key: Uint8Array): number {
    const number = this.#numberOf(key)
    const before = this.#runs.reduce((sum, spans) => sum + entriesBefore(spans, number), 0)
    return Math.min(Math.floor((before / this.#entries) * KEY_SPACE), KEY_SPACE - 1)
  }

  #numberOf(key: Uint8Array): number {
    let number = 0
    for (let at = 0; at < NUMBER_BYTES; at++)
      number = number * 256 + (key[this.#prefixBytes + at] ?? 0)
    return number
  }
}

/** A table's range as numbers, and the entries of its run before it. */
interface Span {
  readonly from: number
  readonly to: number
  readonly before: number
  readonly entries: number
}

function entriesBefore(spans: readonly Span[], number: number): number {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (spans[middle]!.from <= number) low = middle + 1
    else high = middle
  }
  const span = spans[low - 1]
  if (span === undefined) return 0
  const { from, to, before, entries } = span
  const share = to === from ? 1 : Math.min((number - from) / (to - from), 1)
  return before + entries * share
}

function commonPrefix(keys: readonly Uint8Array[]): number {
  const [first] = keys
  if (first === undefined) return 0
  let length = 0
  while (length < first.length && keys.every((key) => key[length] === first[length])) length++
  return length
}
