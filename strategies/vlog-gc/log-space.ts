/**
 * Owns what the policies of value-log collection share: how large the log is, how large it may be,
 * and which segments can be cleaned. Pure.
 */

import type {
  CollectSpec,
  SegmentStats,
  ValueLogView,
} from '../../engine/compaction/value-log-policy.ts'

export interface LogSpaceParameters {
  /** Share of live bytes in the capacity that the log is kept at. */
  readonly fillFraction: number
  /** The capacity in bytes; null: referenced bytes ÷ fillFraction. */
  readonly capacityBytes: number | null
}

export interface LogSpace {
  readonly logBytes: number
  readonly capacityBytes: number
}

/** Unsealed bytes count as referenced, because no garbage is known among them. */
export function logSpace(view: ValueLogView, parameters: LogSpaceParameters): LogSpace {
  const sum = (bytes: (segment: SegmentStats) => number) =>
    view.segments.reduce((total, segment) => total + bytes(segment), view.unsealedBytes)
  const logBytes = sum((segment) => segment.recordBytes)
  const { fillFraction, capacityBytes } = parameters
  if (capacityBytes !== null) return { logBytes, capacityBytes }
  return { logBytes, capacityBytes: sum((segment) => segment.referencedBytes) / fillFraction }
}

export function garbageShare({ recordBytes, referencedBytes }: SegmentStats): number {
  return recordBytes === 0 ? 1 : 1 - referencedBytes / recordBytes
}

export function collect(
  { segment, recordBytes, referencedBytes }: SegmentStats,
  space: LogSpace,
): CollectSpec {
  return {
    segment,
    reason: {
      trigger: 'log size',
      formula: 'logBytes > capacityBytes',
      values: { ...space, segment, recordBytes, referencedBytes },
    },
  }
}
