/**
 * Owns the arena that waits for the next memtable of a database. Its pages are in memory already,
 * so filling it costs no page faults. Invariant: nobody reads the arena that waits. A memtable
 * gives its arena away at its last release (`memtable.ts`).
 */

import { newArena } from './skiplist.ts'

export class ArenaPool {
  #idle: SharedArrayBuffer | null = null

  /** The idle arena if it has this size, else a new one. Its content is arbitrary. */
  take(bytes: number): SharedArrayBuffer {
    const idle = this.#idle
    this.#idle = null
    return idle?.byteLength === bytes ? idle : newArena(bytes)
  }

  /** One arena is kept, the latest: more would hold memory that a slow flush needed only once. */
  give(arena: SharedArrayBuffer): void {
    this.#idle = arena
  }
}
