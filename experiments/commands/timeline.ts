/**
 * Owns the command `npm run timeline`: one or two results with their recorded edits in, one HTML
 * file out that shows the tree as it grew. Exit codes: 0 done, 1 a failure, 2 a mistake in the
 * arguments; errors are one line on stderr.
 */

import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { shellText } from '../../results/shell-text.ts'
import { writeWhole } from '../../results/write-result.ts'
import { checkOutFileMade } from '../base/check-out.ts'
import { makeFolder } from '../base/make-folder.ts'
import { readText } from '../base/read-text.ts'
import { UsageError, usageOf } from '../base/usage-error.ts'
import { parseVersionLog, versionsPath } from '../base/version-log.ts'
import { flagRows, readArguments } from '../cli/arguments.ts'
import { isFolder, newestResults, tellTaken } from '../cli/newest-result.ts'
import { readRunResult } from '../cli/read-documents.ts'
import { runCommand, say } from '../cli/run-command.ts'
import { type RecordedRun, timelineOf } from '../timeline/timeline-data.ts'
import { timelinePage } from '../timeline/timeline-page.ts'

const RUNS_MAX = 2

export const FLAGS = {
  out: { value: 'FILE', help: 'the page', default: 'out/timeline-<result>.html' },
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

function main(argv: readonly string[]): number {
  const { operands, flags } = readArguments('timeline', argv, FLAGS)
  if (flags.has('help')) return say(helpText())
  if (operands.length === 0) {
    throw new UsageError('name a result: the .json of a run, or a folder for its newest')
  }
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
  return say(out)
}

/** The newest result that has its versions; the newest of all where none has. */
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

function helpText(): string {
  return [
    'Shows the tree of a run, or of two side by side, as it grew: one HTML file.',
    '',
    '  npm run exp -- --strategy=tiering,leveling --versions',
    '  npm run timeline -- out',
    '  npm run timeline -- out/ycsb-a-tiering-0123abcd-r0.json out/ycsb-a-leveling-4567cdef-r0.json',
    '',
    ...flagRows(FLAGS),
    '',
    'Of a folder the newest result that has its versions is taken.',
    'Two runs keep step by the bytes their users have put.',
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments.',
  ].join('\n')
}

if (import.meta.main) await runCommand('timeline', main)
