/** Owns folders of tests on disk. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/**
 * A new folder, removed after the test. It lies in memory where the system has a folder for that,
 * so that syncs cost nothing.
 */
export function newDiskFolder(): string {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'varve-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}
