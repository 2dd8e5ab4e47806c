/**
 * Owns the lanes of jobs that overlap: each job from the edit after which it started to its own
 * edit. Jobs in one lane follow each other. It runs in the page and in tests.
 */
import type { TimelineEdit } from './timeline-run.ts'

export interface JobSpan {
  /** Number of edits that were done when the job started … */
  readonly from: number
  /** … and with its own. */
  readonly to: number
  readonly kind: TimelineEdit['kind']
  /** The lowest lane that is free when it starts. */
  readonly lane: number
}

/** Empty if no edit has a `startedAfter`: nothing ran beside the operations. */
export function lanesOf(edits: readonly TimelineEdit[]): readonly JobSpan[] {
  const spans = edits.flatMap(({ kind, startedAfter }, index) => {
    return startedAfter === undefined ? [] : [{ from: startedAfter, to: index + 1, kind }]
  })
  const busyUntil: number[] = []
  const placed = spans
    .toSorted((a, b) => a.from - b.from || a.to - b.to)
    .map((span) => {
      const free = busyUntil.findIndex((to) => to <= span.from)
      const lane = free < 0 ? busyUntil.length : free
      busyUntil[lane] = span.to
      return { ...span, lane }
    })
  return placed.toSorted((a, b) => a.to - b.to)
}
