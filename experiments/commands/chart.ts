/** Declares `varve chart`: from results to figures, one file for each kind and format. */
import type { Verb } from '../cli/verb.ts'

export const chart: Verb = {
  name: 'chart',
  summary: 'Draws figures from results: what they can feed is drawn, the rest is named.',
  operands: {
    usage: '<results…>',
    least: 1,
    missing: 'name results: .json files or their folders',
  },
  examples: [
    'out/*.json --kind=amplification --format=svg,pdf',
    'results/strategies-on-ycsb --kind=trade-off --preset=one-column --format=pdf --caption=file',
  ],
  notes: async () => {
    const { namesFrom } = await import('../cli/names.ts')
    const { columns } = await import('../cli/text-lines.ts')
    const kinds = await namesFrom('kinds')
    return [
      ['Kinds:', ...columns(kinds)].join('\n'),
      'Results are files (.json, .json.gz) or folders of them.',
    ]
  },
  exits: {
    0: 'something was drawn',
    2: 'a mistake in the arguments, or results that feed none of the kinds',
  },
  run: async (given) => (await import('./chart/draw-charts.ts')).drawCharts(given),
}
