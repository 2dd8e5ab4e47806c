/**
 * Owns the copy of the tree that a strategy sees, so that nothing it does to its view reaches the
 * engine's tree. Objects and arrays of the copy are frozen, so a write throws where it happens. Key
 * bytes cannot be frozen. They are compared with the engine's after every answer, a bounded number
 * of tables each time.
 *
 * Invariant: parts that an edit shares with the previous version also share their copies. So
 * showing a version costs as much as the edit changed, plus one comparison of references for each
 * run of the edited levels and each chunk of the edited runs. The tables of a run are copied when
 * the strategy first reads them.
 *
 *      the engine's    version ── levels ── runs ── chunks ── tables ── keys
 *                         │         │        │         │         │        │
 *      shown           version ── levels ── runs ┄┄ chunks ── tables ── keys     ┄┄ on demand
 */

import { equalBytes } from '../base/compare.ts'
import { rangeUntil } from '../version/key-range.ts'
import type { Level } from '../version/level.ts'
import type { Chunk, Run } from '../version/run.ts'
import type { TableMeta } from '../version/table-meta.ts'
import type { Totals } from '../version/totals.ts'
import { EMPTY_VERSION, type Version } from '../version/version.ts'

/** Number of tables whose keys are compared after an answer … */
const COMPARED_TABLES = 16
/** … and of runs and chunks passed on the way, if few of them have been read. */
const PASSED_MAX = 64

/** A list of the engine's items and, item by item, their copies. */
interface Shown<Item> {
  readonly own: readonly Item[]
  readonly shown: readonly Item[]
}

export class ShownTree {
  #own: Version = EMPTY_VERSION
  #shown: Version = EMPTY_VERSION
  /**
   * Where the next comparison of keys starts: the run (counted over the tree), its chunk, and the
   * table.
   */
  #run = 0
  #chunk = 0
  #table = 0

  show(version: Version): Version {
    if (version === this.#own) return this.#shown
    const [own, shown] = [this.#own.levels, this.#shown.levels]
    const levels = version.levels.map((level, at) => {
      if (level === own[at]) return shown[at]!
      return shownLevel(level, own[at], shown[at])
    })
    this.#own = version
    this.#shown = Object.freeze({
      levels: Object.freeze(levels),
      totals: frozenTotals(version.totals),
    })
    return this.#shown
  }

  /**
   * Describes the first key found that differs from the engine's; null if all compared keys are
   * equal. Each call continues where the last one ended, so that all keys are compared in turn.
   */
  changedKey(): string | null {
    let left = COMPARED_TABLES
    for (let passed = 0; passed < PASSED_MAX && left > 0; passed++) {
      const run = this.#runAt(this.#run)
      const chunk = run?.comparedChunk(this.#chunk) ?? null
      if (chunk === null) {
        this.#run = run === undefined ? 0 : this.#run + 1
        this.#chunk = 0
        this.#table = 0
        continue
      }
      const to = Math.min(this.#table + left, chunk.own.length)
      for (let at = this.#table; at < to; at++) {
        const changed = changedKeyOf(chunk.own[at]!, chunk.shown[at]!)
        if (changed !== null) return changed
      }
      left -= Math.max(to - this.#table, 0)
      this.#table = to
      if (to < chunk.own.length) break
      this.#chunk++
      this.#table = 0
    }
    return null
  }

  #runAt(index: number): ShownRun | undefined {
    let rest = index
    for (const { runs } of this.#shown.levels) {
      if (rest < runs.length) return runs[rest] as ShownRun
      rest -= runs.length
    }
    return undefined
  }
}

/** A run whose tables are copied on first access. */
class ShownRun implements Run {
  readonly id: number
  readonly totals: Totals
  declare readonly chunks: readonly Chunk[]
  declare readonly firstIndexes: readonly number[]
  readonly #own: Run
  /** The latest form of this run that was read. Its copies are reused. */
  #before: ShownRun | null
  #chunks: Shown<Chunk> | null = null
  #firstIndexes: readonly number[] | null = null

  constructor(own: Run, before: ShownRun | null) {
    this.id = own.id
    this.totals = frozenTotals(own.totals)
    this.#own = own
    this.#before = before === null || before.#chunks !== null ? before : before.#before
    // Own properties, so that a strategy can clone its view or print it as JSON.
    Object.defineProperties(this, ShownRun.#onDemand)
    Object.freeze(this)
  }

  static readonly #onDemand: PropertyDescriptorMap = {
    chunks: {
      enumerable: true,
      get(this: ShownRun) {
        return this.#open().shown
      },
    },
    firstIndexes: {
      enumerable: true,
      get(this: ShownRun) {
        this.#firstIndexes ??= Object.freeze(this.#own.firstIndexes.slice())
        return this.#firstIndexes
      },
    },
  }

  #open(): Shown<Chunk> {
    if (this.#chunks !== null) return this.#chunks
    const { chunks: own } = this.#own
    const before = (this.#before === null ? null : this.#before.#chunks) ?? NOTHING
    this.#chunks = { own, shown: Object.freeze(shownList(own, before, shownChunks)) }
    this.#before = null
    return this.#chunks
  }

  /**
   * The engine's tables of a chunk that was read, with their copies; null beyond the last chunk, or
   * if the chunk was not read.
   */
  comparedChunk(at: number): Shown<TableMeta> | null {
    const chunks = this.#chunks ?? NOTHING
    const own = chunks.own[at]
    return own === undefined ? null : { own: own.tables, shown: chunks.shown[at]!.tables }
  }
}

const NOTHING: Shown<Chunk> = { own: [], shown: [] }

/**
 * The copy of the list `own`, not yet frozen. Items that are in `before`, in the same order, keep
 * their copies. `fill` copies each stretch of new items, and receives the items that they replace.
 */
function shownList<Item extends object>(
  own: readonly Item[],
  before: Shown<Item>,
  fill: (own: readonly Item[], before: Shown<Item>) => readonly Item[],
): readonly Item[] {
  const shown = own.slice()
  const ownBefore = before.own
  // V8 copies a frozen array fast by a spread only: `slice` and `flatMap` take 0.1 µs an element.
  const shownBefore = [...before.shown]
  let end = own.length
  let endBefore = ownBefore.length
  let from = 0
  while (from < end && from < endBefore && own[from] === ownBefore[from]) {
    shown[from] = shownBefore[from]!
    from++
  }
  let fromBefore = from
  while (end > from && endBefore > fromBefore && own[end - 1] === ownBefore[endBefore - 1]) {
    shown[--end] = shownBefore[--endBefore]!
  }
  const places = new Map<Item, number>()
  for (let at = fromBefore; at < endBefore; at++) places.set(ownBefore[at]!, at)
  for (let at = from; at <= end; at++) {
    const place = at === end ? endBefore : places.get(own[at]!)
    if (place === undefined || place < fromBefore) continue
    if (from < at) {
      const replaced = {
        own: ownBefore.slice(fromBefore, place),
        shown: shownBefore.slice(fromBefore, place),
      }
      const filled = fill(own.slice(from, at), replaced)
      for (let index = 0; index < filled.length; index++) shown[from + index] = filled[index]!
    }
    if (at < end) shown[at] = shownBefore[place]!
    from = at + 1
    fromBefore = place + 1
  }
  return shown
}

function shownLevel(
  level: Level,
  ownBefore: Level | undefined,
  shownBefore: Level | undefined,
): Level {
  const before = { own: ownBefore?.runs ?? [], shown: shownBefore?.runs ?? [] }
  return Object.freeze({
    runs: Object.freeze(shownList(level.runs, before, shownRuns)),
    totals: frozenTotals(level.totals),
  })
}

/** A run is recognised by its id. */
function shownRuns(own: readonly Run[], before: Shown<Run>): readonly Run[] {
  const known = new Map(before.shown.map((run) => [run.id, run as ShownRun]))
  return own.map((run) => new ShownRun(run, known.get(run.id) ?? null))
}

function shownChunks(own: readonly Chunk[], before: Shown<Chunk>): readonly Chunk[] {
  const tables = tablesOfChunks(own)
  const known = { own: tablesOfChunks(before.own), shown: tablesOfChunks(before.shown) }
  const shown = shownList(tables, known, (fresh) => fresh.map(shownTable))
  let from = 0
  return own.map(({ tables: { length }, totals }) => {
    const part = Object.freeze(shown.slice(from, from + length))
    from += length
    return Object.freeze({
      tables: part,
      totals: frozenTotals(totals),
      ...rangeUntil(part[0]!.smallest, part[length - 1]!),
    })
  })
}

/** Usually there is one chunk, the one that an edit replaced. */
function tablesOfChunks(chunks: readonly Chunk[]): readonly TableMeta[] {
  if (chunks.length === 1) return chunks[0]!.tables
  return chunks.flatMap(({ tables }) => [...tables])
}

function shownTable(table: TableMeta): TableMeta {
  return Object.freeze({
    id: table.id,
    smallest: table.smallest.slice(),
    largest: table.largest.slice(),
    ...(table.isOpen === true ? { isOpen: true } : {}),
    bytes: table.bytes,
    entries: table.entries,
    tombstones: table.tombstones,
    rangeDeletions: table.rangeDeletions,
    rawKeyBytes: table.rawKeyBytes,
    rawValueBytes: table.rawValueBytes,
    seqMin: table.seqMin,
    seqMax: table.seqMax,
    createdAtMs: table.createdAtMs,
    oldestWriteAtMs: table.oldestWriteAtMs,
    oldestTombstoneAtMs: table.oldestTombstoneAtMs,
    filter: Object.freeze({ ...table.filter }),
    vlogBytes:
      table.vlogBytes.length === 0
        ? NO_VLOG_BYTES
        : Object.freeze(table.vlogBytes.map((part) => Object.freeze<typeof part>([...part]))),
  })
}

const NO_VLOG_BYTES: TableMeta['vlogBytes'] = Object.freeze([])

function frozenTotals(totals: Totals): Totals {
  return Object.freeze({ ...totals })
}

function changedKeyOf(own: TableMeta, shown: TableMeta): string | null {
  if (!equalBytes(own.smallest, shown.smallest)) return `the smallest key of table ${own.id}`
  if (!equalBytes(own.largest, shown.largest)) return `the largest key of table ${own.id}`
  return null
}
