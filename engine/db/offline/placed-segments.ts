/**
 * Owns the segments of a new folder that is made of a closed one. Invariant: all of them are
 * complete there; of a segment that a crash left open, the sound part is copied and sealed.
 */

import { segmentName } from '../../manifest/file-names.ts'
import { COMPRESSION_TYPE } from '../../table/compression.ts'
import type { SegmentMeta, Segments } from '../../version/segment-meta.ts'
import { encodeSegmentFooter, encodeSegmentHeader } from '../../vlog/segment-format.ts'
import { copyTo, type FolderPair, placeFile } from '../folder-pair.ts'
import type { FolderContent } from './closed-folder.ts'

/** Copies or links the segments. Returns their metadata in the new folder, where all are complete. */
export function placeSegments(pair: FolderPair, { manifest, recovery }: FolderContent): Segments {
  const placed = Array.from(manifest.segments.values(), (meta): SegmentMeta => {
    const { segment } = meta
    const end = recovery.segments.endOf(segment)
    if (end === undefined) {
      placeFile(pair, segmentName(segment))
      return meta
    }
    const { records, recordBytes, validBytes } = end
    const header = encodeSegmentHeader(COMPRESSION_TYPE.none)
    const whole = encodeSegmentFooter(records)
    const ending = records > 0 ? whole : Uint8Array.from([...header, ...whole])
    copyTo(pair, segmentName(segment), records > 0 ? validBytes : 0, ending)
    return { segment, state: 'sealed', records, recordBytes }
  })
  return new Map(placed.map((meta) => [meta.segment, meta]))
}
