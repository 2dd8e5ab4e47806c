/**
 * Owns the figure of a tree as it grew: bytes and sorted runs of each level over user bytes
 * written. Both come from the series. If the series holds no bytes, they are summed from the event
 * log, which keeps only the first events. If the log ends before the run does, so does the picture,
 * and the caption says so.
 */

import { strategyLabels } from '../../../results/design-labels.ts'
import { type DesignGroup, groupByDesign } from '../../../results/identity.ts'
import type { ResultEvent, RunResult } from '../../../results/schema.ts'
import { type ChartKind, runsFor, unfit } from '../chart-kind.ts'
import { drawnSampleNote, firstOfEach } from '../designs.ts'
import { type Drawn, figureOf, subjectOf, supportNote, watermarkLayers } from '../figure.ts'
import type { Layer } from '../panels.ts'
import { phaseRise } from '../phase-layers.ts'
import { gridOf, gridRows, type Plot, type PlotSize, plotView } from '../plots.ts'
import type { Preset, VegaLiteSpec, View } from '../theme.ts'
import { byteUnit } from '../wording.ts'
import {
  grew,
  type LevelPoint,
  levelAreas,
  levelLegend,
  levelsOf,
  phasesByBytes,
  userBytesAxis,
} from './growth-views.ts'

type UserBytesAxis = ReturnType<typeof userBytesAxis>

/** A growing tree is never steady, so that gate is left out. */
const DRAWN: Drawn = { covers: ['amplification'], except: ['steady-state'] }
const DESIGNS_MAX = 6

export const treeShape: ChartKind = {
  name: 'tree-shape',
  description: 'bytes and sorted runs of each level as the data grew',
  specOf(documents, preset) {
    const designs = groupByDesign(runsFor('tree-shape', documents))
    if (designs.length > DESIGNS_MAX) {
      throw unfit('tree-shape', 'id', `${designs.length} designs were given, ${DESIGNS_MAX} fit`)
    }
    const results = firstOfEach(designs)
    const still = results.find((result) => !grew(result))
    if (still !== undefined) {
      throw unfit('tree-shape', 'deterministic.series', `${still.id} has no points of growth`)
    }
    const silent = results.find(
      (result) => !hasLevelBytes(result) && result.deterministic.events.log.length === 0,
    )
    if (silent !== undefined) {
      throw unfit('tree-shape', 'deterministic.series[].levelBytes', `${silent.id} has none`)
    }
    return treeShapeChart(results, designs, preset)
  },
}

function treeShapeChart(
  results: readonly RunResult[],
  designs: readonly DesignGroup<RunResult>[],
  preset: Preset,
): VegaLiteSpec {
  const subject = subjectOf(results)
  const labels = strategyLabels(results)
  const levels = levelsOf(results)
  // Two panels for each run.
  const grid = gridOf(preset, results.length * 2)
  const frame = { levels, x: userBytesAxis(results), size: grid.size }
  const plots = results.flatMap((result) => {
    const name = results.length > 1 ? `${labels.get(result)}: ` : ''
    return [
      bytesPlot(preset, result, { ...frame, heading: `${name}bytes per level` }),
      runsPlot(preset, result, { ...frame, heading: `${name}runs per level` }),
    ]
  })
  return figureOf(preset, {
    drawn: DRAWN,
    title: `Shape of the tree: ${subject}`,
    description: `Bytes and runs of each level of ${subject}, over user bytes written`,
    results,
    rows: [levelLegend(preset, levels), ...gridRows(preset, plots, grid)],
    notes: notesOf(results, designs),
  })
}

/** Where the levels of a run are drawn. */
interface LevelsFrame {
  readonly heading: string
  readonly levels: number
  readonly x: UserBytesAxis
  readonly size: PlotSize
}

function bytesPlot(preset: Preset, result: RunResult, frame: LevelsFrame): View {
  const unit = byteUnit(Math.max(...result.deterministic.series.map((p) => p.physicalBytes)))
  const points = bytesPerLevel(result).map(({ user, values }) => ({
    user,
    values: values.map((bytes) => bytes / unit.bytes),
  }))
  const behind = watermarkLayers(preset, [result], frame.size, DRAWN)
  return areasPlot(preset, result, frame, { y: { title: `bytes (${unit.name})` }, points, behind })
}

/** Areas of the number of runs of each level. */
export function runsPlot(preset: Preset, result: RunResult, frame: LevelsFrame): View {
  const { series } = result.deterministic
  const points = series.map(({ userBytes, shape }) => ({ user: userBytes, values: shape }))
  const y = { title: 'sorted runs', format: 'd' }
  return areasPlot(preset, result, frame, { y, points, behind: [] })
}

interface Areas extends Pick<Plot, 'y'> {
  /** By user bytes, a value for each level. */
  readonly points: readonly LevelPoint[]
  readonly behind: readonly Layer[]
}

function areasPlot(preset: Preset, result: RunResult, frame: LevelsFrame, areas: Areas): View {
  const { heading, levels, x, size } = frame
  const { y, behind } = areas
  const points = areas.points.map(({ user, values }) => ({ user: user / x.unitBytes, values }))
  const above = [
    levelAreas(points, levels, { x, y }),
    ...phasesByBytes(preset, result, x, size.width),
  ]
  const rise = phaseRise(preset)
  return plotView(preset, { heading, x, y, series: [], behind, above, rise }, size)
}

/** Bytes of each level at each point of the series, as far as the event log reaches. */
export function bytesPerLevel(result: RunResult): readonly LevelPoint[] {
  const { series, events } = result.deterministic
  if (hasLevelBytes(result)) {
    return series.map(({ userBytes, levelBytes }) => ({ user: userBytes, values: levelBytes! }))
  }
  const { log, total } = events
  const known = log.length < total ? log.at(-1)!.atOperation : Number.POSITIVE_INFINITY
  const levels: number[] = []
  let next = 0
  return series
    .filter(({ atOperation }) => atOperation <= known)
    .map(({ atOperation, userBytes }) => {
      while (next < log.length && log[next]!.atOperation <= atOperation) apply(log[next++]!, levels)
      return { user: userBytes, values: [...levels] }
    })
}

function hasLevelBytes({ deterministic }: RunResult): boolean {
  return deterministic.series.every(({ levelBytes }) => levelBytes !== null)
}

function apply({ inputs, outputs }: ResultEvent, levels: number[]): void {
  for (const { level, bytes } of inputs) levels[level] = (levels[level] ?? 0) - bytes
  for (const { level, bytes } of outputs) levels[level] = (levels[level] ?? 0) + bytes
}

function notesOf(
  results: readonly RunResult[],
  designs: readonly DesignGroup<RunResult>[],
): readonly string[] {
  const cut = results.filter((result) => {
    const { log, total } = result.deterministic.events
    return !hasLevelBytes(result) && log.length < total
  })
  const cutNote =
    cut.length === 0
      ? ''
      : ` The log of events ends before ${cut.length === 1 ? 'the run' : 'some runs'}, and with it the bytes.`
  return [
    'Bytes: sizes of the tables of a level, deepest at the bottom. Runs: sorted runs of a level, ' +
      `each searched by a read that meets its range.${cutNote}`,
    `${drawnSampleNote(designs)}${supportNote(designs.flatMap((design) => design.results))}`,
  ]
}
