/**
 * Owns which result a command on one run takes where it is given a folder: the newest, by the time
 * its file was written. Results of suites and of other stores have other names; a newer file that
 * is damaged is taken, so that reading it says what is wrong.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../base/usage-error.ts'

/** As runs name their results; those of other stores end in `.peer.json`. */
const RUN_NAME = /^[^.].*-r\d+\.json$/

/** Whether `path` is a folder, whose newest result is meant. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Paths of the results in `folder`, newest first. Throws `UsageError` where there is none. */
export function newestResults(folder: string): readonly string[] {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && RUN_NAME.test(entry.name))
    .map(({ name }) => {
      const path = join(folder, name)
      return { path, writtenMs: statSync(path).mtimeMs }
    })
    .toSorted((a, b) => b.writtenMs - a.writtenMs || (a.path < b.path ? -1 : 1))
  if (files.length === 0) throw new UsageError(`${folder}: no result of a run in this folder`)
  return files.map(({ path }) => path)
}

/** Says on standard error which result of the folder a command took. */
export function tellTaken(command: string, path: string, why: string): void {
  process.stderr.write(`${command}: ${path}, ${why}\n`)
}
