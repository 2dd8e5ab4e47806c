/**
 * Owns the choice of a result from a folder: the newest result of a run, by the time its file was
 * written. Results of suites and of other stores have other names. A damaged file counts too, so
 * that reading it reports the damage.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../base/usage-error.ts'
import { versionsPath } from '../base/version-log.ts'
import { note } from './run-command.ts'

/** The names of run results; those of other stores end in `.peer.json`. */
const RUN_NAME = /^[^.].*-r\d+\.json$/

/**
 * Path of the newest result in `folder`, and a note that it was taken. With `needsVersions` it is
 * the newest that has its versions; if none has, the newest, without a note, since the command will
 * refuse it. Throws `UsageError` if there is no result.
 */
export function takeNewest(command: string, folder: string, needsVersions: boolean): string {
  const paths = newestFirst(folder)
  const [newest] = paths
  if (newest === undefined) throw new UsageError(`${folder}: no result of a run in this folder`)
  const hasVersions = (path: string) => existsSync(versionsPath(path))
  const path = needsVersions ? paths.find(hasVersions) : newest
  if (path === undefined) return newest
  const which = needsVersions ? 'the newest result that has its versions' : 'the newest result'
  note(`${command}: ${path}, ${which} in ${folder}`)
  return path
}

function newestFirst(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && RUN_NAME.test(entry.name))
    .map(({ name }) => {
      const path = join(folder, name)
      return { path, writtenMs: statSync(path).mtimeMs }
    })
    .toSorted((a, b) => b.writtenMs - a.writtenMs || (a.path < b.path ? -1 : 1))
    .map(({ path }) => path)
}
