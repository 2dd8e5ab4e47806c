/**
 * Owns the views of a reader. It takes new ones from the database, and says which ones it holds, so
 * that the database keeps their tables, segments and memtables.
 *
 * Invariant: the reader uses a view only while the view's number is in a slot of the shared cells.
 * `reader-cells.ts` says why the database cannot miss it.
 */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { invalidArgument, isLsmError, LsmError } from '../../base/errors.ts'
import type { SeqNum } from '../../base/internal-key.ts'
import { MemTable } from '../../memtable/memtable.ts'
import { VisibleSeq } from '../../memtable/visible-seq.ts'
import type { TableId } from '../../version/table-meta.ts'
import { applyEdit, type VersionEdit } from '../../version/version-edit.ts'
import { PinBoard, type ReadView } from '../read-view.ts'
import { HeldViews, NewestView, NO_VIEW } from './reader-cells.ts'
import type { ReaderChannel, ViewMessage } from './reader-channel.ts'

/** The open files of a reader, and its block cache. */
export interface ReaderFiles {
  relevel(table: TableId, level: number): void
  dropTable(table: TableId): void
  dropSegment(segment: number): void
  resizeCache(bytes: number): void
  /** Called once. */
  close(): void
}

/** A view with a slot. */
interface SlottedView {
  readonly slot: number
  /** How many cursors, snapshots and reads under way use it. */
  users: number
}

export class ReaderViews {
  readonly #port: MessagePort
  readonly #folder: string
  readonly #files: ReaderFiles
  readonly #visible: VisibleSeq
  readonly #newest: NewestView
  readonly #held: HeldViews
  /** Keeps open files that views with users reach. */
  readonly #pins = new PinBoard(() => [])
  /** The view after the latest message that was applied. It may be too old to be used. */
  #latest: ReadView
  #latestNumber: number
  /** The view that new reads use, and its number. NO_VIEW: there is none. */
  #current: ReadView
  #number = NO_VIEW
  /** The current view, and older ones with users. */
  readonly #slots = new Map<ReadView, SlottedView>()
  #isClosed = false

  constructor(channel: ReaderChannel, files: ReaderFiles) {
    const { port, folder, visible, newest, held, view, version, memtables } = channel
    this.#port = port
    this.#folder = folder
    this.#files = files
    this.#visible = new VisibleSeq(visible)
    this.#newest = new NewestView(newest)
    this.#held = new HeldViews(held)
    this.#latest = { version, memtables: memtables.map(MemTable.over), generation: 0 }
    this.#latestNumber = view
    this.#current = this.#latest
    // A thread that only waits takes new views too, so that old files can go.
    port.on('message', (message: ViewMessage) => {
      this.#apply(message)
      this.#takeIfPossible()
    })
    port.on('close', () => this.close())
    port.unref()
  }

  /** The newest sequence number that is visible. To be read in `view`, before the next call. */
  now(): SeqNum {
    for (;;) {
      const seq = this.#visible.load()
      // The view has all entries up to `seq` if it is still the newest now, and it stays what it is
      // because its number was stored as held before.
      if (this.#newest.is(this.#number)) return seq
      if (!this.#newest.awaitStoreOf(this.#number)) this.#takeNewest()
    }
  }

  /** The view that belongs to the latest `now`. */
  get view(): ReadView {
    return this.#current
  }

  /**
   * Keeps `view` for reads at `seq` until the returned function is called. It is the current one,
   * or was held before.
   */
  hold(view: ReadView, seq: SeqNum): () => void {
    const slotted = this.#slots.get(view)
    assert(slotted !== undefined, 'the view has a slot')
    slotted.users++
    const unpin = this.#pins.pin(view, seq)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      unpin()
      slotted.users--
      if (slotted.users > 0 || view === this.#current || this.#isClosed) return
      this.#slots.delete(view)
      this.#held.clear(slotted.slot)
      this.#tell()
    }
  }

  /** Throws `LSM_CLOSED` if the reader or its database was closed. */
  assertOpen(): void {
    if (this.#newest.isClosed) this.close()
    if (!this.#isClosed) return
    const folder = this.#folder
    throw new LsmError('LSM_CLOSED', `${folder} or its reader is closed`, { data: { folder } })
  }

  /** Lets go of everything. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#number = NO_VIEW
    this.#pins.close()
    this.#files.close()
    this.#held.clearAll()
    this.#port.close()
  }

  /** For a thread at rest. Without a free slot, or closed, it goes on without the new view. */
  #takeIfPossible(): void {
    try {
      if (this.#latestNumber !== this.#number) this.#takeNewest()
    } catch (error) {
      if (!isLsmError(error)) throw error
    }
  }

  /** Takes the newest view, for `now` to check. Reads under way hold their views. */
  #takeNewest(): void {
    this.assertOpen()
    const before = this.#slots.get(this.#current)
    const isFree = before !== undefined && before.users === 0
    const slot = isFree ? before.slot : this.#freeSlot()
    this.#applyAll()
    if (this.#latestNumber === this.#number) throw this.#missed()
    if (isFree) this.#slots.delete(this.#current)
    this.#held.store(slot, this.#latestNumber)
    this.#number = this.#latestNumber
    this.#current = this.#latest
    this.#slots.set(this.#current, { slot, users: 0 })
    this.#pins.sweep()
    if (isFree) this.#tell()
  }

  /** The database looks at the slots after this. */
  #tell(): void {
    this.#port.postMessage(null)
  }

  #freeSlot(): number {
    const slot = this.#held.freeSlot()
    if (slot >= 0) return slot
    throw invalidArgument(
      `the reader holds ${this.#held.count} old views: close cursors and release snapshots`,
    )
  }

  /** A newer view was published, but its message did not come here. */
  #missed(): LsmError {
    this.assertOpen()
    return invalidArgument('another reader was opened from the same channel: each needs its own')
  }

  #applyAll(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) return
      this.#apply(received.message as ViewMessage)
    }
  }

  #apply({ view, edits, memtables, blockCacheBytes }: ViewMessage): void {
    const before = this.#latest
    const generation = before.generation + 1
    this.#latest = {
      version: edits.reduce(applyEdit, before.version),
      memtables: memtables.map((memtable) =>
        typeof memtable === 'number' ? before.memtables[memtable]! : MemTable.over(memtable),
      ),
      generation,
    }
    this.#latestNumber = view
    for (const edit of edits) this.#doomRemoved(edit, generation)
    this.#files.resizeCache(blockCacheBytes)
  }

  /** Files that the edit removes are closed when no view before `generation` is used. */
  #doomRemoved({ removed, added, segments = {} }: VersionEdit, generation: number): void {
    const files = this.#files
    const reach = {
      fromGeneration: 0,
      untilGeneration: generation,
      afterSeq: -1,
      beforeSeq: Number.POSITIVE_INFINITY,
    }
    const kept = new Set(added.map(({ table }) => table.id))
    for (const { table } of removed) {
      if (!kept.has(table.id)) this.#pins.doom(() => files.dropTable(table.id), reach)
    }
    for (const { level, table } of added) files.relevel(table.id, level)
    for (const segment of segments.spent ?? []) {
      this.#pins.doom(() => files.dropSegment(segment), reach)
    }
    for (const { segment } of segments.removed ?? []) {
      this.#pins.doom(() => files.dropSegment(segment), reach)
    }
  }
}
