/**
 * Owns the command `npm run tidy`: results in, all their figures out in long format, for pandas, R
 * and whatever reads CSV or Parquet. Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments;
 * errors are one line on stderr.
 */
import { join } from 'node:path'
import { writeWhole } from '../../results/write-result.ts'
import { checkOutFolder } from '../base/check-out.ts'
import { makeFolder } from '../base/make-folder.ts'
import { UsageError, unknownName } from '../base/usage-error.ts'
import { flagRows, readArguments } from '../cli/arguments.ts'
import { EXIT } from '../cli/explain.ts'
import { readDocuments } from '../cli/read-documents.ts'
import { runCommand, say } from '../cli/run-command.ts'
import { tidyCsv, tidyParquet } from '../export/tidy-files.ts'
import { TIDY_SECTIONS, tidyRows } from '../export/tidy-rows.ts'

const WRITERS = { csv: tidyCsv, parquet: tidyParquet } as const
type Format = keyof typeof WRITERS
const FORMATS = Object.keys(WRITERS) as Format[]

export const FLAGS = {
  format: { value: 'NAME,…', help: FORMATS.join(', '), default: 'csv', multiple: true },
  section: { value: 'NAME,…', help: 'only these sections of the results', multiple: true },
  out: { value: 'FOLDER', help: 'where tidy.csv and tidy.parquet go', default: 'out' },
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

function main(argv: readonly string[]): number {
  const { operands, flags } = readArguments('tidy', argv, FLAGS)
  if (flags.has('help')) return say(helpText())
  if (operands.length === 0) throw new UsageError('name results: .json files or their folders')
  const formats = listOf(flags.get('format') ?? [FLAGS.format.default], 'format', FORMATS)
  const sections = new Set(listOf(flags.get('section') ?? TIDY_SECTIONS, 'section', TIDY_SECTIONS))
  const documents = readDocuments(operands)
  const out = flags.get('out')?.at(-1) ?? FLAGS.out.default
  checkOutFolder('out', out)
  makeFolder(out)
  for (const format of formats) {
    const path = join(out, `tidy.${format}`)
    const rows = documents.values().flatMap((document) => tidyRows(document, sections))
    writeWhole(path, WRITERS[format](rows))
    say(path)
  }
  return EXIT.done
}

function listOf<Name extends string>(
  given: readonly string[],
  what: string,
  known: readonly Name[],
): readonly Name[] {
  return given
    .flatMap((text) => text.split(','))
    .map((name) => {
      const found = known.find((one) => one === name)
      if (found === undefined) throw unknownName(what, name, known)
      return found
    })
}

function helpText(): string {
  return [
    'Writes the figures of results in long format: one row a figure.',
    '',
    '  npm run tidy -- out/*.json --format=csv,parquet',
    '  npm run tidy -- results/strategies-on-ycsb --section=amplification,series --out=out',
    '',
    ...flagRows(FLAGS),
    '',
    `Sections: ${TIDY_SECTIONS.join(', ')}.`,
    'Results are files (.json, .json.gz) or folders of them.',
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments.',
  ].join('\n')
}

if (import.meta.main) await runCommand('tidy', main)
