/**
 * Owns guards: keys that divide a level into cells no table crosses, and how a level looks by cell.
 * A guard is kept by the level it was found in and holds for all deeper ones, where no table there
 * crosses it. Invariant: every table of the level is in exactly one of its cells.
 *
 *   guards      g1        g2                g3
 *   cells    0  |    1    |        2        |   3
 *
 * Guards as such are PebblesDB's (SOSP '17). Keys are in hex, as a strategy's state is JSON; as text
 * they sort as the bytes do.
 */

import type { Level } from '../engine/version/level.ts'
import { type Run, tablesOf } from '../engine/version/run.ts'
import type { TableMeta } from '../engine/version/table-meta.ts'
import { levelAt, type Version } from '../engine/version/version.ts'
import { fromHex, toHex } from './round-robin.ts'

/** By level, the guards found there, ascending. */
export type Guards = readonly (readonly string[])[]

/** A cell's tables in one run, in key order. */
export interface Fragment {
  readonly run: Run
  /** Runs of the level that are older. */
  readonly height: number
  readonly tables: readonly TableMeta[]
}

export interface Cell {
  /** Its first key; null: it starts before all keys. */
  readonly from: Uint8Array | null
  /** Newest first. */
  readonly fragments: readonly Fragment[]
}

/** The guards with those the tables of `version` show: where a run goes on within one cell. */
export function learnGuards(version: Version, known: Guards): Guards {
  const learned: (readonly string[])[] = []
  for (const [index, level] of version.levels.entries()) {
    const own = known[index] ?? []
    learned.push(index === 0 ? own : [...own, ...foundIn(level, [...learned, own])].sort())
  }
  return [...learned, ...known.slice(learned.length)]
}

function foundIn(level: Level, known: Guards): readonly string[] {
  const found: string[] = []
  for (const run of level.runs) {
    const guards = guardsHere(level, [...known, found])
    const goesOn: string[] = []
    let at = 0
    for (const table of tablesOf(run)) {
      const { first } = hexOf(table)
      const since = at
      while (at < guards.length && guards[at]! <= first) at++
      const isFirst = table === run.chunks[0]!.tables[0]
      if (at === since && !isFirst) goesOn.push(first)
    }
    found.push(...guardsHere(level, [goesOn]))
  }
  return found
}

type GrowingFragment = Fragment & { readonly tables: TableMeta[] }

/** The level by cell, in key order, cells without tables too. */
export function cellsOf(version: Version, index: number, guards: Guards): readonly Cell[] {
  const level = levelAt(version, index)
  const keys = guardsHere(level, guards.slice(0, index + 1))
  const cells: { from: Uint8Array | null; fragments: GrowingFragment[] }[] = [
    { from: null, fragments: [] },
    ...keys.map((key) => ({ from: fromHex(key), fragments: [] })),
  ]
  level.runs.forEach((run, at) => {
    const height = level.runs.length - 1 - at
    let cell = 0
    for (const table of tablesOf(run)) {
      const { first } = hexOf(table)
      while (cell < keys.length && keys[cell]! <= first) cell++
      const { fragments } = cells[cell]!
      const last = fragments.at(-1)
      if (last?.run === run) last.tables.push(table)
      else fragments.push({ run, height, tables: [table] })
    }
  })
  return cells
}

/** All guards of `guards` that no table of the level crosses, ascending. */
function guardsHere(level: Level, guards: Guards): readonly string[] {
  let keys: readonly string[] = [...new Set(guards.flat())].sort()
  for (const run of level.runs) {
    const tables = tablesOf(run)
    let next = tables.next()
    keys = keys.filter((key) => {
      while (!next.done && hexOf(next.value).last < key) next = tables.next()
      return next.done || key <= hexOf(next.value).first
    })
  }
  return keys
}

interface HexRange {
  readonly first: string
  readonly last: string
}

/** Remembered by table: a pick reads the keys of all of them. */
const ranges = new WeakMap<TableMeta, HexRange>()

function hexOf(table: TableMeta): HexRange {
  let range = ranges.get(table)
  if (range === undefined) {
    range = { first: toHex(table.smallest), last: toHex(table.largest) }
    ranges.set(table, range)
  }
  return range
}
