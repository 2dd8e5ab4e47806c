/**
 * Owns the shared memory between a database and its reading threads: the number of the newest view,
 * which all readers load, and for each reader the numbers of the views that it holds.
 *
 * How a view is handed over without a lock (hazard pointers, Michael 2004):
 *
 *   database                              reader
 *   1. post view n to every reader        a. take the messages up to view n
 *   2. store n as the newest              b. store n as held
 *   3. load what the readers hold         c. load the newest; if it is not n, go back to a
 *
 * A reader may take n before the database stores it. Then c finds the view before n, and the reader
 * waits for 2, which follows at once.
 *
 * Each read begins with c. Invariant: a reader uses view n only after c found n. Atomic operations
 * have one order that all threads see. If c finds n, b comes before the 2 of any later view, so the
 * 3 after it finds n held. If c comes later than that 2, the reader does not use n. So the database
 * may release what it keeps for an old view as soon as a 3 finds it held by no reader.
 */

/** The number of no view, and of a slot that is free. */
export const NO_VIEW = 0
/** Stands in place of the newest view when the database is closed. */
const CLOSED = -1

/** Views are numbered from 1 to this, and then from 1 again. */
const VIEW_MAX = 2 ** 31 - 1

/** The number of the view after this one. */
export function viewAfter(view: number): number {
  return view === VIEW_MAX ? 1 : view + 1
}

/** A wait for a number that is about to be stored looks again after so many milliseconds. */
const STORE_CHECK_MS = 1

/** Different views that a reader can hold at a time. */
const SLOTS = 256

/** Posting it shares the memory. */
export type SharedCells = Int32Array<SharedArrayBuffer>

function newCells(count: number): SharedCells {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT))
}

/** The number of the newest view. Each is stored here once. */
export class NewestView {
  readonly cells: SharedCells

  constructor(cells = newCells(1)) {
    this.cells = cells
  }

  publish(view: number): void {
    Atomics.store(this.cells, 0, view)
  }

  close(): void {
    Atomics.store(this.cells, 0, CLOSED)
  }

  get isClosed(): boolean {
    return Atomics.load(this.cells, 0) === CLOSED
  }

  /**
   * Whether `view` comes right after the newest one: it was posted, and its number will be stored
   * at once. Waits for that, but not for long.
   */
  awaitStoreOf(view: number): boolean {
    const newest = Atomics.load(this.cells, 0)
    if (newest < 1 || viewAfter(newest) !== view) return false
    Atomics.wait(this.cells, 0, newest, STORE_CHECK_MS)
    return true
  }

  /** Whether `view` is the newest one. False once the database is closed. */
  is(view: number): boolean {
    return Atomics.load(this.cells, 0) === view
  }
}

/** The views that one reader holds. Only the reader's thread stores. */
export class HeldViews {
  readonly cells: SharedCells

  constructor(cells = newCells(SLOTS)) {
    this.cells = cells
  }

  /** Whether the reader holds the view. */
  has(view: number): boolean {
    for (let slot = 0; slot < this.cells.length; slot++) {
      if (Atomics.load(this.cells, slot) === view) return true
    }
    return false
  }

  /** How many views the reader can hold. */
  get count(): number {
    return this.cells.length
  }

  /** The index of a slot that is free, or −1 if all are in use. */
  freeSlot(): number {
    return this.cells.indexOf(NO_VIEW)
  }

  store(slot: number, view: number): void {
    Atomics.store(this.cells, slot, view)
  }

  clear(slot: number): void {
    Atomics.store(this.cells, slot, NO_VIEW)
  }
  clearAll(): void {
    for (let slot = 0; slot < this.cells.length; slot++) this.clear(slot)
  }
}
