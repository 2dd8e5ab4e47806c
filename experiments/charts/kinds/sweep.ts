/**
 * Owns the figure of a sweep over two parameters: one heat map for each cost, darker is more, each
 * cell with its value. A cell without a run, such as K beyond T − 1, stays empty.
 */

import { type DesignGroup, groupByDesign } from '../../../results/identity.ts'
import type { RunResult } from '../../../results/schema.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { meansNote } from '../designs.ts'
import { estimateOf } from '../estimate.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import { headingMark, type Layer } from '../panels.ts'
import { type Grid, gridOf, gridRows } from '../plots.ts'
import { COLOUR, levelColours, type Preset, type VegaLiteSpec, type View } from '../theme.ts'
import { formatRatio, READ_ACCOUNTS, SPACE_DEFINITION, WA_DEFINITION } from '../wording.ts'

const DRAWN: Drawn = { covers: ['amplification'] }
/** Number of shades; a cell takes the nearest one. */
const SHADES = levelColours(64)

interface Cost {
  readonly name: string
  readonly of: (result: RunResult) => number | null
}

/** The runs by the values of the two parameters. */
interface Sweep {
  readonly across: Axis
  readonly up: Axis
  readonly cells: readonly {
    readonly x: number
    readonly y: number
    readonly design: DesignGroup<RunResult>
  }[]
}

interface Axis {
  readonly name: string
  readonly values: readonly number[]
}

export const sweep: ChartKind = {
  name: 'sweep',
  description: 'heat maps of the costs over two parameters that vary, such as T × K',
  specOf(documents, preset) {
    const results = runsFor('sweep', documents)
    return sweepChart(results, sweepOf(results), preset)
  },
}

function sweepChart(results: readonly RunResult[], swept: Sweep, preset: Preset): VegaLiteSpec {
  const costs = costsOf(results)
  const grid = gridOf(preset, costs.length, 120)
  const subject = subjectOf(results)
  const { across, up, cells } = swept
  return figureOf(preset, {
    drawn: DRAWN,
    title: `${across.name} × ${up.name}: ${subject}`,
    description: `Costs of ${subject} over ${across.name} and ${up.name}`,
    results,
    rows: gridRows(
      preset,
      costs.map((cost) => heatMap(preset, results, cost, swept, grid)),
      grid,
    ),
    notes: [
      'Shades: from the least to the most of a panel, darker is more; less is better. Drained. ' +
        meansNote(cells.map(({ design }) => design)) +
        `${WA_DEFINITION} ${SPACE_DEFINITION} Runs: those whose key range held the key or met the ` +
        'range.',
      supportNote(results),
    ],
  })
}

function heatMap(
  preset: Preset,
  results: readonly RunResult[],
  cost: Cost,
  { across, up, cells }: Sweep,
  grid: Grid,
): View {
  const measured = cells.flatMap(({ x, y, design }) => {
    const estimate = estimateOf(design, cost.of)
    return estimate === null ? [] : [{ x, y, value: estimate.mean }]
  })
  const least = Math.min(...measured.map(({ value }) => value))
  const most = Math.max(...measured.map(({ value }) => value))
  // A difference that the labels do not show gets no shade.
  const isLevel = formatRatio(least) === formatRatio(most)
  const values = measured.map(({ x, y, value }) => {
    const share = isLevel ? 0 : (value - least) / (most - least)
    const shade = SHADES[Math.round(share * (SHADES.length - 1))]!
    const ink = share > 0.45 ? COLOUR.paper : COLOUR.ink
    return { x, y, value, shade, ink, label: formatRatio(value) }
  })
  const channel = ({ name }: Axis, field: string, sort: readonly number[]) => ({
    field,
    type: 'ordinal' as const,
    scale: { type: 'band' as const, domain: [...sort], padding: 0.04 },
    axis: { title: name, labelAngle: 0, ticks: false, domain: false },
  })
  const encoding = {
    x: channel(across, 'x', across.values),
    y: channel(up, 'y', up.values.toReversed()),
  }
  const cellsLayer: Layer = {
    data: { values },
    mark: { type: 'rect' },
    encoding: { ...encoding, fill: { field: 'shade', type: 'nominal', scale: null } },
  }
  const labelsLayer: Layer = {
    data: { values },
    mark: { type: 'text', fontSize: preset.fontSize.value },
    encoding: {
      ...encoding,
      text: { field: 'label', type: 'nominal' },
      color: { field: 'ink', type: 'nominal', scale: null },
    },
  }
  return {
    ...grid.size,
    layer: [
      headingMark(preset, cost.name),
      cellsLayer,
      // Drawn over the cells: behind them, the cells would hide parts of the words.
      ...watermarkLayers(preset, results, grid.size, DRAWN),
      labelsLayer,
    ],
  }
}

function costsOf(results: readonly RunResult[]): readonly Cost[] {
  return [
    {
      name: 'write amplification',
      of: ({ deterministic }) => deterministic.amplification.drained.waTotal,
    },
    ...READ_ACCOUNTS.filter(
      ({ key }) =>
        key !== 'updateRead' &&
        results.some(({ deterministic }) => deterministic.readAmplification[key].operations > 0),
    ).map(
      ({ key, name }): Cost => ({
        name: `runs per ${name}`,
        of: ({ deterministic }) => deterministic.readAmplification[key].runsPerOperation,
      }),
    ),
    {
      name: 'space amplification',
      of: ({ deterministic }) => deterministic.amplification.drained.spaceAmplification,
    },
  ]
}

/** Throws unless exactly two parameters of one strategy under one workload vary. */
function sweepOf(results: readonly RunResult[]): Sweep {
  for (const role of ['strategy', 'workload'] as const) {
    const names = new Set(results.map(({ config }) => config[role].name))
    if (names.size > 1) {
      throw unfit('sweep', `config.${role}.name`, `one was expected, not ${[...names].join(', ')}`)
    }
  }
  const axes = Object.keys(results[0]!.config.strategy.params)
    .map((name): Axis => {
      const values = results.map(({ config }) => config.strategy.params[name])
      const numbers = values.filter((value) => typeof value === 'number')
      return { name, values: [...new Set(numbers)].toSorted((a, b) => a - b) }
    })
    .filter(({ values }) => values.length > 1)
  const [across, up, ...more] = axes
  if (across === undefined || up === undefined || more.length > 0) {
    const found = axes.length === 0 ? 'none' : axes.map(({ name }) => name).join(', ')
    throw unfit(
      'sweep',
      'config.strategy.params',
      `two numeric parameters have to vary; those that do: ${found}`,
    )
  }
  const key = ({ config: { strategy } }: RunResult) =>
    [strategy.params[across.name], strategy.params[up.name]] as readonly [number, number]
  const cells = groupByDesign(results).map((design) => {
    const [x, y] = key(design.results[0]!)
    return { x, y, design }
  })
  const places = cells.map(({ x, y }) => `${across.name} = ${x}, ${up.name} = ${y}`)
  const twice = places.find((place, at) => places.indexOf(place) !== at)
  if (twice !== undefined) {
    throw unfit('sweep', 'config', `${twice} was run by designs that differ in more than these`)
  }
  return { across, up, cells }
}
