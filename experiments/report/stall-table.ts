/** Owns the report's table of stalls: how long writers were held in each run, by cause and step. */
import { strategyLabels, workloadLabels } from '../../results/design-labels.ts'
import { type RunResult, STALL_CAUSES } from '../../results/schema.ts'
import { type ReportTable, words } from './report-table.ts'

const NAMES = { memtables: 'memtables', level0: 'level 0', debt: 'debt' } as const

/** Null if no run had background work. */
export function stallTable(results: readonly RunResult[]): ReportTable | null {
  if (results.every(({ timed }) => timed.background === undefined)) return null
  const strategies = strategyLabels(results)
  const workloads = workloadLabels(results)
  const figures = STALL_CAUSES.flatMap((cause) => [
    `${NAMES[cause]}: slowed s`,
    `${NAMES[cause]}: stopped s`,
  ])
  return {
    id: 'stalls',
    title: 'Stalls',
    note:
      'Seconds for which writers were delayed or stopped, by cause: full memtables that wait for ' +
      'their flush, runs of level 0, merge debt. In logical time under virtual scheduling.',
    columns: [
      ...['workload', 'strategy', 'scheduling'].map((name) => ({ name, kind: 'words' as const })),
      ...[...figures, 'stalls'].map((name) => ({ name, kind: 'figure' as const })),
    ],
    rows: results.flatMap((result) => {
      const { background } = result.timed
      const { scheduling } = result.config
      if (background === undefined || scheduling === undefined) return []
      const seconds = STALL_CAUSES.flatMap((cause) => {
        const { slowdownSeconds, stopSeconds } = background.stalls[cause]
        return [slowdownSeconds, stopSeconds]
      })
      return [
        [
          words(workloads.get(result)!),
          words(strategies.get(result)!),
          words(`${scheduling.executor}, ${scheduling.policy}`),
          ...seconds.map((value) => ({ text: value.toFixed(3), value })),
          { text: String(background.stallEvents.total), value: background.stallEvents.total },
        ],
      ]
    }),
  }
}
