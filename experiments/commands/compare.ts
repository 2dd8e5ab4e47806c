/** Declares `varve compare`: from results to paired differences with intervals and verdicts. */
import type { Verb } from '../cli/verb.ts'

export const compare: Verb = {
  name: 'compare',
  summary: 'Compares results pair by pair: equal seeds, equal operations, equal budgets.',
  operands: {
    usage: '<results…>',
    least: 1,
    missing: 'name results: files or folders (see --help)',
  },
  examples: ['out/a.json out/b.json', 'out --baseline=leveling --json', 'out --metric=wa,space'],
  notes: [
    'Results are files or folders; the results of one design are one side. Among the sides that ' +
      'ran one workload under the same conditions, one is the baseline, and every other side is ' +
      'compared with it. Sides that cannot be compared are listed with the reason.',
    'Verdicts are corrected for the number of differences (Holm 1979): all of the call, or those ' +
      'of the metrics given by --metric, which are chosen before the results are seen.',
  ],
  exits: { 2: 'a mistake in the arguments, or one design only' },
  run: async (given) => (await import('./compare/compare-results.ts')).compareResults(given),
}
