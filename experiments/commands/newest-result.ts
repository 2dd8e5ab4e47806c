/**
 * Owns the choice of a result from a folder: the newest result of a run, by the time its file was
 * written. Results of suites and of other stores have other names. A damaged file counts too, so
 * that reading it reports the damage.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../base/usage-error.ts'
import { note } from '../cli/run-command.ts'

/** The names of run results; those of other stores end in `.peer.json`. */
const RUN_NAME = /^[^.].*-r\d+\.json$/

/** Whether `path` is a folder. Then its newest result is meant. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Paths of the results in `folder`, newest first. Throws `UsageError` if there is none. */
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

/** Notes which result of the folder the command took. */
export function tellTaken(command: string, path: string, why: string): void {
  note(`${command}: ${path}, ${why}`)
}
