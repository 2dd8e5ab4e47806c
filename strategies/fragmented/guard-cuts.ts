/**
 * Owns where a merge into a level is cut: at the guards of its cells (`guards.ts`), and where a cell is
 * empty. One that was handed on is known by what the next level (`deeper`) has in whole cells between
 * the neighbours, at least `bytesMin`; where that is less, there is a crack between two keys.
 *
 *   cells     [- a -]                [---- d ----]
 *   deeper     [-] [-]  [b] [--]   [-c-] [-] [--]
 *   cuts      |         |          |
 *
 * Cuts at a block of cells are remembered with the blocks of the next level beside it: memory only. A
 * merge that is cut at thousands of guards looks again at those near which something was edited.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { type Block, type Cell, type Cells, itemsFrom } from './cells.ts'

/** What goes to one cell of the level, or to a place where it has none. */
export interface Part {
  readonly from: Uint8Array
  readonly on: Cell | null
}

/** The level below the one that is cut, and what it must have for a cell to be empty. */
interface Below {
  readonly deeper: Cells
  readonly bytesMin: number
}

/** The range in parts, ascending, one at least; what comes before the first is part of it. */
export function partsOf(
  { smallest, largest }: KeyRange,
  cells: Cells,
  deeper: Cells,
  bytesMin: number,
): readonly Part[] {
  const below = { deeper, bytesMin }
  const parts: Part[] = []
  /** The last cell that starts before what is looked at. */
  let before: Cell | null = null
  for (const block of cells.blocksFrom(smallest)) {
    const last = block.items.at(-1)!
    if (before !== null && !isLess(before.largest, smallest) && !isLess(largest, last.smallest)) {
      for (const part of partsOn(block, before, below)) parts.push(part)
      before = last
      continue
    }
    for (const part of partsAmong(itemsFrom(block.items, smallest), before, smallest, below)) {
      const isBeyond = isLess(largest, part.from)
      if (isBeyond && parts.length > 0) return parts
      if (!isBeyond || part.on !== null) parts.push(part)
    }
    before = last
  }
  if (before === null || parts.length === 0) return [{ from: smallest, on: null }]
  const from = isLess(before.largest, smallest) ? smallest : before.largest
  const guard = emptyFrom(from, null, below)
  if (guard !== null && !isLess(largest, guard)) parts.push({ from: guard, on: null })
  return parts
}

/** Parts at cells that follow one another, of a range that starts before the last of them ends. */
function* partsAmong(
  cells: readonly Cell[],
  before: Cell | null,
  smallest: Uint8Array,
  below: Below,
): Generator<Part, void, undefined> {
  let last = before
  for (const cell of cells) {
    if (isLess(smallest, cell.smallest)) {
      const from = last === null || isLess(last.largest, smallest) ? smallest : last.largest
      const guard = emptyFrom(from, cell, below)
      if (guard !== null) yield { from: guard, on: null }
      yield { from: guardOf(cell, last, below), on: cell }
    } else if (!isLess(cell.largest, smallest)) yield { from: smallest, on: cell }
    last = cell
  }
}

/** The parts at a block's cells, and what they are a function of. */
interface Remembered {
  readonly before: Cell
  readonly beside: readonly Block[]
  readonly bytesMin: number
  readonly parts: readonly Part[]
}

const remembered = new WeakMap<Block, Remembered>()

/** The parts at all of a block's cells, of a range that starts in the cell before or before that. */
function partsOn(block: Block, before: Cell, below: Below): readonly Part[] {
  const { deeper, bytesMin } = below
  const beside = deeper.blocksBetween(before.largest, block.items.at(-1)!.smallest)
  const known = remembered.get(block)
  if (
    known?.before === before &&
    known.bytesMin === bytesMin &&
    known.beside.length === beside.length &&
    known.beside.every((other, at) => other === beside[at])
  ) {
    return known.parts
  }
  const parts = [...partsAmong(block.items, before, before.largest, below)]
  remembered.set(block, { before, beside, bytesMin, parts })
  return parts
}

/** Where the next level has so many bytes in whole cells after `from` and before `next`, or null. */
function emptyFrom(
  from: Uint8Array,
  next: Cell | null,
  { deeper, bytesMin }: Below,
): Uint8Array | null {
  let guard: Uint8Array | null = null
  let bytes = 0
  for (const cell of deeper.from(from)) {
    if (next !== null && !isLess(cell.largest, next.smallest)) return null
    if (!isLess(from, cell.smallest)) continue
    guard ??= cell.smallest
    bytes += cell.rawBytes
    if (bytes >= bytesMin) return guard
  }
  return null
}

/**
 * The guard at which the cell begins. Where a cell of the next level begins between it and the cell
 * before, and reaches into it, that one's: were the two a few keys apart, each merge into there
 * would leave these in a table of their own.
 */
function guardOf({ smallest }: Cell, before: Cell | null, { deeper }: Below): Uint8Array {
  const reaching = deeper.at(smallest)
  if (reaching === null || isLess(reaching.largest, smallest)) return smallest
  if (isLess(smallest, reaching.smallest)) return smallest
  return before === null || isLess(before.largest, reaching.smallest) ? reaching.smallest : smallest
}

function isLess(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) < 0
}
