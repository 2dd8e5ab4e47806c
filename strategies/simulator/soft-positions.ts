/**
 * Owns soft cuts in a simulation without keys: the engine's rule (`engine/compaction/soft-cuts.ts`)
 * at positions of the key space. Entries are so dense that one lies directly after each soft key.
 */

import { SoftCutWalk } from '../../engine/compaction/soft-cuts.ts'
import type { SoftCuts } from '../../engine/compaction/strategy.ts'
import { keyAt, positionOf } from './key-space.ts'
import type { Measured } from './statistical-table.ts'

export class SoftPositions {
  /** Ascending. */
  readonly #positions: readonly number[]
  readonly #walk: SoftCutWalk
  #next = 0

  constructor(cuts: SoftCuts) {
    this.#positions = cuts.keys.map(positionOf)
    this.#walk = new SoftCutWalk(cuts)
  }

  /** The stretch in pieces that end where soft keys lie. Stretches ascend from call to call. */
  *pieces(stretch: Measured): Generator<Measured, void, undefined> {
    const positions = this.#positions
    let { from } = stretch
    for (;;) {
      while (this.#next < positions.length && positions[this.#next]! <= from) this.#next++
      const position = positions[this.#next] ?? stretch.to
      if (position >= stretch.to) break
      yield partOf(stretch, from, position)
      from = position
    }
    yield from === stretch.from ? stretch : partOf(stretch, from, stretch.to)
  }

  /** The next entry lies at `position`. Positions ascend from call to call. */
  moveTo(position: number): void {
    const key = keyAt(position)
    this.#walk.advance(key, 0, key.length)
  }

  /** Whether the open table, which has `rawBytes`, ends before the next entry. */
  endsTable(rawBytes: number): boolean {
    return this.#walk.endsTable(rawBytes)
  }

  /** A table starts with the next entry. */
  startTable(): void {
    this.#walk.startTable()
  }
}

function partOf(stretch: Measured, from: number, to: number): Measured {
  const { density, entries, dead, rawBytes } = stretch
  const share = (to - from) / (stretch.to - stretch.from)
  return {
    from,
    to,
    density,
    entries: entries * share,
    dead: dead * share,
    rawBytes: rawBytes * share,
  }
}
