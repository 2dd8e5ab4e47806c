/**
 * Owns the record of background work during a run: the first events in full, and the count of all.
 * Each event has the operation during which it happened, which is the same in every run.
 */
import type { Deterministic, ResultEvent } from '../../results/schema.ts'
import type { TargetEvent } from '../base/target.ts'

const EVENTS_KEPT_MAX = 2000

export class EventLog {
  readonly #log: ResultEvent[] = []
  readonly #mergesByLevel: number[] = []
  #total = 0

  /** Returns the event's index in the log; null when the log is full. */
  add(event: TargetEvent, atOperation: number): number | null {
    this.#total++
    if (event.kind === 'merge') {
      for (const { level } of event.outputs) {
        this.#mergesByLevel[level] = (this.#mergesByLevel[level] ?? 0) + 1
      }
    }
    if (this.#log.length === EVENTS_KEPT_MAX) return null
    return this.#log.push({ ...NOT_TOLD, ...event, atOperation }) - 1
  }

  /** Merges of the whole run that wrote into `level`. */
  mergesInto(level: number): number {
    return this.#mergesByLevel[level] ?? 0
  }

  figures(): Deterministic['events'] {
    return { total: this.#total, log: this.#log }
  }
}

const NOT_TOLD = {
  scores: null,
  candidates: null,
  shadowedDropped: null,
  tombstonesDropped: null,
  peakPhysicalBytes: null,
}
