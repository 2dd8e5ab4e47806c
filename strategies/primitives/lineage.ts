/**
 * Owns what picks remember of runs. A pick sees the same runs as the pick before, edited in a few
 * places, so most of what was computed still holds. Runs share the chunks that no edit touched, and
 * comparing chunk references finds the edited places. What is remembered is a function of the run:
 * forgetting it makes a pick slower and changes nothing else.
 */

import { hull, type KeyRange } from '../../engine/version/key-range.ts'
import type { Chunk, Run } from '../../engine/version/run.ts'
import type { TableMeta } from '../../engine/version/table-meta.ts'

/** A place where two lists differ: `before` [beforeFrom, beforeTo) became `after` [from, to). */
export interface Hole {
  readonly beforeFrom: number
  readonly beforeTo: number
  readonly from: number
  readonly to: number
}

/** Number of elements of both lists that are compared before a hash map is used. */
const NARROW = 24

/** Where the lists differ, ascending. Compares references; common elements are in equal order. */
export function holesBetween<T extends object>(
  listBefore: readonly T[],
  listAfter: readonly T[],
): readonly Hole[] {
  const before = unfrozen(listBefore)
  const after = unfrozen(listAfter)
  const holes: Hole[] = []
  let left = 0
  let right = 0
  for (;;) {
    while (left < before.length && right < after.length && before[left] === after[right]) {
      left++
      right++
    }
    if (left === before.length && right === after.length) return holes
    const hole = holeFrom(before, after, left, right)
    holes.push(hole)
    left = hole.beforeTo
    right = hole.to
  }
}

/** V8 reads frozen lists, as those of a copied view are, several times slower than their copies. */
function unfrozen<T>(list: readonly T[]): readonly T[] {
  return Object.isFrozen(list) ? [...list] : list
}

/** The hole up to the next element that is in both lists, or up to their ends. */
function holeFrom<T extends object>(
  before: readonly T[],
  after: readonly T[],
  left: number,
  right: number,
): Hole {
  for (let both = 1; both <= NARROW; both++) {
    for (let skipped = 0; skipped <= both; skipped++) {
      const beforeTo = left + skipped
      const to = right + both - skipped
      if (beforeTo < before.length && to < after.length && before[beforeTo] === after[to]) {
        return { beforeFrom: left, beforeTo, from: right, to }
      }
    }
  }
  const rest = new Map<T, number>()
  for (let at = right; at < after.length; at++) rest.set(after[at]!, at)
  for (let at = left; at < before.length; at++) {
    const to = rest.get(before[at]!)
    if (to !== undefined) return { beforeFrom: left, beforeTo: at, from: right, to }
  }
  return { beforeFrom: left, beforeTo: before.length, from: right, to: after.length }
}

/** Values known of a list's elements, at their new places; NaN for new elements. Owned. */
export function carriedOver(before: readonly number[], holes: readonly Hole[]): number[] {
  const after = before.slice()
  for (const { beforeFrom, beforeTo, from, to } of holes.toReversed()) {
    const unknown = Array.from({ length: to - from }, () => Number.NaN)
    after.splice(beforeFrom, beforeTo - beforeFrom, ...unknown)
  }
  return after
}

/** Key ranges in which two runs differ, found by comparing their chunks. */
export function changedRanges(
  before: readonly Chunk[],
  after: readonly Chunk[],
): readonly KeyRange[] {
  if (before === after) return []
  return holesBetween(before, after).flatMap((edited) => {
    const old = tablesOfChunks(before, edited.beforeFrom, edited.beforeTo)
    const fresh = tablesOfChunks(after, edited.from, edited.to)
    return holesBetween(old, fresh).map(({ beforeFrom, beforeTo, from, to }) => {
      return hull([...endsOf(old, beforeFrom, beforeTo), ...endsOf(fresh, from, to)])!
    })
  })
}

/** The first and the last of the tables [from, to); none if that is empty. */
function endsOf(tables: readonly TableMeta[], from: number, to: number): readonly TableMeta[] {
  return from === to ? [] : [tables[from]!, tables[to - 1]!]
}

export function tablesOfChunks(
  chunks: readonly Chunk[],
  from: number,
  to: number,
): readonly TableMeta[] {
  return joined(chunks.slice(from, to).map(({ tables }) => tables))
}

/** The lists joined into one; a single list itself. `flat` takes several times as long. */
export function joined<T>(lists: readonly (readonly T[])[]): readonly T[] {
  return lists.length === 1 ? lists[0]! : ([] as T[]).concat(...lists)
}

/** Enough for the levels of a few trees. */
const LINEAGES_MAX = 32
const PROBES = 8

/** Remembers what is known of the runs that were met last, in their latest form. */
export class Lineages<Known extends { readonly run: Run }> {
  /** Latest first. */
  #known: Known[] = []

  /** What is known of an earlier form of the run. */
  ancestor(run: Run): Known | undefined {
    return this.#known.find((known) => known.run.id === run.id && areRelated(known.run, run))
  }

  /** Remembers `known` in place of its ancestor, if any. */
  keep(known: Known, ancestor: Known | undefined): void {
    const others = this.#known.filter((other) => other !== ancestor)
    this.#known = [known, ...others.slice(0, LINEAGES_MAX - 1)]
  }
}

/** One edit may replace every chunk of a run this short. */
const SHORT_CHUNKS = 2

function areRelated(before: Run, after: Run): boolean {
  if (haveCommonChunk(before, after)) return true
  if (Math.max(before.chunks.length, after.chunks.length) > SHORT_CHUNKS) return false
  return [0, -1].some((end) => {
    const [old, fresh] = [before.chunks.at(end), after.chunks.at(end)]
    return old !== undefined && fresh !== undefined && haveCommonElement(old.tables, fresh.tables)
  })
}

function haveCommonChunk(before: Run, after: Run): boolean {
  return haveCommonElement(before.chunks, after.chunks)
}

/** Compares a few elements from either end, since edits move those in between. */
function haveCommonElement<T extends object>(before: readonly T[], after: readonly T[]): boolean {
  const samples = Math.min(PROBES, before.length, after.length)
  for (let at = 0; at < samples; at++) {
    if (before[at] === after[at] || before.at(-1 - at) === after.at(-1 - at)) return true
  }
  return false
}
