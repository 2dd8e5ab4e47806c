/**
 * Owns the figure of how far simulator and model are from the engine: for every design that the
 * engine has run, the difference of each prediction as a share of the engine's measured value. A
 * prediction is compared with the engine's run of the same design, workload, value size and
 * memtable, and of user bytes equal within 2 % (a load without keys has only its size in bytes as
 * input).
 */

import { jsonText, strategyLabels } from '../../../results/design-labels.ts'
import { sampleKey } from '../../../results/identity.ts'
import type { RunResult } from '../../../results/schema.ts'
import { meanOf } from '../../measure/bootstrap.ts'
import { labelWidth } from '../caption.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { type Drawn, figureOf, subjectOf, supportNote } from '../figure.ts'
import { wrapText } from '../font-metrics.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import { loadPrediction } from '../model.ts'
import { bandY, labelColumn, panelRoom, rowOf, spacer, spacingOf } from '../panels.ts'
import { COLOUR, type Preset, seriesStyle, type VegaLiteSpec, type View } from '../theme.ts'

const DRAWN: Drawn = { covers: ['amplification'] }
const SIZE_TOLERANCE = 0.02

/** The costs that can be predicted; null if a back end does not report the cost. */
interface Costs {
  readonly writes: number | null
  readonly runs: number | null
}

const METRICS = [
  { key: 'writes', title: 'write amplification in entries' },
  { key: 'runs', title: 'sorted runs when drained' },
] as const

interface Deviation {
  readonly name: string
  readonly by: string
  readonly percent: number
}

const MODEL = 'model'

export const predictionError: ChartKind = {
  name: 'prediction-error',
  description: 'how far simulator and model are from the engine',
  specOf(documents, preset) {
    const results = runsFor('prediction-error', documents)
    const engine = results.filter(({ config }) => config.target === 'varve')
    if (engine.length === 0) {
      throw unfit(
        'prediction-error',
        'config.target',
        'no run of the engine (varve) to compare with',
      )
    }
    const deviations = METRICS.map(({ key }) => deviationsOf(engine, results, key))
    if (deviations.every((list) => list.length === 0)) {
      throw unfit(
        'prediction-error',
        'config.target',
        'no simulator ran what the engine ran, and no run is a load the model knows',
      )
    }
    return predictionErrorChart(results, engine, deviations, preset)
  },
}

function predictionErrorChart(
  results: readonly RunResult[],
  engine: readonly RunResult[],
  deviations: readonly (readonly Deviation[])[],
  preset: Preset,
): VegaLiteSpec {
  const names = [...new Set(designNames(engine).values())]
  const all = deviations.flat()
  const byes = [...new Set(all.map(({ by }) => by))].toSorted()
  const most = Math.max(1, ...all.map(({ percent }) => Math.abs(percent))) * 1.15
  const { labelGap, panelGap } = spacingOf(preset)
  const sideWidth = labelWidth(preset, names)
  const width = Math.floor(
    (panelRoom(preset) - sideWidth - labelGap - panelGap * (METRICS.length - 1)) / METRICS.length,
  )
  const shared = { names, byes, most, width }
  const subject = subjectOf(engine)
  return figureOf(preset, {
    drawn: DRAWN,
    title: `Predictions against the engine: ${subject}`,
    description: `Deviation of simulator and model from the engine, ${subject}`,
    results,
    rows: [
      legendView(
        preset,
        byes.map((name, index): LegendEntry => {
          const { colour, shape } = seriesStyle(index)
          return { name, symbol: 'point', colour, shape }
        }),
      ),
      rowOf([
        labelColumn(preset, names, 'Deviation', sideWidth),
        ...METRICS.flatMap(({ title }, index) => [
          ...(index === 0 ? [] : [spacer(panelGap)]),
          deviationPanel(preset, { ...shared, title, deviations: deviations[index]! }),
        ]),
      ]),
    ],
    notes: [
      '(prediction − engine) ÷ engine. Entries: (flushed + merged raw bytes) ÷ user bytes. The model ' +
        'predicts a load of unique keys in whole memtables, each flushed as a run of level 0 first; ' +
        'where it has no exact form, or nothing simulated a run, the point is missing.',
      supportNote(engine),
    ],
  })
}

interface DeviationPanel {
  readonly title: string
  /** The rows. */
  readonly names: readonly string[]
  /** Who predicts, in the order of their styles. */
  readonly byes: readonly string[]
  readonly deviations: readonly Deviation[]
  /** The end of the axis, in percent. */
  readonly most: number
  readonly width: number
}

function deviationPanel(preset: Preset, panel: DeviationPanel): View {
  const { title, names, byes, deviations, most, width } = panel
  const { rowStep } = spacingOf(preset)
  const { scale } = preset
  const step = rowStep / (byes.length + 1)
  // Counted from the upper edge of a band, whose height is two thirds of the row.
  const middle = rowStep / 3
  const lines = wrapText(title, width, { fontSize: preset.fontSize.label })
  const values = deviations.map((deviation) => {
    const index = byes.indexOf(deviation.by)
    const { colour, shape } = seriesStyle(index)
    return { ...deviation, colour, shape, offset: middle + (index - (byes.length - 1) / 2) * step }
  })
  return {
    width,
    height: names.length * rowStep,
    layer: [
      {
        data: { values: [{ percent: 0 }] },
        mark: { type: 'rule', color: COLOUR.muted, strokeWidth: scale },
        encoding: { x: percentX(lines, most) },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, opacity: 1, size: 40 * scale ** 2 },
        encoding: {
          x: percentX(lines, most),
          y: bandY(names),
          yOffset: { field: 'offset', type: 'quantitative', scale: null },
          shape: { field: 'shape', type: 'nominal', scale: null },
          color: { field: 'colour', type: 'nominal', scale: null },
        },
      },
    ],
  }
}

function percentX(title: readonly string[], most: number) {
  return {
    field: 'percent',
    type: 'quantitative' as const,
    scale: { domain: [-most, most], nice: false },
    axis: {
      title: [...title, '(% off the engine)'],
      labelExpr: "datum.value === 0 ? '0' : format(datum.value, '+~r')",
      tickCount: 5,
    },
  }
}

function deviationsOf(
  engine: readonly RunResult[],
  results: readonly RunResult[],
  key: keyof Costs,
): readonly Deviation[] {
  const names = designNames(engine)
  const deviations = engine.flatMap((run) => {
    const measured = costsOf(run)[key]
    if (measured === null || measured === 0) return []
    const name = names.get(run)!
    const deviation = (by: string, predicted: number | null): readonly Deviation[] =>
      predicted === null ? [] : [{ name, by, percent: (predicted / measured - 1) * 100 }]
    const prediction = loadPrediction(run)
    const modelled = {
      writes: prediction?.writes.loaded?.levelZeroRun ?? null,
      runs: prediction?.loaded?.runs ?? null,
    }
    return [
      ...results
        .filter((other) => predicts(other, run))
        .flatMap((other) => deviation(other.config.target, costsOf(other)[key])),
      ...deviation(MODEL, modelled[key]),
    ]
  })
  // The mean over the seeds of a design.
  return [...Map.groupBy(deviations, ({ name, by }) => `${name}/${by}`).values()].map((same) => ({
    ...same[0]!,
    percent: meanOf(same.map(({ percent }) => percent)),
  }))
}

/** Labels that distinguish the engine's runs; runs of several sizes include their size. */
function designNames(engine: readonly RunResult[]): ReadonlyMap<RunResult, string> {
  const designs = strategyLabels(engine)
  const sizes = new Set(engine.map(({ config }) => config.records)).size > 1
  return new Map(
    engine.map((run) => {
      const size = sizes ? ` ${run.config.records.toLocaleString('en-US')}` : ''
      return [run, `${designs.get(run)}${size}`]
    }),
  )
}

function predicts(other: RunResult, run: RunResult): boolean {
  const what = ({ config: { strategy, workload, valueBytes, engine } }: RunResult) =>
    jsonText([
      strategy.name,
      strategy.params,
      workload.name,
      workload.params,
      valueBytes,
      engine.memtableBytes ?? null,
    ])
  const [a, b] = [other, run].map(
    ({ deterministic }) => deterministic.amplification.drained.userBytes,
  ) as [number, number]
  // Without a stream of operations, only the size can be compared.
  const alike = other.config.target !== 'simulator (exact)' || sampleKey(other) === sampleKey(run)
  return (
    other.config.target.startsWith('simulator') &&
    alike &&
    what(other) === what(run) &&
    Math.abs(a / b - 1) <= SIZE_TOLERANCE
  )
}

function costsOf({ deterministic: { amplification, levels } }: RunResult): Costs {
  return {
    writes: amplification.drained.waEntries,
    runs: levels.reduce((sum, { runs }) => sum + runs, 0),
  }
}
