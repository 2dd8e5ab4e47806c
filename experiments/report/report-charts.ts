/**
 * Owns the choice of a report's figures: every kind that its results can feed, once for the width
 * of a page and once for that of a telephone, and one figure of every run. A kind that cannot be
 * drawn is listed with the reason.
 */
import { isLsmError } from '../../engine/base/errors.ts'
import { runLabels, workloadLabels } from '../../results/design-labels.ts'
import type { RunResult } from '../../results/schema.ts'
import { chartKinds } from '../charts/catalog.ts'
import type { ChartKind } from '../charts/chart-kind.ts'
import { PRESETS, type VegaLiteSpec } from '../charts/theme.ts'

export interface ReportChart {
  /** Unique within the report. */
  readonly id: string
  readonly title: string
  readonly wide: VegaLiteSpec
  /**
   * Null if the wide figure is used everywhere: two forms of the figure of every run would double
   * the size of the page.
   */
  readonly narrow: VegaLiteSpec | null
}

export interface ReportCharts {
  readonly charts: readonly ReportChart[]
  /** Figures of single runs, in the order of the results. */
  readonly runs: readonly ReportChart[]
  readonly notDrawn: readonly { readonly name: string; readonly why: string }[]
}

/** The kind that shows one run in detail. */
const RUN_KIND = 'run'
const [WIDE, NARROW] = [PRESETS['two-column'], PRESETS['one-column']]

export function reportCharts(results: readonly RunResult[]): ReportCharts {
  const notDrawn: ReportCharts['notDrawn'][number][] = []
  const charts = [...chartKinds.values()].flatMap((kind) => {
    if (kind.name === RUN_KIND) return []
    const whole = attempt(kind, kind.name, kind.description, results)
    if (typeof whole !== 'string') return [whole]
    const parts = partsOf(results).map(([name, runs]) =>
      attempt(kind, `${kind.name}-${name}`, `${kind.description}: ${name}`, runs),
    )
    const drawn = parts.filter((part) => typeof part !== 'string')
    if (drawn.length < parts.length || parts.length === 0) {
      notDrawn.push({ name: kind.name, why: whole })
    }
    return drawn
  })
  const labels = runLabels(results)
  const run = chartKinds.get(RUN_KIND)!
  const runs = results.map((result, index) => ({
    id: `run-${index}`,
    title: labels.get(result)!,
    wide: run.specOf([result], WIDE),
    narrow: null,
  }))
  return { charts, runs, notDrawn }
}

/** The figure, or one line that says why these results cannot feed it. */
function attempt(
  kind: ChartKind,
  id: string,
  title: string,
  results: readonly RunResult[],
): ReportChart | string {
  try {
    return { id, title, wide: kind.specOf(results, WIDE), narrow: kind.specOf(results, NARROW) }
  } catch (error) {
    if (!isLsmError(error, 'LSM_INVALID_ARGUMENT')) throw error
    return error.message.replace(`${kind.name}: `, '')
  }
}

/** If not all designs fit in one figure, there is one for each workload. */
function partsOf(results: readonly RunResult[]) {
  const workloads = workloadLabels(results)
  const groups = Map.groupBy(results, (result) => workloads.get(result)!)
  return [...groups].filter(([, runs]) => runs.length < results.length)
}
