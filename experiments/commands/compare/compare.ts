/**
 * Owns the command `npm run compare`: results in, paired differences with intervals and verdicts
 * out, and what could not be compared with the reason. Exit codes: 0 done, 1 a failure, 2 a mistake
 * in the arguments or results of one design alone; errors are one line on stderr.
 */

import { UsageError, unknownName } from '../../base/usage-error.ts'
import { flagRows, readArguments, readInteger } from '../../cli/arguments.ts'
import { readResultFiles } from '../../cli/read-documents.ts'
import { runCommand, say } from '../../cli/run-command.ts'
import { lookOf } from '../../cli/terminal.ts'
import { compareAll } from '../../compare/compare-all.ts'
import { ACROSS, type Across } from '../../compare/pairing.ts'
import { comparedText } from './comparison-text.ts'

export const FLAGS = {
  baseline: {
    value: 'NAME',
    help: 'the strategy, or design, that the others are held against; the first unless given',
  },
  across: {
    value: ACROSS.join('|'),
    help: 'what may differ between the sides; may be repeated',
    multiple: true,
  },
  level: { value: 'PERCENT', default: '95', help: 'confidence of the intervals' },
  seed: { value: 'INTEGER', default: '42', help: 'of the resampling' },
  resamples: { value: 'COUNT', default: '10000', help: 'of the bootstrap' },
  json: { value: null, help: 'print the comparisons as JSON' },
  debug: { value: null, help: 'show the stack of an error' },
  help: { value: null, help: 'show this help' },
} as const

function main(argv: readonly string[]): number {
  const { operands, flags } = readArguments('compare', argv, FLAGS)
  if (flags.has('help')) return say(helpText())
  if (operands.length === 0) throw new UsageError('name results: files or folders (see --help)')
  const across = (flags.get('across') ?? []).flatMap((list) => list.split(',')).map(readAcross)
  const files = new Map(readResultFiles(operands).map(({ path, result }) => [path, result]))
  const compared = compareAll([...files.values()], {
    across,
    baseline: flags.get('baseline')?.at(-1) ?? null,
    level: readInteger('level', flags.get('level'), 95, [50, 99]) / 100,
    seed: readInteger('seed', flags.get('seed'), 42, [0, 2 ** 32 - 1]),
    resamples: readInteger('resamples', flags.get('resamples'), 10_000, [100, 1_000_000]),
  })
  if (flags.has('json')) return say(JSON.stringify(compared, null, 2))
  return say(comparedText(compared, lookOf(process.stdout)))
}

function readAcross(name: string): Across {
  const known = ACROSS.find((candidate) => candidate === name)
  if (known === undefined) throw unknownName('value of --across', name, ACROSS)
  return known
}

function helpText(): string {
  return [
    'Compares results pair by pair: equal seeds, equal operations, equal budgets.',
    '',
    '  npm run compare -- out/a.json out/b.json',
    '  npm run compare -- out --baseline=leveling --json',
    '',
    'Results are files or folders; those of one design are one side. Of the sides that ran one workload',
    'under the same conditions one is the baseline, and every other is held against it. What cannot be',
    'compared is listed with the reason.',
    '',
    ...flagRows(FLAGS),
    '',
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments, or one design alone.',
  ].join('\n')
}

if (import.meta.main) await runCommand('compare', main)
