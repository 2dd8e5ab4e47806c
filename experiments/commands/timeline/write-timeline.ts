/**
 * Owns the work of `varve timeline`: from one or two results with their recorded edits to one HTML
 * page that shows the tree as it grew.
 */
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { shellText } from '../../../results/shell-text.ts'
import { writeWhole } from '../../../results/write-result.ts'
import { checkOutFileMade } from '../../base/check-out.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { readText } from '../../base/read-text.ts'
import { UsageError, usageOf } from '../../base/usage-error.ts'
import { parseVersionLog, versionsPath } from '../../base/version-log.ts'
import type { Arguments } from '../../cli/arguments.ts'
import { readRunResult } from '../../cli/read-documents.ts'
import { sayWritten } from '../../cli/run-command.ts'
import { type RecordedRun, timelineOf } from '../../timeline/timeline-data.ts'
import { timelinePage } from '../../timeline/timeline-page.ts'
import { isFolder, newestResults, tellTaken } from '../newest-result.ts'

const RUNS_MAX = 2

export function writeTimeline({ operands, flags }: Arguments): number {
  if (operands.length > RUNS_MAX) {
    throw new UsageError(`${operands.length} results: a timeline shows one, or two side by side`)
  }
  const paths = operands.map((operand) => (isFolder(operand) ? newestIn(operand) : operand))
  const recorded = paths.map(readRecorded)
  const names = paths.map((path) => basename(path, '.json'))
  const out = flags.get('out')?.at(-1) ?? join('out', `timeline-${names.join('-beside-')}.html`)
  checkOutFileMade('out', out)
  const page = timelinePage(usageOf(() => timelineOf(recorded)))
  makeFolder(dirname(out))
  writeWhole(out, page)
  return sayWritten(out)
}

/** The newest result that has versions; the newest of all if none has. */
function newestIn(folder: string): string {
  const paths = newestResults(folder)
  const path = paths.find((path) => existsSync(versionsPath(path)))
  if (path === undefined) return paths[0]!
  tellTaken('timeline', path, `the newest result that has its versions in ${folder}`)
  return path
}

function readRecorded(path: string): RecordedRun {
  const result = readRunResult(path)
  const versions = versionsPath(path)
  if (!existsSync(versions)) {
    const again = `${shellText(result.command)} --versions`
    throw new UsageError(`${versions} does not exist; run again with --versions: ${again}`)
  }
  return { result, events: usageOf(() => parseVersionLog(readText(versions), versions)) }
}
