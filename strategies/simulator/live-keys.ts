/**
 * Owns how many keys are alive: keys whose newest version is a put. Their number is expected, class
 * by class. Each key of a class is chosen equally often, so its chance to be alive moves
 * exponentially towards the share of updates among updates and deletes.
 */

import type { KeyModel } from './key-model.ts'
import type { KeyChoice, WriteMix } from './statistical-memtable.ts'

export class LiveKeys {
  readonly #model: KeyModel
  /** Expected live keys of each class. */
  readonly #live: Float64Array

  constructor(model: KeyModel) {
    this.#model = model
    this.#live = new Float64Array(model.classes.length)
  }

  /** Counts keys that live from the start: this many, spread over the classes as `shares` say. */
  begin(keys: number, shares: readonly number[]): void {
    for (const [index, share] of shares.entries()) this.#live[index]! += keys * share
  }

  get total(): number {
    return this.#live.reduce((sum, live) => sum + live, 0)
  }

  write(mix: WriteMix, { draws, existing, inserts }: KeyChoice, writes: number): void {
    const drawn = mix.update + mix.delete
    for (const [index, { keys }] of this.#model.classes.entries()) {
      const chosen = keys * existing[index]!
      let live = this.#live[index]! + writes * mix.insert * inserts[index]!
      if (drawn > 0 && chosen > 0) {
        const target = (chosen * mix.update) / drawn
        live = target + (live - target) * Math.exp((-writes * drawn * draws[index]!) / chosen)
      }
      this.#live[index] = live
    }
  }
}
