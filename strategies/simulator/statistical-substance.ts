/**
 * Owns tables without keys: a stretch of the key space and what is expected in it. A merge sweeps
 * its inputs from border to border, adds up densities, and cuts where the expected bytes reach
 * the target. Where the n-th key of a random set lies is itself random, and borders that fell on even
 * places would meet those of other levels too often; so each cut is scattered, from a seed, as the
 * order statistic is. Counts stay exact: what a table does not get its neighbour does.
 *
 * Within one table entries are taken to be evenly spread, and all entries to be of the mean size.
 * Older tables are asked for once a stretch whether tombstones are still needed there.
 */

import { assert } from '../../engine/base/assert.ts'
import type { Random } from '../../engine/base/random.ts'
import { OlderOverlap } from '../../engine/compaction/older-overlap.ts'
import { type Ancestry, ancestryOf, type WrittenTable } from '../../engine/compaction/placement.ts'
import type { ResolvedSpec } from '../../engine/compaction/resolved-spec.ts'
import { estimateTableSize, type TableSizeOptions } from '../../engine/table/table-size.ts'
import type { TableId, TableMeta } from '../../engine/version/table-meta.ts'
import {
  crowded,
  type Density,
  deadPerSpace,
  entriesPerSpace,
  mergedDensity,
  STRIDE,
  withoutDead,
} from './density.ts'
import type { KeyModel } from './key-model.ts'
import { KEY_SPACE, keyAt, positionOf } from './key-space.ts'
import { type SimulatedTable, simulatedTable } from './simulated-table.ts'
import type { MergeContext, Substance } from './simulated-tree.ts'

/** Positions [from, to) and what lies there. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly density: Density
}

export interface StatisticalTable extends SimulatedTable, Stretch {}

export interface StatisticalShape {
  readonly model: KeyModel
  /** Mean bytes of a user key and of a value. */
  readonly keyBytes: number
  readonly valueBytes: number
  /** Bytes all keys start with, and the number of values each further byte takes. */
  readonly keyPrefixBytes: number
  readonly keyRadix: number
  readonly blocks: Omit<TableSizeOptions, 'bitsPerKey'>
}

export class StatisticalSubstance implements Substance {
  readonly #shape: StatisticalShape
  readonly #random: Random

  constructor(shape: StatisticalShape, random: Random) {
    this.#shape = shape
    this.#random = random
  }

  /** The table of a memtable whose writes lie in one stretch; none when nothing is left of it. */
  flush(
    stretch: Stretch,
    bitsPerKey: number,
    facts: TableFacts,
    { version, allocateTableId }: MergeContext,
  ): readonly TableMeta[] {
    const older = new OlderOverlap(version, -1, new Set())
    const open = new OpenTable(this.#shape.model, stretch.from)
    open.take(this.#measured(stretch, older))
    const table = this.#tableOf(open, bitsPerKey, facts, allocateTableId)
    return table === null ? [] : [table]
  }

  merge(resolved: ResolvedSpec, context: MergeContext): readonly WrittenTable[] {
    const { version, nowMs, allocateTableId } = context
    const inputs = resolved.inputs.toSorted((a, b) => a.position - b.position)
    const lists = inputs.map(({ tables }) => tables as readonly StatisticalTable[])
    const facts = { ancestry: ancestryOf(resolved, nowMs), ...seqRange(lists) }
    const parts = partsOf(resolved)
    const written: WrittenTable[] = []
    let part = 0
    let older: OlderOverlap | null = null
    let open: OpenTable | null = null
    const finish = () => {
      if (open === null) return
      const { destination } = parts[part]!
      const { bitsPerKey } = resolved.outputs[destination]!.filter ?? { bitsPerKey: 0 }
      const table = this.#tableOf(open, bitsPerKey, facts, allocateTableId)
      if (table !== null) written.push({ destination, table })
      open = null
    }
    for (const stretch of stretches(lists, parts)) {
      const before = parts[part]!.destination
      if (stretch.from >= parts[part]!.end) {
        finish()
        while (stretch.from >= parts[part]!.end) part++
      }
      const { destination } = parts[part]!
      const { position, targetTableBytes } = resolved.outputs[destination]!
      if (older === null || destination !== before) {
        older = new OlderOverlap(version, position, resolved.inputIds)
      }
      let rest: Measured | null = this.#measured(stretch, older)
      while (rest !== null) {
        if (open !== null && isFull(open, targetTableBytes)) finish()
        open ??= new OpenTable(this.#shape.model, rest.from)
        rest = this.#fill(open, rest, targetTableBytes)
      }
    }
    finish()
    return written
  }

  #measured({ from, to, density }: Stretch, older: OlderOverlap): Measured {
    const { model, keyBytes, valueBytes } = this.#shape
    let kept = density
    if (deadPerSpace(model, density) > 0) {
      const key = keyAt(from)
      if (!older.covers(key, 0, key.length)) kept = withoutDead(density)
    }
    const share = (to - from) / KEY_SPACE
    const entries = entriesPerSpace(model, kept) * share
    const dead = deadPerSpace(model, kept) * share
    const rawBytes = entries * keyBytes + (entries - dead) * valueBytes
    return { from, to, density: kept, entries, dead, rawBytes }
  }

  /** Gives the table what it has room for; returns what is left of the stretch, or null. */
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
    const border = this.#borderAfter(wanted / entries, stretch)
    open.take(scaled(stretch, wanted / entries, from, border))
    return scaled(stretch, 1 - wanted / entries, border, to)
  }

  /** Where the first `share` of the entries ends. */
  #borderAfter(share: number, { from, to, entries }: Measured): number {
    const keys = (this.#shape.model.keys * (to - from)) / KEY_SPACE
    // A sample without replacement: where every key is present nothing is random.
    const free = Math.max(1 - entries / Math.max(keys, entries), 0)
    const spread = Math.sqrt((share * (1 - share) * free) / (entries + 2))
    const scattered = share + spread * this.#gaussian()
    const position = from + Math.round((to - from) * Math.min(Math.max(scattered, 0), 1))
    return Math.min(Math.max(position, from + 1), to - 1)
  }

  /** Box and Muller's transform, one of its two. */
  #gaussian(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random.nextDouble()))
    return radius * Math.cos(2 * Math.PI * this.#random.nextDouble())
  }

  #tableOf(
    open: OpenTable,
    bitsPerKey: number,
    { ancestry, seqMin, seqMax }: TableFacts,
    allocateTableId: () => TableId,
  ): StatisticalTable | null {
    const { keyBytes, valueBytes, keyPrefixBytes, keyRadix, blocks } = this.#shape
    const entries = Math.round(open.entries)
    if (entries === 0) return null
    const tombstones = Math.min(Math.round(open.dead), entries)
    const { from, to } = open
    assert(from < to, 'a table holds a stretch of keys')
    const rawKeyBytes = Math.round(entries * keyBytes)
    const rawValueBytes = Math.round((entries - tombstones) * valueBytes)
    const digits = Math.log(Math.max((entries * KEY_SPACE) / (to - from), 1)) / Math.log(keyRadix)
    const sharedBytes = Math.min(keyPrefixBytes + digits, keyBytes)
    const sums = { entries, tombstones, rawKeyBytes, rawValueBytes }
    const size = estimateTableSize({ ...sums, sharedBytes }, { ...blocks, bitsPerKey })
    const range = { smallest: keyAt(from), largest: keyAt(to - 1) }
    const counted = { ...sums, ...range, seqMin, seqMax }
    const table = simulatedTable(allocateTableId(), counted, size, bitsPerKey, ancestry)
    return { ...table, from, to, density: open.density() }
  }
}

/** Sums of many shares are off by less than this, in entries or relative to the whole. */
const ROUNDING = 1e-6

function isFull({ rawBytes }: OpenTable, targetTableBytes: number | null): boolean {
  return targetTableBytes !== null && rawBytes >= targetTableBytes * (1 - ROUNDING)
}

/** What all tables of one job have in common. */
export interface TableFacts {
  readonly ancestry: Ancestry
  readonly seqMin: number
  readonly seqMax: number
}

/** A stretch with its expected contents. */
interface Measured extends Stretch {
  readonly entries: number
  readonly dead: number
  readonly rawBytes: number
}

/** A share of the stretch's entries, which turned out to lie in [from, to). */
function scaled(stretch: Measured, share: number, from: number, to: number): Measured {
  const crowding = (share * (stretch.to - stretch.from)) / (to - from)
  return {
    ...{ from, to },
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
  readonly #sum: Float64Array
  #only: Density | null = null
  #stretches = 0

  constructor(model: KeyModel, from: number) {
    this.from = from
    this.to = from
    this.#sum = new Float64Array(model.classes.length * STRIDE)
  }

  take({ from, to, density, entries, dead, rawBytes }: Measured): void {
    this.to = to
    this.entries += entries
    this.dead += dead
    this.rawBytes += rawBytes
    for (let at = 0; at < density.length; at++) this.#sum[at]! += density[at]! * (to - from)
    this.#only = density
    this.#stretches++
  }

  /** The mean over the table's width. */
  density(): Density {
    if (this.#stretches === 1) return this.#only!
    const width = this.to - this.from
    for (let at = 0; at < this.#sum.length; at++) this.#sum[at]! /= width
    return this.#sum
  }
}

/** A piece of an output between cut keys. */
interface Part {
  readonly destination: number
  /** First position beyond it. */
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

/** Ascending stretches over which the set of covering tables does not change, merged newest first. */
function* stretches(
  lists: readonly (readonly StatisticalTable[])[],
  parts: readonly Part[],
): Generator<Stretch, void, undefined> {
  const next = lists.map(() => 0)
  let part = 0
  let position = 0
  for (;;) {
    let end = Number.POSITIVE_INFINITY
    let density: Density | null = null
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
      density = density === null ? table.density : mergedDensity(density, table.density)
    }
    if (end === Number.POSITIVE_INFINITY) return
    while (parts[part]!.end <= position) part++
    end = Math.min(end, parts[part]!.end)
    if (density !== null) yield { from: position, to: end, density }
    position = end
  }
}

function seqRange(lists: readonly (readonly TableMeta[])[]) {
  let seqMin = Number.POSITIVE_INFINITY
  let seqMax = 0
  for (const table of lists.flat()) {
    seqMin = Math.min(seqMin, table.seqMin)
    seqMax = Math.max(seqMax, table.seqMax)
  }
  return { seqMin, seqMax }
}
