/**
 * Owns what a read sees and keeps alive: a version, the memtable over it, and a pin. Invariant: a
 * table's file is deleted only when the table is out of the current version and no pinned view is
 * older than the edit that removed it.
 */

import type { MemTable } from '../memtable/memtable.ts'
import type { TableId } from '../version/table-meta.ts'
import type { Version } from '../version/version.ts'

export interface ReadView {
  readonly version: Version
  readonly memtable: MemTable
  /** Edits installed before this view: orders views and removals. */
  readonly generation: number
}

export class PinBoard {
  readonly #pins = new Map<number, number>()
  readonly #doomed: { readonly id: TableId; readonly generation: number }[] = []
  readonly #remove: (id: TableId) => void

  /** `remove` deletes a table's file; called once per table, when nothing can reach it. */
  constructor(remove: (id: TableId) => void) {
    this.#remove = remove
  }

  /** Keeps everything `view` reaches; call the result once to let go. */
  pin(view: ReadView): () => void {
    const { generation } = view
    this.#pins.set(generation, (this.#pins.get(generation) ?? 0) + 1)
    let held = true
    return () => {
      if (!held) return
      held = false
      const left = this.#pins.get(generation)! - 1
      if (left > 0) this.#pins.set(generation, left)
      else this.#pins.delete(generation)
      this.sweep()
    }
  }

  /** Whether no view is held. */
  get isEmpty(): boolean {
    return this.#pins.size === 0
  }

  /** The edit that began `generation` removed table `id`; views of earlier generations need it. */
  doom(id: TableId, generation: number): void {
    this.#doomed.push({ id, generation })
  }

  /** Deletes what nothing reaches any more. */
  sweep(): void {
    let oldestPin = Number.POSITIVE_INFINITY
    for (const generation of this.#pins.keys()) oldestPin = Math.min(oldestPin, generation)
    while (this.#doomed.length > 0 && this.#doomed[0]!.generation <= oldestPin) {
      this.#remove(this.#doomed.shift()!.id)
    }
  }
}
