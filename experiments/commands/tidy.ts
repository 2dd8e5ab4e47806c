/** Declares `varve tidy`: from results to all their figures in long format. */
import type { Verb } from '../cli/verb.ts'

export const tidy: Verb = {
  name: 'tidy',
  summary:
    'Writes the figures of results in long format, one row for each figure, as CSV or Parquet.',
  operands: {
    usage: '<results…>',
    least: 1,
    missing: 'name results: .json files or their folders',
  },
  examples: [
    'out/*.json --format=csv,parquet',
    'results/strategies-on-ycsb --section=amplification,series --out=out',
  ],
  notes: async () => {
    const { namesFrom } = await import('../cli/names.ts')
    const sections = await namesFrom('sections')
    return [
      `Sections: ${sections.map(([name]) => name).join(', ')}.`,
      'Results are files (.json, .json.gz) or folders of them.',
    ]
  },
  run: async (given) => (await import('./tidy/write-tidy.ts')).writeTidy(given),
}
