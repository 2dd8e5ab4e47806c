/**
 * Owns the cells of a level in key order: a tree of three layers, with about thirty items a node.
 * Each node knows the depth of the deepest cell below it. Persistent data: an edit copies the nodes
 * on its way and shares all others, so a query or an edit costs about the same in any level.
 *
 *   groups    a · · · · · · · · · · · · · · · · · p · · · · · · ·
 *   blocks    a · · · · · g · · · · · l · · · · · p · · · · · · ·
 *   cells     a b · c · d g · h · i k l · m n · o p · q r · s t ·
 *
 * Invariant: no node is empty, and an item's `smallest` is the least key in it.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import { type KeyRange, lastStartingBy } from '../../engine/version/key-range.ts'
import type { RunId } from '../../engine/version/run.ts'

export interface Cell extends KeyRange {
  /** Number of runs that have tables in it. */
  readonly depth: number
  /** The newest of these runs. */
  readonly top: RunId
  readonly rawBytes: number
}

interface Item {
  readonly smallest: Uint8Array
  /** Depth of the deepest cell in it. */
  readonly depth: number
}

interface Node<Content extends Item> extends Item {
  readonly items: readonly Content[]
}

/** Consecutive cells. Edits elsewhere in the level keep the same object. */
export type Block = Node<Cell>
type Group = Node<Block>

/** Part of the key space, [from, to); null stands for no bound. */
export interface Stretch {
  readonly from: Uint8Array | null
  readonly to: Uint8Array | null
}

/** Aimed number of items of a node; edits leave up to twice as many, or fewer. */
const NODE_ITEMS = 32

/** The cells of one level, ascending and without overlap. */
export class Cells {
  readonly #groups: readonly Group[]

  private constructor(groups: readonly Group[]) {
    this.#groups = groups
  }

  static of(cells: readonly Cell[]): Cells {
    return new Cells(nodesOf(nodesOf(cells)))
  }

  /** The last cell that starts at the key or before it, else the first; null if there are none. */
  at(key: Uint8Array): Cell | null {
    const group = itemAt(this.#groups, key)
    return group === undefined ? null : itemAt(itemAt(group.items, key)!.items, key)!
  }

  /** The cells from `at(key)` on. There are no inner generators, because most reads are short. */
  *from(key: Uint8Array): Generator<Cell, void, undefined> {
    for (let group = placeOf(this.#groups, key); group < this.#groups.length; group++) {
      const blocks = this.#groups[group]!.items
      for (let block = placeOf(blocks, key); block < blocks.length; block++) {
        const cells = blocks[block]!.items
        for (let cell = placeOf(cells, key); cell < cells.length; cell++) yield cells[cell]!
      }
    }
  }

  /** The blocks from that of `at(key)` on. */
  *blocksFrom(key: Uint8Array): Generator<Block, void, undefined> {
    for (const group of itemsFrom(this.#groups, key)) yield* itemsFrom(group.items, key)
  }

  /** The blocks from that of `at(key)` on that start at `last` or before it. */
  blocksBetween(key: Uint8Array, last: Uint8Array): readonly Block[] {
    const blocks: Block[] = []
    for (const block of this.blocksFrom(key)) {
      if (compareBytes(block.smallest, last) > 0) break
      blocks.push(block)
    }
    return blocks
  }

  /** The first of the deepest cells after the key, else the first of all. There must be a cell. */
  deepest(after: Uint8Array | null): Cell {
    const depth = depthOf(this.#groups)
    const isNext = (cell: Cell) =>
      cell.depth === depth && (after === null || compareBytes(cell.smallest, after) > 0)
    for (const group of itemsFrom(this.#groups, after)) {
      if (group.depth < depth) continue
      for (const block of itemsFrom(group.items, after)) {
        const next = block.depth < depth ? undefined : block.items.find(isNext)
        if (next !== undefined) return next
      }
    }
    return this.deepest(null)
  }

  /** The cells with more than `depth` runs of tables, ascending. */
  deeperThan(depth: number): readonly Cell[] {
    const isDeeper = (item: Item) => item.depth > depth
    const blocks = this.#groups.filter(isDeeper).flatMap(({ items }) => items.filter(isDeeper))
    return blocks.flatMap(({ items }) => items.filter(isDeeper))
  }

  /** Depth of the deepest cell; 0 if there are no cells. */
  get depth(): number {
    return depthOf(this.#groups)
  }

  /**
   * The cells after tables were added or removed in the ranges. `sweep` computes the cells of a
   * stretch. It is asked for the cells that reach into a range, and for the cell before these,
   * which takes in cells that became too small.
   */
  renewed(ranges: readonly KeyRange[], sweep: (stretch: Stretch) => readonly Cell[]): Cells {
    const blocks: Renewal<Block> = (stretch, own, inside) =>
      nodesOf(renewedItems(contentsOf(own), stretch, inside, sweep))
    const groups: Renewal<Group> = (stretch, own, inside) =>
      nodesOf(renewedItems(contentsOf(own), stretch, inside, blocks))
    return new Cells(renewedItems(this.#groups, { from: null, to: null }, ranges, groups))
  }
}

/** Renews neighbouring items that fill a stretch, after edits in the ranges inside it. */
type Renewal<I extends Item> = (
  stretch: Stretch,
  own: readonly I[],
  inside: readonly KeyRange[],
) => readonly I[]

/** The items of a stretch, where those near a range are renewed. */
function renewedItems<I extends Item>(
  items: readonly I[],
  { from, to }: Stretch,
  ranges: readonly KeyRange[],
  renew: Renewal<I>,
): readonly I[] {
  const renewed: I[] = []
  let taken = 0
  for (const { first, last, inside } of spansOf(items, ranges)) {
    while (taken < first) renewed.push(items[taken++]!)
    taken = last + 1
    const stretch = {
      from: first === 0 ? from : items[first]!.smallest,
      to: items[taken]?.smallest ?? to,
    }
    for (const item of renew(stretch, items.slice(first, taken), inside)) renewed.push(item)
  }
  while (taken < items.length) renewed.push(items[taken++]!)
  return renewed
}

/** Neighbouring items, by index, and the ranges that reach into them. */
interface Span {
  readonly first: number
  last: number
  readonly inside: KeyRange[]
}

/** The items that the ranges reach into, each with the item before; ascending, disjoint. */
function spansOf(items: readonly Item[], ranges: readonly KeyRange[]): readonly Span[] {
  const spans = ranges
    .map((range): Span => {
      const first = Math.max(lastStartingBy(items, range.smallest) - 1, 0)
      return { first, last: Math.max(lastStartingBy(items, range.largest), 0), inside: [range] }
    })
    .sort((a, b) => a.first - b.first)
  const apart: Span[] = []
  for (const span of spans) {
    const before = apart.at(-1)
    if (before === undefined || before.last < span.first) {
      apart.push(span)
      continue
    }
    before.last = Math.max(before.last, span.last)
    before.inside.push(...span.inside)
  }
  return apart
}

/** Groups the items into nodes of about equal size. */
function nodesOf<I extends Item>(items: readonly I[]): readonly Node<I>[] {
  const count = Math.ceil(items.length / NODE_ITEMS)
  return Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * items.length) / count)
    const own = items.slice(from, Math.floor(((at + 1) * items.length) / count))
    return { smallest: own[0]!.smallest, depth: depthOf(own), items: own }
  })
}

function contentsOf<I extends Item>(nodes: readonly Node<I>[]): readonly I[] {
  return nodes.flatMap(({ items }) => items)
}

function depthOf(items: readonly Item[]): number {
  return items.reduce((most, { depth }) => Math.max(most, depth), 0)
}

function itemAt<I extends Item>(items: readonly I[], key: Uint8Array): I | undefined {
  return items[placeOf(items, key)]
}

/** Index of the last item that starts at the key or before it; 0 if none does. */
function placeOf(items: readonly Item[], key: Uint8Array): number {
  return Math.max(lastStartingBy(items, key), 0)
}

/** Items from the last that starts at the key or before it; all of them if none does. */
export function itemsFrom<I extends Item>(
  items: readonly I[],
  key: Uint8Array | null,
): readonly I[] {
  const at = key === null ? 0 : lastStartingBy(items, key)
  return at <= 0 ? items : items.slice(at)
}
