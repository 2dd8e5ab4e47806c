/**
 * Owns the command `npm run report`: results in, one HTML page out that tells what ran, what it
 * cost and how far to trust it. Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments;
 * errors are one line on stderr.
 */
import { dirname, join } from 'node:path'
import { writeWhole } from '../../results/write-result.ts'
import { checkOutFileMade } from '../base/check-out.ts'
import { makeFolder } from '../base/make-folder.ts'
import { UsageError, usageOf } from '../base/usage-error.ts'
import { flagRows, readArguments } from '../cli/arguments.ts'
import { readResultFiles } from '../cli/read-documents.ts'
import { runCommand, say } from '../cli/run-command.ts'

export const FLAGS = {
  out: { value: 'FILE', help: 'the page', default: 'out/report.html' },
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

async function main(argv: readonly string[]): Promise<number> {
  const { operands, flags } = readArguments('report', argv, FLAGS)
  if (flags.has('help')) return say(helpText())
  if (operands.length === 0) throw new UsageError('name results: .json files of runs, or folders')
  const out = flags.get('out')?.at(-1) ?? join('out', 'report.html')
  checkOutFileMade('out', out)
  const results = readResultFiles(operands).map(({ result }) => result)
  // Loaded here: a mistake in the arguments should not wait for the figures.
  const { reportOf } = await import('../report/report-data.ts')
  const { reportPage } = await import('../report/report-page.ts')
  const page = reportPage(usageOf(() => reportOf(results)))
  makeFolder(dirname(out))
  writeWhole(out, page)
  return say(out)
}

function helpText(): string {
  return [
    'Tells of a set of results in one HTML page.',
    '',
    '  npm run report -- out',
    '  npm run report -- results/strategies-on-ycsb/*.json --out=out/ycsb.html',
    '',
    ...flagRows(FLAGS),
    '',
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments.',
  ].join('\n')
}

if (import.meta.main) await runCommand('report', main)
