/**
 * Owns the cells of a level: the ranges into which its tables fall apart. Tables that overlap, be it by
 * way of others, are in one cell; what has fewer bytes than a cell must have belongs to the cell
 * before. Invariant: every table is in exactly one cell, and cells ascend without overlap; so the
 * least key of a cell is a guard, which no table of the level crosses.
 *
 *   newer run        [----]               [--]  []
 *   older run     [-----]  [---]        [-------]  [---]
 *   cells         [------------]        [---------][---]
 *
 * Guards as such are PebblesDB's (SOSP '17), which samples them from inserted keys. Here they are
 * read off the tables: whoever cuts what it adds at the guards keeps the cells apart, and a guard
 * lasts for as long as something lies in its cell.
 *
 * Cells are remembered in blocks with the level they were of. After an edit only those blocks are
 * swept again in whose range a run's chunks differ (`movement/lineage.ts`): memory only, cells are a
 * function of the level.
 */

import { compareBytes } from '../engine/base/compare.ts'
import type { KeyRange } from '../engine/version/key-range.ts'
import type { Level } from '../engine/version/level.ts'
import {
  lowerBound,
  overlapping,
  type Run,
  type RunId,
  sliceTables,
} from '../engine/version/run.ts'
import { rawBytes, type TableMeta } from '../engine/version/table-meta.ts'
import { changedRanges, haveCommonChunk } from './movement/lineage.ts'

export interface Cell extends KeyRange {
  /** Runs that have tables in it. */
  readonly depth: number
  /** The newest of them. */
  readonly top: RunId
  readonly rawBytes: number
}

/** A cell's tables in one run, in key order. */
export interface Fragment {
  readonly run: Run
  /** Runs of the level that are older. */
  readonly height: number
  readonly tables: readonly TableMeta[]
}

interface Block {
  /** Never empty. */
  readonly cells: readonly Cell[]
  readonly depthMax: number
}

/** Cells swept again at an edit, about; and blocks looked at by a pick, in proportion. */
const BLOCK_CELLS = 16

/** The cells of a level, ascending. */
export class Cells {
  readonly level: Level
  readonly bytesMin: number
  readonly blocks: readonly Block[]

  constructor(level: Level, bytesMin: number, blocks: readonly Block[]) {
    this.level = level
    this.bytesMin = bytesMin
    this.blocks = blocks
  }

  /** From the last cell that starts at the key or before; from the first where none does. */
  *from(key: Uint8Array): Generator<Cell, void, undefined> {
    let block = Math.max(lastBlockAt(this.blocks, key), 0)
    let at = Math.max(lastAt(this.blocks[block]?.cells ?? [], key), 0)
    for (; block < this.blocks.length; block++, at = 0) {
      const { cells } = this.blocks[block]!
      for (; at < cells.length; at++) yield cells[at]!
    }
  }

  /** Of the deepest cells, of which there must be one, the first that starts after the key. */
  deepest(after: Uint8Array | null): Cell {
    const depth = this.blocks.reduce((most, { depthMax }) => Math.max(most, depthMax), 0)
    const isNext = (cell: Cell) =>
      cell.depth === depth && (after === null || compareBytes(cell.smallest, after) > 0)
    const start = after === null ? 0 : Math.max(lastBlockAt(this.blocks, after), 0)
    for (let block = start; block < this.blocks.length; block++) {
      const { cells, depthMax } = this.blocks[block]!
      const next = depthMax === depth ? cells.find(isNext) : undefined
      if (next !== undefined) return next
    }
    return this.deepest(null)
  }
}

/** The tables of a cell, run by run, newest first. */
export function fragmentsOf({ runs }: Level, cell: Cell): readonly Fragment[] {
  return runs.flatMap((run, at) => {
    const { from, to } = overlapping(run, cell)
    if (from === to) return []
    return [{ run, height: runs.length - 1 - at, tables: sliceTables(run, from, to) }]
  })
}

/** Levels of a few trees, the latest first. */
let latest: readonly Cells[] = []
const LATEST_MAX = 32
const known = new WeakMap<Level, Cells>()

/** Levels of fewer chunks are small: too many to be remembered, and swept at once. */
const REMEMBERED_CHUNKS_MIN = 3

/** The cells of the level, where what has fewer than `bytesMin` raw bytes is part of another. */
export function cellsOf(level: Level, bytesMin: number): Cells {
  const same = known.get(level)
  if (same?.bytesMin === bytesMin) return same
  const chunks = level.runs.reduce((sum, run) => sum + run.chunks.length, 0)
  const isSmall = chunks < REMEMBERED_CHUNKS_MIN
  const before = isSmall
    ? undefined
    : latest.find((other) => other.bytesMin === bytesMin && isAncestor(other.level, level))
  const cells = before === undefined ? swept(level, bytesMin) : sweptAfter(before, level)
  known.set(level, cells)
  if (isSmall) return cells
  const others = latest.filter((other) => other !== before)
  latest = [cells, ...others.slice(0, LATEST_MAX - 1)]
  return cells
}

/** Whether the level came from the other by edits: runs go and come, and keep their order. */
function isAncestor(before: Level, after: Level): boolean {
  const kept = before.runs.flatMap((run) => {
    const at = after.runs.findIndex(({ id }) => id === run.id)
    return at < 0 ? [] : [at]
  })
  if (kept.some((at, index) => index > 0 && at < kept[index - 1]!)) return false
  return before.runs.some((run) =>
    after.runs.some((other) => other.id === run.id && haveCommonChunk(run, other)),
  )
}

function swept(level: Level, bytesMin: number): Cells {
  return new Cells(level, bytesMin, blocksOf(sweep(level, bytesMin, null, null)))
}

function sweptAfter(before: Cells, level: Level): Cells {
  const { blocks: old, bytesMin } = before
  const blocks: Block[] = []
  let taken = 0
  for (const [first, last] of blocksWithin(old, rangesOfEdit(before.level, level))) {
    while (taken < first) blocks.push(old[taken++]!)
    const from = first === 0 ? null : startOf(old[first]!)
    const next = old[last + 1]
    const to = next === undefined ? null : startOf(next)
    blocks.push(...blocksOf(sweep(level, bytesMin, from, to)))
    taken = last + 1
  }
  while (taken < old.length) blocks.push(old[taken++]!)
  return new Cells(level, bytesMin, blocks)
}

function rangesOfEdit(before: Level, after: Level): readonly KeyRange[] {
  const chunksIn = ({ runs }: Level, id: RunId) => runs.find((run) => run.id === id)?.chunks ?? []
  const ids = new Set([...before.runs, ...after.runs].map(({ id }) => id))
  return [...ids].flatMap((id) => changedRanges(chunksIn(before, id), chunksIn(after, id)))
}

/**
 * First and last of the blocks that tables in the ranges fall into, with the one before, which takes
 * what has become too small; ascending, apart.
 */
function blocksWithin(
  blocks: readonly Block[],
  ranges: readonly KeyRange[],
): readonly (readonly [number, number])[] {
  const spans = ranges
    .map(({ smallest, largest }): [number, number] => [
      Math.max(lastBlockAt(blocks, smallest) - 1, 0),
      Math.max(lastBlockAt(blocks, largest), 0),
    ])
    .sort(([a], [b]) => a - b)
  const apart: [number, number][] = []
  for (const span of spans) {
    const last = apart.at(-1)
    if (last === undefined || last[1] < span[0]) apart.push(span)
    else last[1] = Math.max(last[1], span[1])
  }
  return apart
}

/** Tables that overlap, be it by way of others, or a cell of several such. */
interface Clump {
  readonly smallest: Uint8Array
  largest: Uint8Array
  rawBytes: number
  /** Indices of runs of the level that have tables in it; few. */
  readonly runs: number[]
}

/** The cells of tables that start at `from` or after, and before `to`; no table crosses either. */
function sweep(
  { runs }: Level,
  bytesMin: number,
  from: Uint8Array | null,
  to: Uint8Array | null,
): readonly Cell[] {
  const lists = runs.map((run) =>
    sliceTables(
      run,
      from === null ? 0 : lowerBound(run, from),
      to === null ? run.totals.tables : lowerBound(run, to),
    ),
  )
  const cells: Clump[] = []
  for (const clump of clumpsOf(lists)) {
    const last = cells.at(-1)
    if (last === undefined || clump.rawBytes >= bytesMin) {
      cells.push(clump)
      continue
    }
    last.largest = clump.largest
    last.rawBytes += clump.rawBytes
    for (const run of clump.runs) addRun(last, run)
  }
  return cells.map(({ smallest, largest, rawBytes, runs: own }) => {
    return { smallest, largest, depth: own.length, top: runs[Math.min(...own)]!.id, rawBytes }
  })
}

function addRun({ runs }: Clump, run: number): void {
  if (!runs.includes(run)) runs.push(run)
}

function clumpsOf(lists: readonly (readonly TableMeta[])[]): readonly Clump[] {
  const clumps: Clump[] = []
  const next = lists.map(() => 0)
  for (;;) {
    let list = -1
    let table: TableMeta | null = null
    for (let at = 0; at < lists.length; at++) {
      const candidate = lists[at]![next[at]!]
      if (candidate === undefined) continue
      if (table !== null && compareBytes(candidate.smallest, table.smallest) >= 0) continue
      table = candidate
      list = at
    }
    if (table === null) return clumps
    next[list]!++
    let clump = clumps.at(-1)
    if (clump === undefined || compareBytes(table.smallest, clump.largest) > 0) {
      const { smallest, largest } = table
      clump = { smallest, largest, rawBytes: 0, runs: [] }
      clumps.push(clump)
    }
    if (compareBytes(table.largest, clump.largest) > 0) clump.largest = table.largest
    clump.rawBytes += rawBytes(table)
    addRun(clump, list)
  }
}

function blocksOf(cells: readonly Cell[]): readonly Block[] {
  const count = Math.ceil(cells.length / BLOCK_CELLS)
  return Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * cells.length) / count)
    const own = cells.slice(from, Math.floor(((at + 1) * cells.length) / count))
    return { cells: own, depthMax: own.reduce((most, { depth }) => Math.max(most, depth), 0) }
  })
}

function startOf({ cells }: Block): Uint8Array {
  return cells[0]!.smallest
}

/** Index of the last block that starts at the key or before, or −1. */
function lastBlockAt(blocks: readonly Block[], key: Uint8Array): number {
  let low = 0
  let high = blocks.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(startOf(blocks[middle]!), key) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Index of the last cell that starts at the key or before, or −1. */
function lastAt(cells: readonly Cell[], key: Uint8Array): number {
  let low = 0
  let high = cells.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(cells[middle]!.smallest, key) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}
