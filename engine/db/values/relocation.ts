/** Owns how a merge's relocation is made, in the thread of the database and in others. */

import type { ValueMoves, ValueRelocation } from '../../compaction/value-relocation.ts'
import { segmentName } from '../../manifest/file-names.ts'
import { joinPath } from '../../storage/storage.ts'
import type { SegmentHandles, ValueAccount } from '../../vlog/segment-handles.ts'
import { SegmentAppender, type SegmentAppenderParts } from './segment-appender.ts'
import { ValueMover } from './value-mover.ts'

export type RelocationParts = Pick<
  SegmentAppenderParts,
  'storage' | 'folder' | 'numbers' | 'options'
>

/** Moves values out of the segments of `moves`, which `handles` reads on `account`. */
export function relocationOf(
  { storage, folder, numbers, options }: RelocationParts,
  { segments }: ValueMoves,
  handles: SegmentHandles,
  account: ValueAccount,
): ValueRelocation {
  const appender = new SegmentAppender({
    storage,
    folder,
    numbers,
    options,
    pathOf: (segment) => segmentPath(folder, segment),
    cause: 'vlog-gc',
    announce: () => {},
  })
  return new ValueMover(new Set(segments), handles, appender, account)
}

export function segmentPath(folder: string, segment: number): string {
  return joinPath(folder, segmentName(segment))
}
