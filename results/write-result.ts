/**
 * Owns atomic writing of files: also after a crash, a reader sees the old file or the new one,
 * never a part. Order: temporary file in the same folder → fsync → rename → fsync of the folder.
 */

import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { assertConsistent } from './consistency/contradictions.ts'
import type { AnyResult } from './identity.ts'
import { isPeerResult, peerResultSchema } from './peer-schema.ts'
import { runResultSchema } from './schema.ts'

/** Writes `content` to `path` and replaces an existing file. The folder must exist. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`)
  try {
    writeSynced(temporary, content)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(folder)
}

/**
 * Checks a result, ours or a peer's, and writes it. Throws a ZodError if it breaks the schema, and
 * an Error if its figures contradict each other; in both cases nothing is written.
 */
export function writeResult(path: string, result: AnyResult): void {
  const schema = isPeerResult(result) ? peerResultSchema : runResultSchema
  const checked = schema.parse(result) as AnyResult
  assertConsistent(checked)
  writeWhole(path, `${JSON.stringify(checked, null, 2)}\n`)
}

function writeSynced(path: string, content: string | Uint8Array): void {
  const descriptor = openSync(path, 'wx')
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function syncFolder(folder: string): void {
  // Windows refuses to open a folder. There, the file system's journal makes the rename durable.
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
