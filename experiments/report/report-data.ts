/**
 * Owns the contents of a report before it becomes a page: title, tables and figures of a set of
 * results. It makes no judgements: verdicts come from the comparison room, gates from the runs.
 */
import { invalidArgument } from '../../engine/base/errors.ts'
import { type AnyResult, contenderKey, sampleKey, workloadKey } from '../../results/identity.ts'
import { isPeerResult } from '../../results/peer-schema.ts'
import type { RunResult } from '../../results/schema.ts'
import { commandsOf } from '../charts/caption.ts'
import { subjectOf } from '../charts/figure.ts'
import { comparisonTable, runsTable } from './figure-tables.ts'
import { type ReportCharts, reportCharts } from './report-charts.ts'
import type { ReportTable } from './report-table.ts'
import { differencesTable, environmentTable, gatesTable, sharedTable } from './setting-tables.ts'
import { stallTable } from './stall-table.ts'
import { verdictTable } from './verdict-table.ts'

export interface Report extends ReportCharts {
  readonly title: string
  /** The runs in one sentence. */
  readonly summary: string
  readonly tables: readonly ReportTable[]
  /** The command of each run, as typed in a shell. */
  readonly commands: readonly string[]
}

/**
 * The report of `all`. Peers keep different counters: they are compared with our runs in the
 * verdicts, and appear in no other table. `metrics` are flags of metrics asked for beforehand; only
 * they get verdicts, if there are any. Throws `LSM_INVALID_ARGUMENT` without a run of ours.
 */
export function reportOf(all: readonly AnyResult[], metrics: readonly string[] = []): Report {
  const results = all.filter((result): result is RunResult => !isPeerResult(result))
  const peers = all.length - results.length
  const stalls = stallTable(results)
  if (results.length === 0) {
    throw invalidArgument('config.target: a report needs one run of ours at least', {})
  }
  return {
    title: subjectOf(results),
    summary: `${summaryOf(results)}${peersText(peers)}`,
    tables: [
      comparisonTable(results),
      verdictTable(all, metrics),
      ...(stalls === null ? [] : [stalls]),
      gatesTable(results),
      differencesTable(results),
      sharedTable(results),
      environmentTable(results),
      runsTable(results),
    ],
    commands: commandsOf(results),
    ...reportCharts(results),
  }
}

function peersText(peers: number): string {
  return peers === 0
    ? ''
    : `; in the verdicts also ${peers} ${peers === 1 ? 'run' : 'runs'} of peers`
}

function summaryOf(results: readonly RunResult[]): string {
  const count = (what: string, size: number) => `${size} ${what}${size === 1 ? '' : 's'}`
  const samples = [...Map.groupBy(results, workloadKey).values()].map(
    (group) => new Set(group.map(sampleKey)).size,
  )
  return [
    count('run', results.length),
    count('design', new Set(results.map(contenderKey)).size),
    count('workload', new Set(results.map(workloadKey)).size),
    count('seed', Math.max(...samples)),
  ].join(', ')
}
