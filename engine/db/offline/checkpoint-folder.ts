/**
 * Owns checkpoints of a closed folder. Invariant: the new folder holds what an open of the old one
 * would find, and the old one is only read.
 */

import type { Storage } from '../../storage/storage.ts'
import { type CheckpointReport, fillCheckpoint } from '../checkpoint.ts'
import type { ReplayReport } from '../events.ts'
import { fillFolder } from '../folder-pair.ts'
import { checkPlace } from '../open-options.ts'
import { readContent, withClosedFolder } from './closed-folder.ts'
import { placeSegments } from './placed-segments.ts'

/**
 * Makes a checkpoint of the closed folder `name` in `toName`, which must be missing or empty, in
 * `target` or else in the same storage. Batches in the logs go into a new log, as an open would
 * recover them; `replay` says what was left out. Errors: as `exportDatabase`.
 */
export function checkpointFolder(
  source: Storage,
  name: string,
  toName: string,
  target: Storage = source,
): CheckpointReport & { readonly replay: ReplayReport } {
  checkPlace(target, toName, 'the folder of the checkpoint')
  const to = target.resolve(toName)
  return withClosedFolder(source, name, (folder) => {
    const content = readContent(source, folder)
    const pair = { source, folder, target, to }
    return fillFolder(pair, () => {
      const segments = placeSegments(pair, content)
      const { replay, report } = content.recovery
      const state = { ...content.manifest, segments }
      return { ...fillCheckpoint(pair, state, replay.batches, replay.lastSeq), replay: report }
    })
  })
}
