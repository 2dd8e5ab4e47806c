/** Owns the question whether tests can read directly from the folder of temporary files. */

import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directFlag } from '../direct-reads.ts'

/** `TMPFS_MAGIC`: memory needs no cache, so nothing can be seen there. */
const TMPFS = 0x01021994

/** Whether the file system of temporary files is on a device and opens files for direct reads. */
export function hasDirectReads(): boolean {
  if (directFlag === undefined || statfsSync(tmpdir()).type === TMPFS) return false
  const folder = mkdtempSync(join(tmpdir(), 'varve-direct-'))
  try {
    const path = join(folder, 'a')
    writeFileSync(path, 'a')
    closeSync(openSync(path, directFlag))
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}
