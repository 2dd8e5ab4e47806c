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
    for (const stretch of stretches(lists, parts, this.#shape.model, this.#random)) {
      const before = parts[part]!.destination
      if (stretch.from >= parts[part]!.end) {
        finish()
        while (stretch.from >= parts[part]!.end) part++
      }
      const { destination } = parts[part]!
      const { position, targetTableBytes, softCuts } = resolved.outputs[destination]!
      if (older === null || destination !== before) {
        older = new OlderOverlap(version, position, resolved.inputIds)
        borders = softCuts === null ? null : new SoftPositions(softCuts)
      }
      const whole = measured(this.#shape, stretch, isNeededBy(older))
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
  /** Σ density · width; set by the first stretch. */
  #sum: number[] = []
  #only: Density | null = null
  #stretches = 0

  constructor(from: number) {
    this.from = from
    this.to = from
  }

  take({ from, to, density, entries, dead, rawBytes }: Measured): void {
    this.to = to
    this.entries += entries
    this.dead += dead
    this.rawBytes += rawBytes
    const width = to - from
    if (this.#stretches === 0) this.#sum = density.map((chance) => chance * width)
    else for (let at = 0; at < density.length; at++) this.#sum[at]! += density[at]! * width
    this.#only = density
    this.#stretches++
  }

  /** The mean density over the table's width. */
  density(): Density {
    if (this.#stretches === 1) return this.#only!
    const width = this.to - this.from
    return this.#sum.map((sum) => sum / width)
  }
}

/** A piece of an output between cut keys. */
interface Part {
  readonly destination: number
  /** The first position beyond the piece. */
  readonly end: number
}

function partsOf({ outputs }: ResolvedSpec): readonly Part[] {
  return outputs.flatMap(({ cutKeys, fromKey, toKey }, destination) => {
    const start = fromKey === null ? 0 : positionOf(fromKey)
    const end = toKey === null ? Number.POSITIVE_INFINITY : positionOf(toKey)
    const cuts = cutKeys.map(positionOf).filter((cut) => cut > start && cut < end)
    return [...cuts, end].map((to) => ({ destination, end: to }))
  })
}

/**
 * Ascending stretches, each covered by the same tables throughout; densities merged newest first.
 */
function* stretches(
  lists: readonly (readonly StatisticalTable[])[],
  parts: readonly Part[],
  model: KeyModel,
  random: Random,
): Generator<Stretch, void, undefined> {
  const next = lists.map(() => 0)
  let part = 0
  let position = 0
  for (;;) {
    let end = Number.POSITIVE_INFINITY
    const densities: Density[] = []
    for (let list = 0; list < lists.length; list++) {
      const tables = lists[list]!
      while (next[list]! < tables.length && tables[next[list]!]!.to <= position) next[list]!++
      const table = tables[next[list]!]
      if (table === undefined) continue
      if (table.from > position) {
        end = Math.min(end, table.from)
        continue
      }
      end = Math.min(end, table.to)
      densities.push(table.density)
    }
    if (end === Number.POSITIVE_INFINITY) return
    while (parts[part]!.end <= position) part++
    end = Math.min(end, parts[part]!.end)
    if (densities.length > 0) {
      const width = (end - position) / KEY_SPACE
      const density = mergedDensities(densities, { model, width, random })
      yield { from: position, to: end, density }
    }
    position = end
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
