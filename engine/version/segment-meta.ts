/**
 * Owns the manifest's list of value-log segments and the state of each. It is pure data beside the
 * version: the tree's shape does not depend on it.
 *
 *   open     being written; the log points into it, no table does
 *   sealed   complete; tables point into it
 *   spent    holds no live value, so its data may go; old pointers of tables still name it
 *
 * Invariant: a segment that a table points to is sealed or spent.
 */

import { assert } from '../base/assert.ts'

/** One segment of the value log. */
export interface SegmentMeta {
  /** The file's number. */
  readonly segment: number
  readonly state: 'open' | 'sealed' | 'spent'
  /** 0 while it is open. */
  readonly records: number
  /** Σ bytes of the records, including their headers; 0 while the segment is open. */
  readonly recordBytes: number
}

export type SealedSegment = Pick<SegmentMeta, 'segment' | 'records' | 'recordBytes'>

/** By number, ascending. */
export type Segments = ReadonlyMap<number, SegmentMeta>

export const NO_SEGMENTS: Segments = new Map()

/** The part of a version edit about segments. Its fields are applied in this order. */
export interface SegmentsEdit {
  readonly opened?: readonly number[]
  readonly sealed?: readonly SealedSegment[]
  readonly spent?: readonly number[]
  /** Removed segments, as they were when they were removed. */
  readonly removed?: readonly SealedSegment[]
}

/** Applies `edit`. An edit that names an unknown segment is a bug or damage, and throws. */
export function applySegmentsEdit(segments: Segments, edit: SegmentsEdit | undefined): Segments {
  if (edit === undefined) return segments
  const next = new Map(segments)
  for (const segment of edit.opened ?? []) {
    assert(!next.has(segment), `segment ${segment} is opened twice`)
    next.set(segment, { segment, state: 'open', records: 0, recordBytes: 0 })
  }
  for (const { segment, records, recordBytes } of edit.sealed ?? []) {
    assert((next.get(segment)?.state ?? 'open') === 'open', `segment ${segment} is sealed twice`)
    next.set(segment, { segment, state: 'sealed', records, recordBytes })
  }
  for (const segment of edit.spent ?? []) {
    const known = next.get(segment)
    assert(known?.state === 'sealed', `segment ${segment} is not there to be spent`)
    next.set(segment, { ...known, state: 'spent' })
  }
  for (const { segment } of edit.removed ?? []) {
    assert(next.delete(segment), `segment ${segment} is not there to be removed`)
  }
  return new Map([...next].sort(([a], [b]) => a - b))
}

/** The edit that creates `segments` from an empty list. */
export function segmentsSnapshot(segments: Segments): SegmentsEdit | undefined {
  if (segments.size === 0) return undefined
  const all = [...segments.values()]
  const numbers = (state: SegmentMeta['state']) =>
    all.filter((meta) => meta.state === state).map(({ segment }) => segment)
  const opened = numbers('open')
  const spent = numbers('spent')
  const sealed = all
    .filter(({ state }) => state !== 'open')
    .map(({ segment, records, recordBytes }) => ({ segment, records, recordBytes }))
  return {
    ...(opened.length > 0 && { opened }),
    ...(sealed.length > 0 && { sealed }),
    ...(spent.length > 0 && { spent }),
  }
}
