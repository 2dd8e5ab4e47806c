/**
 * Owns the figure of false positives: the share of absent keys that the filters let through, over
 * all point reads of a run, next to the expected curves of this engine's filter and of the ideal
 * bloom filter. Measured as false positives ÷ (false positives + negatives), which counts only
 * tables without the key.
 */

import { falsePositiveRate } from '../../../engine/table/filter.ts'
import { jsonText } from '../../../results/design-labels.ts'
import { type DesignGroup, groupByDesign } from '../../../results/identity.ts'
import type { RunResult } from '../../../results/schema.ts'
import { idealCurve } from '../../../strategies/model/false-positives.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { strategyOf } from '../designs.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import { panelRoom } from '../panels.ts'
import { axisRoom, type PlotSeries, plotRow } from '../plots.ts'
import { stylesOf } from '../strategy-styles.ts'
import { COLOUR, type Preset, type VegaLiteSpec } from '../theme.ts'
import { formatNumber } from '../wording.ts'

/** The rate does not depend on how much was written or on the cache. */
const DRAWN: Drawn = { covers: ['amplification'], except: ['steady-state', 'dataset-beyond-cache'] }
const POINT_READS = ['getHit', 'getMiss', 'updateRead'] as const
/** Fewer false positives are too few for a rate. */
const FALSE_POSITIVES_MIN = 10
const CURVE_STEP = 0.25

/** Sums over the samples of a design. */
interface Measured {
  readonly design: DesignGroup<RunResult>
  readonly bits: number
  readonly falsePositives: number
  readonly absent: number
}

export const filters: ChartKind = {
  name: 'filters',
  description: 'false positives of the bloom filters, expected and measured, by bits per key',
  specOf(documents, preset) {
    const results = runsFor('filters', documents)
    const designs = groupByDesign(results)
    const measured = designs.flatMap((design) => measuredOf(design) ?? [])
    if (measured.length === 0) {
      throw unfit(
        'filters',
        'deterministic.readAmplification.getHit.filterChecks',
        `no run has ${FALSE_POSITIVES_MIN} false positives at a known config.strategy.params.bitsPerKey`,
      )
    }
    return filtersChart(measured, designs.length - measured.length, preset)
  },
}

function filtersChart(measured: readonly Measured[], left: number, preset: Preset): VegaLiteSpec {
  const results = measured.flatMap(({ design }) => design.results)
  const groups = [...Map.groupBy(measured, ({ design }) => nameOf(design.results[0]!))]
  const bitsMax = Math.max(...measured.map(({ bits }) => bits))
  const curves = curvesUpTo(bitsMax)
  const styles = stylesOf(groups.map(([, same]) => strategyOf(same.map(({ design }) => design))))
  const points = groups.map(
    ([name, same], index): PlotSeries => ({
      name,
      style: styles[index]!,
      marks: 'points',
      points: same.map((one) => ({ x: one.bits, y: one.falsePositives / one.absent })),
    }),
  )
  const rates = [...points, ...curves].flatMap((one) => one.points.map(({ y }) => y))
  const decade = Math.floor(Math.log10(Math.min(...rates)))
  const size = { width: panelRoom(preset) - axisRoom(preset), height: preset.plotHeight }
  const plot = {
    heading: 'False positives',
    x: {
      title: 'filter bits per key',
      domain: [0, bitsMax + 1] as const,
      values: Array.from({ length: Math.floor(bitsMax) + 2 }, (_, count) => count),
    },
    y: {
      title: 'share of absent keys',
      log: true,
      domain: [10 ** decade, 1] as const,
      values: Array.from({ length: 1 - decade }, (_, index) => 10 ** -index),
      format: '~%',
    },
    series: [...curves, ...points],
    behind: watermarkLayers(preset, results, size, DRAWN),
  }
  const subject = subjectOf(results)
  return figureOf(preset, {
    drawn: DRAWN,
    title: `Filters: ${subject}`,
    description: `False-positive rates of the filters of ${subject}, expected and measured`,
    results,
    rows: [
      legendView(preset, [
        ...curves.map(
          ({ name, style: { colour, dash } }): LegendEntry => ({
            name,
            symbol: 'line',
            colour,
            dash,
          }),
        ),
        ...points.map(
          ({ name, style: { colour, shape } }): LegendEntry => ({
            name,
            symbol: 'point',
            colour,
            shape,
          }),
        ),
      ]),
      plotRow(preset, plot),
    ],
    notes: [notesOf(measured, left), supportNote(results)],
  })
}

/** The rates that filters should have, up to the next whole number of bits per key. */
function curvesUpTo(bitsMax: number) {
  const bits = Array.from(
    { length: Math.ceil((bitsMax + 1) / CURVE_STEP) },
    (_, index) => (index + 1) * CURVE_STEP,
  )
  const curve = (name: string, colour: string, dash: readonly number[], rate: typeof idealCurve) =>
    ({
      name,
      style: { colour, dash, shape: 'circle' },
      marks: 'line',
      points: bits.map((x) => ({ x, y: rate(x) })),
    }) as const satisfies PlotSeries
  return [
    curve('this filter, expected', COLOUR.ink, [], falsePositiveRate),
    curve('ideal bloom filter', COLOUR.muted, [4, 3], idealCurve),
  ]
}

function notesOf(measured: readonly Measured[], left: number): string {
  const least = Math.min(...measured.map(({ absent }) => absent))
  const monkey = measured.some(
    ({ design }) => design.results[0]!.config.strategy.params.filterAlloc !== 'uniform',
  )
  return [
    'Point: false positives ÷ checks of tables without the key, over all gets and update reads of ' +
      `the run phase, at least ${formatNumber(least)} checks a point.`,
    'Curve: a blocked filter (Putze et al.) of so many bits; real ones are whole blocks of 512 bits, ' +
      'which helps small tables.',
    ...(monkey ? ['Where bits are divided unevenly, the budget is a mean over runs.'] : []),
    ...(left === 0
      ? []
      : [`${left} designs with fewer than ${FALSE_POSITIVES_MIN} false positives are left out.`]),
  ].join(' ')
}

function measuredOf(design: DesignGroup<RunResult>): Measured | null {
  const bits = design.results[0]!.config.strategy.params.bitsPerKey
  if (typeof bits !== 'number' || bits <= 0) return null
  let falsePositives = 0
  let absent = 0
  for (const [repeat] of design.samples.values()) {
    for (const key of POINT_READS) {
      const account = repeat!.deterministic.readAmplification[key]
      falsePositives += account.filterFalsePositives
      absent += account.filterNegatives + account.filterFalsePositives
    }
  }
  if (falsePositives < FALSE_POSITIVES_MIN) return null
  return { design, bits, falsePositives, absent }
}

/** Strategy and allocation; the bits are on the axis. */
function nameOf({ config: { strategy } }: RunResult): string {
  const { filterAlloc } = strategy.params
  return filterAlloc === undefined || filterAlloc === 'uniform'
    ? strategy.name
    : `${strategy.name}, ${jsonText(filterAlloc)}`
}
