/**
 * Owns tables of exact keys: merging, dropping and cutting by the engine's rules (`merge-rules.ts`,
 * `table-outputs.ts`), over typed arrays instead of cursors. It shares no code with the engine on
 * purpose: equal edits then test both.
 *
 * Sizes are those of uncompressed tables, to the byte.
 */

import { OlderOverlap } from '../../engine/compaction/older-overlap.ts'
import { type Ancestry, ancestryOf, type WrittenTable } from '../../engine/compaction/placement.ts'
import type { ResolvedOutput, ResolvedSpec } from '../../engine/compaction/resolved-spec.ts'
import type { FilterPolicy, SoftCuts } from '../../engine/compaction/strategy.ts'
import type { TableSizeOptions } from '../../engine/table/table-size.ts'
import { tableSize } from '../../engine/table/table-size.ts'
import { contains } from '../../engine/version/key-range.ts'
import type { TableId, TableMeta } from '../../engine/version/table-meta.ts'
import { concatenated, Entries, merged, TOMBSTONE } from './entries.ts'
import { type KeyBook, keyText, sharedPrefix } from './key-book.ts'
import type { MergeContext, Substance } from './simulated-job.ts'
import { type SimulatedTable, simulatedTable } from './simulated-table.ts'

/** A table that knows its entries. */
export interface ExactTable extends SimulatedTable {
  readonly content: Entries
}

export type BlockOptions = Omit<TableSizeOptions, 'bitsPerKey'>

/** Where older versions of keys may lie. */
type Older = Pick<OlderOverlap, 'covers'>

export function contentOf(table: TableMeta): Entries {
  return (table as ExactTable).content
}

export class ExactSubstance implements Substance {
  readonly #book: KeyBook
  readonly #blocks: BlockOptions

  constructor(book: KeyBook, blocks: BlockOptions) {
    this.#book = book
    this.#blocks = blocks
  }

  /**
   * The table of a memtable's newest versions, without tombstones that hide nothing; at most one.
   * `olderMemtables` are not flushed yet.
   */
  flush(
    entries: Entries,
    olderMemtables: readonly Entries[],
    filter: FilterPolicy,
    ancestry: Ancestry,
    { version, allocateTableIds }: MergeContext,
  ): readonly TableMeta[] {
    const older = this.#withMemtables(new OlderOverlap(version, -1, new Set()), olderMemtables)
    const kept = this.#withoutDead(entries, () => older)
    if (kept.length === 0) return []
    return [this.#tableOf(allocateTableIds(1), kept, filter.bitsPerKey, ancestry)]
  }

  merge(resolved: ResolvedSpec, context: MergeContext): readonly WrittenTable[] {
    const { outputs, inputIds } = resolved
    const lists = resolved.inputs
      .toSorted((a, b) => a.position - b.position)
      .map(({ tables }) => concatenated(tables.map(contentOf)))
    const all = lists.reduce((newer, older) => merged(this.#book, newer, older))
    const starts = outputs.map(({ fromKey }) => (fromKey === null ? '' : keyText(fromKey)))
    const olderOf = outputs.map(
      (output) => new OlderOverlap(context.version, output.position, inputIds),
    )
    const destinationOf = ascending(starts)
    const kept = this.#withoutDead(all, (text) => olderOf[destinationOf(text)]!)
    const ancestry = ancestryOf(resolved, context.nowMs)
    return this.#cut(kept, outputs, starts).map(({ destination, entries }) => {
      const { bitsPerKey } = outputs[destination]!.filter ?? { bitsPerKey: 0 }
      const id = context.allocateTableIds(1)
      return { destination, table: this.#tableOf(id, entries, bitsPerKey, ancestry) }
    })
  }

  /** As the engine: the whole key range of an older memtable counts. */
  #withMemtables(tables: OlderOverlap, memtables: readonly Entries[]): Older {
    if (memtables.length === 0) return tables
    const ranges = memtables.map(({ keys, length }) => ({
      smallest: this.#book.bytesOf(keys[0]!),
      largest: this.#book.bytesOf(keys[length - 1]!),
    }))
    return {
      covers: (key, start, length) =>
        tables.covers(key, start, length) || ranges.some((range) => contains(range, key)),
    }
  }

  /** The entries without tombstones that hide nothing in an older table (`olderOf` the key). */
  #withoutDead(entries: Entries, olderOf: (text: string) => Older): Entries {
    const kept = new Entries(entries.length)
    for (let at = 0; at < entries.length; at++) {
      if (entries.valueLengths[at] === TOMBSTONE) {
        const key = this.#book.bytesOf(entries.keys[at]!)
        const older = olderOf(this.#book.textOf(entries.keys[at]!))
        if (!older.covers(key, 0, key.length)) continue
      }
      kept.take(entries, at)
    }
    return kept
  }

  /**
   * Cuts tables at an output's border, at a cut key, when they reach the target size, and at soft
   * keys.
   */
  #cut(
    entries: Entries,
    outputs: readonly ResolvedOutput[],
    starts: readonly string[],
  ): readonly { readonly destination: number; readonly entries: Entries }[] {
    const cuts = outputs.map(({ cutKeys }) => cutKeys.map(keyText))
    const destinationOf = ascending(starts)
    const pieces: { destination: number; entries: Entries }[] = []
    let destination = 0
    let partOf = ascending(['', ...(cuts[0] ?? [])])
    let part = 0
    let borders = new SoftBorders(outputs[0]?.softCuts ?? null)
    let from = 0
    let bytes = 0
    const finish = (to: number) => {
      if (to > from) pieces.push({ destination, entries: slice(entries, from, to) })
      from = to
      bytes = 0
    }
    for (let at = 0; at < entries.length; at++) {
      const text = this.#book.textOf(entries.keys[at]!)
      const goesTo = destinationOf(text)
      if (goesTo !== destination) {
        finish(at)
        destination = goesTo
        partOf = ascending(['', ...cuts[destination]!])
        part = 0
        borders = new SoftBorders(outputs[destination]!.softCuts)
      }
      const { targetTableBytes } = outputs[destination]!
      const liesIn = partOf(text)
      const isFull = targetTableBytes !== null && bytes >= targetTableBytes
      borders.meet(text)
      if (liesIn !== part || isFull || (at > from && borders.endsTable(bytes))) finish(at)
      if (at === from) borders.begin()
      part = liesIn
      bytes += text.length + Math.max(entries.valueLengths[at]!, 0)
    }
    finish(entries.length)
    return pieces
  }

  #tableOf(id: TableId, entries: Entries, bitsPerKey: number, ancestry: Ancestry): ExactTable {
    const { keys, seqs, length } = entries
    const keyLengths = new Uint32Array(length)
    const sharedLengths = new Uint32Array(length)
    const valueLengths = new Uint32Array(length)
    const sums = { tombstones: 0, rawKeyBytes: 0, rawValueBytes: 0, seqMin: Infinity, seqMax: 0 }
    let previous = ''
    for (let at = 0; at < length; at++) {
      const text = this.#book.textOf(keys[at]!)
      const valueLength = entries.valueLengths[at]!
      if (valueLength === TOMBSTONE) sums.tombstones++
      else valueLengths[at] = valueLength
      keyLengths[at] = text.length
      sharedLengths[at] = sharedPrefix(previous, text)
      sums.rawKeyBytes += text.length
      sums.rawValueBytes += valueLengths[at]!
      sums.seqMin = Math.min(sums.seqMin, seqs[at]!)
      sums.seqMax = Math.max(sums.seqMax, seqs[at]!)
      previous = text
    }
    const { tombstones } = sums
    const size = tableSize(
      { count: length, keyLengths, sharedLengths, valueLengths, tombstones },
      { ...this.#blocks, bitsPerKey },
    )
    const range = {
      smallest: this.#book.bytesOf(keys[0]!),
      largest: this.#book.bytesOf(keys[length - 1]!),
    }
    const facts = { ...sums, ...range, entries: length }
    return { ...simulatedTable(id, facts, size, bitsPerKey, ancestry), content: entries }
  }
}

/**
 * The soft keys of one output, by the definition in the seam (`SoftCuts`). Soft keys are counted:
 * those at or before the current key, the previous key, and the first key of the open table.
 */
class SoftBorders {
  readonly #cuts: SoftCuts | null
  readonly #countTo: (text: string) => number
  /** Item i is the sum of the first i overlaps. */
  readonly #sums: readonly number[]
  #first = 0
  #previous = 0
  #current = 0

  constructor(cuts: SoftCuts | null) {
    this.#cuts = cuts
    this.#countTo = ascending(['', ...(cuts?.keys ?? []).map(keyText)])
    const sums = [0]
    for (const bytes of cuts?.overlapBytes ?? []) sums.push(sums.at(-1)! + bytes)
    this.#sums = sums
  }

  meet(text: string): void {
    this.#previous = this.#current
    this.#current = this.#countTo(text)
  }

  /** The current key is the first of a table. */
  begin(): void {
    this.#first = this.#current
  }

  /** Whether the open table, of so many raw bytes, ends before the current key. */
  endsTable(bytes: number): boolean {
    const crossed = this.#current - this.#previous
    if (this.#cuts === null || crossed === 0) return false
    const { overlapBytes, endsFrom, overlapBytesMax, skippedBytesMin } = this.#cuts
    const overlap = this.#bytesBetween(Math.max(this.#first - 1, 0), this.#current)
    if (overlapBytesMax !== null && bytes + overlap > overlapBytesMax) return true
    const liesBetweenTables = overlapBytes[this.#current - 1] === 0
    const skips = crossed >= (liesBetweenTables ? 2 : 3)
    const grown = this.#bytesBetween(this.#previous, this.#current)
    if (skippedBytesMin !== null && skips && grown > skippedBytesMin) return true
    return bytes >= (endsFrom[this.#current - this.#first - 1] ?? endsFrom.at(-1)!)
  }

  #bytesBetween(from: number, to: number): number {
    return this.#sums[to]! - this.#sums[from]!
  }
}

/** Finds the last start ≤ a text. Texts must ascend from call to call; starts[0] is ''. */
function ascending(starts: readonly string[]): (text: string) => number {
  let index = 0
  return (text) => {
    while (index + 1 < starts.length && starts[index + 1]! <= text) index++
    return index
  }
}

/** A copy of entries [from, to), since a view would keep the arrays of the whole merge alive. */
function slice(entries: Entries, from: number, to: number): Entries {
  const part = new Entries(to - from)
  for (let at = from; at < to; at++) part.take(entries, at)
  return part
}
