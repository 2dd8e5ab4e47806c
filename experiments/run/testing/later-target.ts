/**
 * Owns a target for tests that answers later. A write happens at once and its promise ends later; a
 * read happens later, as on a thread of the store.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Answer, CountedTarget, EntrySink } from '../../base/target.ts'
import type { VarveTarget } from '../../targets/varve-target.ts'

/** In one of this many calls the answer takes a turn of the event loop, otherwise a microtask. */
const TURN_CALLS = 50

export class LaterTarget implements CountedTarget {
  readonly #target: VarveTarget
  #calls = 0

  constructor(target: VarveTarget) {
    this.#target = target
  }

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.#later(this.#target.put(key, value))
  }

  delete(key: Uint8Array): Promise<void> {
    return this.#later(this.#target.delete(key))
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#later(undefined)
    return this.#target.get(key)
  }

  async scan(from: Uint8Array, entries: number, sink?: EntrySink | null): Promise<number> {
    await this.#later(undefined)
    return this.#target.scan(from, entries, sink)
  }

  drain(): Promise<void> {
    return this.#later(this.#target.drain())
  }

  close(): Promise<void> {
    return this.#later(this.#target.close())
  }

  get scannedBytes() {
    return this.#target.scannedBytes
  }

  get getCounters() {
    return this.#target.getCounters
  }

  get scanCounters() {
    return this.#target.scanCounters
  }

  stats() {
    return this.#target.stats()
  }

  liveFileBytes() {
    return this.#target.liveFileBytes()
  }

  tableBytes() {
    return this.#target.tableBytes()
  }

  async #later<Value>(answer: Answer<Value>): Promise<Value> {
    if (++this.#calls % TURN_CALLS === 0) await nextTurn()
    return answer
  }
}
