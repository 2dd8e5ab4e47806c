/**
 * Owns the command `npm run compare`: results in, paired differences with intervals and verdicts
 * out. Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments or results that may not be
 * compared; errors are one line on stderr.
 */
import { flagRows, readArguments, readInteger } from './cli/arguments.ts'
import { runCommand, say } from './cli/run-command.ts'
import { lookOf } from './cli/terminal.ts'
import { UsageError, unknownName } from './cli/usage-error.ts'
import { compareAll } from './compare/compare-all.ts'
import { comparisonText } from './compare/comparison-text.ts'
import { ACROSS, type Across } from './compare/pairing.ts'
import { readResultFiles } from './compare/read-results.ts'

export const FLAGS = {
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
  const comparisons = compareAll(readResultFiles(operands), {
    across,
    level: readInteger('level', flags.get('level'), 95, [50, 99]) / 100,
    seed: readInteger('seed', flags.get('seed'), 42, [0, 2 ** 32 - 1]),
    resamples: readInteger('resamples', flags.get('resamples'), 10_000, [100, 1_000_000]),
  })
  if (flags.has('json')) return say(JSON.stringify({ comparisons }, null, 2))
  const look = lookOf(process.stdout)
  return say(comparisons.map((comparison) => comparisonText(comparison, look)).join('\n\n'))
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
    '  npm run compare -- out --json',
    '',
    'Results are files or folders; those of one configuration are one side. Of the sides that share a',
    'workload the first is the measure, and every other is held against it.',
    '',
    ...flagRows(FLAGS),
    '',
    'Exit codes: 0 done, 1 a failure, 2 a mistake in the arguments, or results not comparable.',
  ].join('\n')
}

if (import.meta.main) await runCommand('compare', main)
