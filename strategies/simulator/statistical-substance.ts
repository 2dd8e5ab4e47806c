/**
 * Owns flushing and merging tables without keys (`statistical-table.ts`). A merge sweeps its inputs
 * from border to border, merges their densities, and cuts where the expected bytes reach the
 * target, or at soft keys. Positions of cuts by size are scattered, counts are exact: entries that
 * a table does not get go to its neighbour. For each stretch, older tables decide whether
 * tombstones are still needed there.
 *
 * Whole runs that are evenly spread over the same stretch merge into one that is evenly spread,
 * too. Then there is nothing to sweep, and all tables are alike (`even-run.ts`).
 */

import { assert } from '../../engine/base/assert.ts'
import type { Random } from '../../engine/base/random.ts'
import { OlderOverlap } from '../../engine/compaction/older-overlap.ts'
import { ancestryOf, type WrittenTable } from '../../engine/compaction/placement.ts'
import type { ResolvedSpec } from '../../engine/compaction/resolved-spec.ts'
import type { TableId, TableMeta } from '../../engine/version/table-meta.ts'
import { crowded, type Density, mergedDensities, type Stretch } from './density.ts'
import { mergeEvenRuns, type RunMerge } from './even-merge.ts'
import type { EvenRun } from './even-run.ts'
import type { KeyModel } from './key-model.ts'
import { KEY_SPACE, keyAt, positionOf } from './key-space.ts'
import type { MergeContext, Substance } from './simulated-job.ts'
import { SoftPositions } from './soft-positions.ts'
import {
  borderAfter,
  contentsOf,
  type Measured,
  measured,
  ROUNDING,
  type StatisticalShape,
  type StatisticalTable,
  statisticalTable,
  type TableFacts,
} from './statistical-table.ts'

export class StatisticalSubstance implements Substance {
  readonly #shape: StatisticalShape
  readonly #random: Random

  constructor(shape: StatisticalShape, random: Random) {
    this.#shape = shape
    this.#random = random
  }

  /** The table of a memtable whose writes lie in one stretch; none if no entry is left. */
  flush(
    stretch: Stretch,
    bitsPerKey: number,
    facts: TableFacts,
    { version, allocateTableIds }: MergeContext,
  ): readonly TableMeta[] {
    const older = new OlderOverlap(version, -1, new Set())
    const open = new OpenTable(stretch.from)
    open.take(measured(this.#shape, stretch, isNeededBy(older)))
    const table = this.#tableOf(open, bitsPerKey, facts, allocateTableIds)
    return table === null ? [] : [table]
  }

  /** Null if the runs are not evenly spread and must be swept. */
  mergeRuns(merge: RunMerge): EvenRun | 'nothing' | null {
    return mergeEvenRuns(this.#shape, merge, this.#random)
  }

  merge(resolved: ResolvedSpec, context: MergeContext): readonly WrittenTable[] {
    const { version, nowMs, allocateTableIds } = context
    const inputs = resolved.inputs.toSorted((a, b) => a.position - b.position)
    const lists = inputs.map(({ tables }) => tables as readonly StatisticalTable[])
    const facts = { ancestry: ancestryOf(resolved, nowMs), ...seqRange(lists) }
    const parts = partsOf(resolved)
    const sweep = new Sweep(lists, parts, this.#shape.model, this.#random)
    const written: WrittenTable[] = []
    let part = 0
    let older: OlderOverlap | null = null
    let borders: SoftPositions | null = null
    let open: OpenTable | null = null
    const finish = () => {
      if (open === null) return
      const { destination } = parts[part]!
      const { bitsPerKey } = resolved.outputs[destination]!.filter ?? { bitsPerKey: 0 }
      const table = this.#tableOf(open, bitsPerKey, facts, allocateTableIds)
      if (table !== null) written.push({ destination, table })
      open = null
    }
    while (sweep.next()) {
      const before = parts[part]!.destination
      if (sweep.part !== part) finish()
      part = sweep.part
      const { destination } = parts[part]!
      const { position, targetTableBytes, softCuts } = resolved.outputs[destination]!
      if (older === null || destination !== before) {
        older = new OlderOverlap(version, position, resolved.inputIds)
        borders = softCuts === null ? null : new SoftPositions(softCuts)
      }
      const whole = measured(this.#shape, sweep, isNeededBy(older))
      for (const piece of borders?.pieces(whole) ?? [whole]) {
        let rest: Measured | null = piece
        while (rest !== null) {
          borders?.moveTo(rest.from)
          if (open !== null && ends(open, targetTableBytes, borders)) finish()
          if (open === null) {
            open = new OpenTable(rest.from)
            borders?.startTable()
          }
          rest = this.#fill(open, rest, targetTableBytes)
        }
      }
    }
    finish()
    return written
  }

  /** Fills the table with as much as it has room for; returns the rest of the stretch, or null. */
  #fill(open: OpenTable, stretch: Measured, targetTableBytes: number | null): Measured | null {
    const { from, to, entries, rawBytes } = stretch
    const room = (targetTableBytes ?? Number.POSITIVE_INFINITY) - open.rawBytes
    if (room >= rawBytes || to - from < 2 || !(entries > ROUNDING)) {
      open.take(stretch)
      return null
    }
    // A table closes at the first whole entry that reaches the target.
    const entriesAtTarget = Math.ceil(open.entries + (room / rawBytes) * entries - ROUNDING)
    const wanted = Math.max(entriesAtTarget - open.entries, ROUNDING)
    if (wanted >= entries) {
      open.take(stretch)
      return null
    }
    const border = borderAfter(this.#shape.model, wanted / entries, stretch, this.#random)
    open.take(scaled(stretch, wanted / entries, from, border))
    return scaled(stretch, 1 - wanted / entries, border, to)
  }

  #tableOf(
    open: OpenTable,
    bitsPerKey: number,
    facts: TableFacts,
    allocateTableIds: (count: number) => TableId,
  ): StatisticalTable | null {
    const contents = contentsOf(this.#shape, open, open.to - open.from, bitsPerKey)
    if (contents === null) return null
    assert(open.from < open.to, 'a table holds a stretch of keys')
    const { from, to } = open
    const stretch = { from, to, density: open.density() }
    return statisticalTable(allocateTableIds(1), contents, stretch, bitsPerKey, facts)
  }
}

/** Tells whether a tombstone at a position is still needed. Positions must not descend. */
function isNeededBy(older: OlderOverlap): (position: number) => boolean {
  return (position) => {
    const key = keyAt(position)
    return older.covers(key, 0, key.length)
  }
}

/** Whether the table is full, or ends at the soft keys that its next entry crosses. */
function ends(
  { rawBytes }: OpenTable,
  targetTableBytes: number | null,
  borders: SoftPositions | null,
): boolean {
  const isFull = targetTableBytes !== null && rawBytes >= targetTableBytes * (1 - ROUNDING)
  return isFull || borders?.endsTable(rawBytes) === true
}

/** A share of the stretch's entries, placed in [from, to). */
function scaled(stretch: Measured, share: number, from: number, to: number): Measured {
  const crowding = (share * (stretch.to - stretch.from)) / (to - from)
  return {
    from,
    to,
    density: crowded(stretch.density, crowding),
    entries: stretch.entries * share,
    dead: stretch.dead * share,
    rawBytes: stretch.rawBytes * share,
  }
}

/** Sums over the stretches of a table under construction. */
class OpenTable {
  readonly from: number
  to: number
  entries = 0
  dead = 0
  rawBytes = 0
  /** Of the only stretch; null from the second stretch on. */
  #only: Density | null = null
  /** Σ density · width from the second stretch on. */
  #sum: number[] | null = null

  constructor(from: number) {
    this.from = from
    this.to = from
  }

  take({ from, to, density, entries, dead, rawBytes }: Measured): void {
    this.#takeDensity(density, from, to)
    this.to = to
    this.entries += entries
    this.dead += dead
    this.rawBytes += rawBytes
  }

  #takeDensity(density: Density, from: number, to: number): void {
    if (this.from === this.to) {
      this.#only = density
      return
    }
    const widthBefore = this.to - this.from
    this.#sum ??= this.#only!.map((chance) => chance * widthBefore)
    this.#only = null
    const width = to - from
    for (let at = 0; at < density.length; at++) this.#sum[at]! += density[at]! * width
  }

  /** The mean density over the table's width. */
  density(): Density {
    if (this.#only !== null) return this.#only
    const width = this.to - this.from
    return this.#sum!.map((sum) => sum / width)
  }
}

/** A piece of an output between cut keys. */
interface Part {
  readonly destination: number
  /** The first position beyond the piece. */
  readonly end: number
}

function partsOf({ outputs }: ResolvedSpec): readonly Part[] {
  const parts: Part[] = []
  for (let destination = 0; destination < outputs.length; destination++) {
    const { cutKeys, fromKey, toKey } = outputs[destination]!
    const start = fromKey === null ? 0 : positionOf(fromKey)
    const end = toKey === null ? Number.POSITIVE_INFINITY : positionOf(toKey)
    for (const key of cutKeys) {
      const cut = positionOf(key)
      if (cut > start && cut < end) parts.push({ destination, end: cut })
    }
    parts.push({ destination, end })
  }
  return parts
}

/**
 * Walks over the stretches of a merge in ascending order, and shows one at a time. The same tables
 * cover all of a stretch, and it lies in one part. Densities are merged newest first.
 */
class Sweep implements Stretch {
  from = 0
  to = 0
  density: Density = []
  /** Index of the part in which the stretch lies. */
  part = 0
  readonly #lists: readonly (readonly StatisticalTable[])[]
  readonly #parts: readonly Part[]
  readonly #model: KeyModel
  readonly #random: Random
  /** For each list, the index of the first table that ends beyond the stretch before. */
  readonly #next: number[]
  /** Of the tables that cover the stretch. */
  readonly #densities: Density[] = []

  constructor(
    lists: readonly (readonly StatisticalTable[])[],
    parts: readonly Part[],
    model: KeyModel,
    random: Random,
  ) {
    this.#lists = lists
    this.#parts = parts
    this.#model = model
    this.#random = random
    this.#next = lists.map(() => 0)
  }

  /** Moves to the next stretch that any table covers; false if there is none. */
  next(): boolean {
    const densities = this.#densities
    do {
      this.from = this.to
      const end = this.#gather()
      if (end === Number.POSITIVE_INFINITY) return false
      while (this.#parts[this.part]!.end <= this.from) this.part++
      this.to = Math.min(end, this.#parts[this.part]!.end)
    } while (densities.length === 0)
    const width = (this.to - this.from) / KEY_SPACE
    this.density =
      densities.length === 1
        ? densities[0]!
        : mergedDensities(densities, { model: this.#model, width, random: this.#random })
    return true
  }

  /** Collects the densities at `from`; returns the next border, or infinity beyond all tables. */
  #gather(): number {
    const { from } = this
    const densities = this.#densities
    densities.length = 0
    let end = Number.POSITIVE_INFINITY
    for (let list = 0; list < this.#lists.length; list++) {
      const tables = this.#lists[list]!
      let at = this.#next[list]!
      while (at < tables.length && tables[at]!.to <= from) at++
      this.#next[list] = at
      const table = tables[at]
      if (table === undefined) continue
      if (table.from <= from) densities.push(table.density)
      end = Math.min(end, table.from <= from ? table.to : table.from)
    }
    return end
  }
}

function seqRange(lists: readonly (readonly TableMeta[])[]) {
  let seqMin = Number.POSITIVE_INFINITY
  let seqMax = 0
  for (const list of lists) {
    for (const table of list) {
      seqMin = Math.min(seqMin, table.seqMin)
      seqMax = Math.max(seqMax, table.seqMax)
    }
  }
  return { seqMin, seqMax }
}
