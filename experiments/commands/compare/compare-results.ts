/**
 * Owns the work of `varve compare`: from results to paired differences with intervals and verdicts.
 * Results that cannot be compared are listed with the reason.
 */
import { type Arguments, integerOf, namesOf, oneOf, textOf } from '../../cli/arguments.ts'
import { readResultFiles } from '../../cli/read-documents.ts'
import { say } from '../../cli/run-command.ts'
import { lookOf } from '../../cli/terminal.ts'
import { compareAll } from '../../compare/compare-all.ts'
import { askedMetrics } from '../../compare/metrics.ts'
import { ACROSS } from '../../compare/pairing.ts'
import { comparedText } from './comparison-text.ts'

export function compareResults(given: Arguments): number {
  const across = namesOf(given, 'across').map((name) => oneOf('value of --across', name, ACROSS))
  const metrics = askedMetrics(namesOf(given, 'metric'))
  const files = new Map(readResultFiles(given.operands).map(({ path, result }) => [path, result]))
  const compared = compareAll([...files.values()], {
    across,
    metrics,
    baseline: textOf(given, 'baseline'),
    level: integerOf(given, 'level') / 100,
    seed: integerOf(given, 'seed'),
    resamples: integerOf(given, 'resamples'),
  })
  if (given.flags.has('json')) return say(JSON.stringify(compared, null, 2))
  return say(comparedText(compared, lookOf(process.stdout)))
}
