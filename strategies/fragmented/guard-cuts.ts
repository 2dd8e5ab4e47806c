/**
 * Owns where a merge into a level is cut: at the guards of its cells (`guards.ts`), and at empty
 * cells. A cell that was emptied is recognised by the complete cells that the next level (`deeper`)
 * has between its neighbours. If these have fewer than `bytesMin` bytes, it is ignored.
 *
 *   cells     [- a -]                [---- d ----]
 *   deeper     [-] [-]  [b] [--]   [-c-] [-] [--]
 *   cuts      |         |          |
 *
 * The cuts at a block of cells are remembered together with the blocks of the next level beside it.
 * So a merge that is cut at thousands of guards computes only those near an edit again.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import type { KeyRange } from '../../engine/version/key-range.ts'
import { type Block, type Cell, type Cells, itemsFrom } from './cells.ts'

/** The part of a merge that goes to one cell of the level, or to an empty one. */
export interface Part {
  readonly from: Uint8Array
  readonly on: Cell | null
}

/** The next level, and the bytes it must have in a gap to make this an empty cell. */
interface Below {
  readonly deeper: Cells
  readonly bytesMin: number
}

/** Cuts the range into parts, at least one, ascending. Keys before the first part belong to it. */
export function partsOf(
  { smallest, largest }: KeyRange,
  cells: Cells,
  deeper: Cells,
  bytesMin: number,
): readonly Part[] {
  const below = { deeper, bytesMin }
  const parts: Part[] = []
  /** The cell before the block. */
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

/** The parts at consecutive cells, of a range that starts before the last of them ends. */
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

/** The parts at a block's cells, and everything that they depend on. */
interface Remembered {
  readonly before: Cell
  readonly beside: readonly Block[]
  readonly bytesMin: number
  readonly parts: readonly Part[]
}

const remembered = new WeakMap<Block, Remembered>()

/** The parts at all cells of a block. The range starts in the cell `before` or before that. */
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

/** The guard of the empty cell between `from` and `next`; null if there is none. */
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
 * The guard at which the cell begins. If a cell of the next level begins between this cell and the
 * one before, and reaches into this one, its guard is taken. Otherwise two guards could be a few
 * keys apart, and each merge into there would write a table for these few keys.
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
