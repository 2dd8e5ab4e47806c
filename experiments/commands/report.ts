/** Declares `varve report`: from results to one HTML page. */
import type { Verb } from '../cli/verb.ts'

export const report: Verb = {
  name: 'report',
  summary: 'Shows a set of results in one HTML page: what ran, what it cost, how far to trust it.',
  operands: {
    usage: '<results…>',
    least: 1,
    missing: 'name results: .json files of runs, or folders',
  },
  examples: ['out', 'results/strategies-on-ycsb/*.json --out=out/ycsb.html'],
  run: async (given) => (await import('./report/write-report.ts')).writeReport(given),
}
