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
import { lowerBound, type Run, tableAt, tablesOf } from '../engine/version/run.ts'
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
  version.levels.forEach((level, index) => {
    const own = known[index] ?? []
    if (index === 0) {
      learned.push([])
      return
    }
    const guards = new Set(guardsHere(level, [...learned, own]))
    const found = new Set(own)
    for (const run of level.runs) {
      let guardBefore: string | undefined
      let at = 0
      const sorted = [...guards].sort()
      for (const [position, table] of [...tablesOf(run)].entries()) {
        const first = toHex(table.smallest)
        const since = at
        while (at < sorted.length && sorted[at]! <= first) guardBefore = sorted[at++]
        const sameCell = position > 0 && at === since && guardBefore !== first
        if (sameCell && !isCrossed(level, table.smallest)) {
          found.add(first)
          guards.add(first)
        }
      }
    }
    learned.push([...found].sort())
  })
  return [...learned, ...known.slice(learned.length)]
}

/** The level by cell, in key order, cells without tables too. */
export function cellsOf(version: Version, index: number, guards: Guards): readonly Cell[] {
  const level = levelAt(version, index)
  const keys = guardsHere(level, guards.slice(0, index + 1))
  const cells: { from: Uint8Array | null; fragments: Fragment[] }[] = [
    { from: null, fragments: [] },
    ...keys.map((key) => ({ from: fromHex(key), fragments: [] })),
  ]
  level.runs.forEach((run, at) => {
    const height = level.runs.length - 1 - at
    let cell = 0
    for (const table of tablesOf(run)) {
      const first = toHex(table.smallest)
      while (cell < keys.length && keys[cell]! <= first) cell++
      const { fragments } = cells[cell]!
      const last = fragments.at(-1)
      if (last?.run === run)
        fragments[fragments.length - 1] = { ...last, tables: [...last.tables, table] }
      else fragments.push({ run, height, tables: [table] })
    }
  })
  return cells
}

/** All guards of `guards` that no table of the level crosses, ascending. */
function guardsHere(level: Level, guards: Guards): readonly string[] {
  const all = new Set(guards.flat())
  return [...all].filter((key) => !isCrossed(level, fromHex(key))).sort()
}

function isCrossed(level: Level, key: Uint8Array): boolean {
  return level.runs.some((run) => {
    const index = lowerBound(run, key)
    return index < run.totals.tables && toHex(tableAt(run, index).smallest) < toHex(key)
  })
}
