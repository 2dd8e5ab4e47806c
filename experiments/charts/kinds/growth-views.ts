/**
 * Owns the common parts of figures over user bytes written: the axis, the phases, and the areas of
 * levels. A dashed rule marks the start of a phase. A drain puts no user bytes, so its effect is
 * the vertical step at the right end.
 */

import type { RunResult } from '../../../results/schema.ts'
import { type LegendEntry, legendView } from '../legend.ts'
import type { Layer } from '../panels.ts'
import { phaseLayers } from '../phase-layers.ts'
import { type Plot, type PlotAxis, plotX, plotY } from '../plots.ts'
import { levelColours, type Preset, type View } from '../theme.ts'
import { byteUnit } from '../wording.ts'

/** From zero to the user bytes of the longest run. */
export function userBytesAxis(results: readonly RunResult[]): PlotAxis & { unitBytes: number } {
  const most = Math.max(...results.map(userBytesOf))
  const unit = byteUnit(most)
  return {
    title: `user bytes written (${unit.name})`,
    domain: [0, most / unit.bytes],
    tickCount: 6,
    unitBytes: unit.bytes,
  }
}

/** Whether a run wrote anything and has a series. */
export function grew(result: RunResult): boolean {
  return result.deterministic.series.length > 1 && userBytesOf(result) > 0
}

function userBytesOf({ deterministic }: RunResult): number {
  return deterministic.series.at(-1)?.userBytes ?? 0
}

export interface LevelPoint {
  /** User bytes, in units of the x axis. */
  readonly user: number
  /** By level. */
  readonly values: readonly number[]
}

/**
 * Stacked areas, the deepest level at the bottom; a value holds until the next point. `points` are
 * the values of all levels by user bytes. The sums are computed here, because Vega's stack would
 * add up the two points that a drain puts at one x.
 */
export function levelAreas(
  points: readonly LevelPoint[],
  levels: number,
  plot: Pick<Plot, 'x' | 'y'>,
): Layer {
  const colours = levelColours(levels)
  const values = [{ user: 0, values: [] }, ...points].flatMap((point) => {
    let to = 0
    return colours.map((_, above) => {
      const level = levels - 1 - above
      const from = to
      to += point.values[level] ?? 0
      return { user: point.user, level, colour: colours[level], from, to }
    })
  })
  return {
    data: { values },
    mark: { type: 'area', interpolate: 'step-after', line: false },
    encoding: {
      x: plotX(plot, 'user'),
      y: { ...plotY(plot, 'from'), stack: null },
      y2: { field: 'to' },
      detail: { field: 'level', type: 'ordinal' },
      fill: { field: 'colour', type: 'nominal', scale: null },
    },
  }
}

export function levelLegend(preset: Preset, levels: number): View {
  return legendView(
    preset,
    levelColours(levels).map(
      (colour, level): LegendEntry => ({ name: `level ${level}`, colour, symbol: 'area' }),
    ),
  )
}

export function levelsOf(results: readonly RunResult[]): number {
  const shapes = results.flatMap(({ deterministic }) => deterministic.series)
  return Math.max(1, ...shapes.map(({ shape }) => shape.length))
}

/** The phases of a run, over user bytes. */
export function phasesByBytes(
  preset: Preset,
  { deterministic }: RunResult,
  { domain, unitBytes }: ReturnType<typeof userBytesAxis>,
  width: number,
): readonly Layer[] {
  const phases = deterministic.phases.map(({ name, userBytes }) => ({ name, length: userBytes }))
  return phaseLayers(preset, phases, domain![1] * unitBytes, width)
}
