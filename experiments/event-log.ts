/**
 * Owns the record of background work during a run: the first events in full, and how many there
 * were. Each carries the operation it happened at, since time would differ from run to run.
 */
import type { Deterministic, ResultEvent } from '../results/schema.ts'
import type { TargetEvent } from './target.ts'

const EVENTS_KEPT_MAX = 2000

export class EventLog {
  readonly #log: ResultEvent[] = []
  #total = 0

  add(event: TargetEvent, atOperation: number): void {
    this.#total++
    if (this.#log.length < EVENTS_KEPT_MAX) this.#log.push({ ...event, atOperation })
  }

  figures(): Deterministic['events'] {
    return { total: this.#total, log: this.#log }
  }
}
