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
    return this.#log.push(recordOf(event, atOperation)) - 1
  }

  /** Merges of the whole run that wrote into `level`. */
  mergesInto(level: number): number {
    return this.#mergesByLevel[level] ?? 0
  }

  figures(): Deterministic['events'] {
    return { total: this.#total, log: this.#log }
  }
}

/** Null stands for what the target does not tell. Fields of an event may be getters of a class. */
function recordOf(event: TargetEvent, atOperation: number): ResultEvent {
  return {
    scores: event.scores ?? null,
    candidates: event.candidates ?? null,
    shadowedDropped: event.shadowedDropped ?? null,
    tombstonesDropped: event.tombstonesDropped ?? null,
    peakPhysicalBytes: event.peakPhysicalBytes ?? null,
    kind: event.kind,
    inputs: event.inputs,
    outputs: event.outputs,
    bytesRead: event.bytesRead,
    bytesWritten: event.bytesWritten,
    reason: event.reason,
    atOperation,
  }
}
