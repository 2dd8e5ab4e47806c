/**
 * Owns the work of `varve timeline`: from one or two results with their recorded edits to one HTML
 * page that shows the tree as it grew.
 */
import { basename, dirname, join } from 'node:path'
import { writeWhole } from '../../../results/write-result.ts'
import { checkOutFileMade } from '../../base/check-out.ts'
import { isFolder, makeFolder } from '../../base/make-folder.ts'
import { UsageError, usageOf } from '../../base/usage-error.ts'
import type { Arguments } from '../../cli/arguments.ts'
import { takeNewest } from '../../cli/newest-result.ts'
import { readRunResult, readVersions } from '../../cli/read-documents.ts'
import { sayWritten } from '../../cli/run-command.ts'
import { type RecordedRun, timelineOf } from '../../timeline/timeline-data.ts'
import { timelinePage } from '../../timeline/timeline-page.ts'

const RUNS_MAX = 2

export function writeTimeline({ operands, flags }: Arguments): number {
  if (operands.length > RUNS_MAX) {
    throw new UsageError(`${operands.length} results: a timeline shows one, or two side by side`)
  }
  const paths = operands.map((operand) =>
    isFolder(operand) ? takeNewest('timeline', operand, true) : operand,
  )
  const recorded = paths.map(readRecorded)
  const names = paths.map((path) => basename(path, '.json'))
  const out = flags.get('out')?.at(-1) ?? join('out', `timeline-${names.join('-beside-')}.html`)
  checkOutFileMade('out', out)
  const page = timelinePage(usageOf(() => timelineOf(recorded)))
  makeFolder(dirname(out))
  writeWhole(out, page)
  return sayWritten(out)
}

function readRecorded(path: string): RecordedRun {
  const result = readRunResult(path)
  return { result, events: readVersions(path, result) }
}
