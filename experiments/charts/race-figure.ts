/**
 * Owns the figure of a race: for each benchmark, how many times better an executor of Varve is than
 * each other store, on a logarithmic axis, with the interval of the median. Right of 1, Varve is
 * ahead.
 */

import {
  RACE_BENCHMARK_NAMES,
  RACED_ENGINES,
  type RaceCompression,
  type RaceRatio,
  type RaceResult,
  type VarveEngine,
} from '../../results/race-schema.ts'
import { shellText } from '../../results/shell-text.ts'
import { textWidth } from './font-metrics.ts'
import { framed } from './frame.ts'
import { legendView } from './legend.ts'
import { bandY, type Layer, labelColumn, panelRoom, rowOf, spacingOf } from './panels.ts'
import { COLOUR, FONT, type Preset, seriesStyle, type VegaLiteSpec, type View } from './theme.ts'
import { provenance } from './wording.ts'

/** Square pixels at a page's text width: symbols of one row lie close together. */
const SYMBOL_SIZE = 16
const TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

/** Null if the race has no ratio of this executor under this compression. */
export function raceFigure(
  result: RaceResult,
  shown: { readonly varve: VarveEngine; readonly compression: RaceCompression },
  preset: Preset,
): VegaLiteSpec | null {
  const { varve, compression } = shown
  const ratios = result.ratios.filter(
    (ratio) => ratio.varve === varve && ratio.compression === compression,
  )
  if (ratios.length === 0) return null
  const peers = RACED_ENGINES.filter((engine) => ratios.some(({ peer }) => peer === engine))
  const names = RACE_BENCHMARK_NAMES.filter((name) =>
    ratios.some(({ benchmark }) => benchmark === name),
  )
  const { entries, rounds, keyBytes, valueBytes } = result.config
  const failed = result.gates.filter(({ passed }) => !passed)
  return framed(preset, {
    title: `${varve} against other stores`,
    settings: [
      `${entries.toLocaleString('en')} entries of ${keyBytes} + ${valueBytes} B`,
      compression === 'none' ? 'no compression' : `compression ${compression}`,
      `${rounds} rounds`,
    ],
    description: `How many times better ${varve} is than each other store, by benchmark`,
    usermeta: { commands: [shellText(result.command)] },
    rows: [
      legendView(
        preset,
        peers.map((name, index) => ({
          name,
          symbol: 'point' as const,
          size: 2 * SYMBOL_SIZE,
          ...seriesStyle(index),
        })),
      ),
      ratioRow(preset, names, peers, ratios),
    ],
    notes: [
      `Right of 1, ${varve} is ahead. A symbol is the median over the rounds of the ratio within ` +
        `a round, a line ${confidenceText(ratios)}.`,
    ],
    paragraphs: [
      ...failed.map(({ name, why }) => ({ kind: 'gate' as const, text: `✗ ${name}: ${why}.` })),
      { kind: 'note', text: provenance(result) },
      { kind: 'command', text: `$ ${shellText(result.command)}` },
    ],
  })
}

function confidenceText([first]: readonly RaceRatio[]): string {
  const { confidence } = first!
  if (confidence === 0) return 'would be its interval, but there is a single round'
  return `the interval that holds the median with ${(confidence * 100).toFixed(0)} % confidence`
}

function ratioRow(
  preset: Preset,
  names: readonly string[],
  peers: readonly string[],
  ratios: readonly RaceRatio[],
): View {
  const { scale, fontSize } = preset
  const { rowStep, labelGap } = spacingOf(preset)
  const widest = names.map((name) => textWidth(name, { font: FONT, fontSize: fontSize.label }))
  const labelWidth = Math.ceil(Math.max(...widest))
  const ends = ratios.flatMap(({ low, high }) => [low, high])
  const from = TICKS.findLast((tick) => tick <= Math.min(...ends, 0.5)) ?? TICKS[0]!
  const to = TICKS.find((tick) => tick >= Math.max(...ends, 2)) ?? TICKS.at(-1)!
  const x = {
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain: [from, to], nice: false, clamp: true },
    axis: {
      title: 'times better than the other store (log)',
      values: TICKS.filter((tick) => tick >= from && tick <= to),
      grid: true,
      format: '~g',
    },
  }
  const y = bandY(names)
  const yOffset = {
    field: 'peer',
    type: 'nominal' as const,
    scale: { domain: [...peers], paddingOuter: 0.5 },
  }
  const layers = peers.flatMap((peer, index): readonly Layer[] => {
    const { colour, shape } = seriesStyle(index)
    const values = ratios
      .filter((ratio) => ratio.peer === peer)
      .map(({ benchmark, median, low, high }) => ({ name: benchmark, peer, median, low, high }))
    return [
      {
        data: { values },
        mark: { type: 'rule', color: colour, strokeWidth: scale },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, yOffset },
      },
      {
        data: { values },
        mark: { type: 'point', shape, color: colour, filled: true, opacity: 1, size: SYMBOL_SIZE },
        encoding: {
          x: { ...x, field: 'median' },
          y,
          yOffset,
          tooltip: ['peer', 'name', 'median', 'low', 'high'].map((field) => ({ field })),
        },
      },
    ]
  })
  const even: Layer = {
    data: { values: [{ one: 1 }] },
    mark: { type: 'rule', color: COLOUR.ink, strokeWidth: scale },
    encoding: { x: { ...x, field: 'one' } },
  }
  return rowOf([
    labelColumn(preset, names, '', labelWidth),
    {
      width: panelRoom(preset) - labelWidth - labelGap,
      height: names.length * rowStep,
      layer: [even, ...layers],
    },
  ])
}
