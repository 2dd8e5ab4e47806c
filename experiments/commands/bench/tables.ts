/**
 * Owns the tables of a race: on the terminal the figures of all stores and the ratios, and in
 * documents the ratios as Markdown.
 */
import {
  RACE_BENCHMARKS,
  type RaceBenchmark,
  type RaceCompression,
  type RacedEngine,
  type RaceRatio,
  type RaceResult,
  type RaceUnit,
  VARVE_ENGINES,
} from '../../../results/race-schema.ts'
import type { Look } from '../../cli/terminal.ts'
import { textTable } from '../../cli/text-table.ts'

export function raceTables(result: RaceResult, look: Look): string {
  const { config, engines } = result
  const names = engines.map(({ engine }) => engine)
  return config.compressions
    .flatMap((compression) => {
      const rows = benchmarksIn(result, compression)
      return [
        `${compression === 'none' ? 'no compression' : compression}: medians of ${config.rounds} rounds`,
        textTable(
          {
            head: ['benchmark', 'in', ...names],
            rows: rows.map((benchmark) => [
              benchmark,
              unitText(RACE_BENCHMARKS[benchmark][0]),
              ...names.map((engine) => figureText(result, engine, compression, benchmark)),
            ]),
            names: 2,
            compact: true,
          },
          look,
        ),
        ...ratioTables(result, compression, rows, look),
      ]
    })
    .join('\n')
}

function ratioTables(
  result: RaceResult,
  compression: RaceCompression,
  rows: readonly RaceBenchmark[],
  look: Look,
): readonly string[] {
  const peers = peersIn(result)
  return VARVE_ENGINES.filter((varve) => result.ratios.some((ratio) => ratio.varve === varve)).map(
    (varve) => {
      const table = textTable(
        {
          head: ['benchmark', ...peers],
          rows: rows.map((benchmark) => [
            benchmark,
            ...peers.map((peer) => {
              const found = ratioIn(result, { varve, peer, benchmark, compression })
              return found === undefined
                ? ''
                : `${short(found.median)} (${short(found.low)}–${short(found.high)})`
            }),
          ]),
          names: 1,
          compact: true,
        },
        look,
      )
      return `${varve}: how many times better than\n${table}`
    },
  )
}

/**
 * The ratios without compression as a table in Markdown: both executors of Varve in each cell,
 * `inline` before `threads`.
 */
export function markdownTable(result: RaceResult): string {
  const compression = 'none'
  const peers = peersIn(result)
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rows = benchmarksIn(result, compression).map((benchmark) => {
    const cells = peers.map((peer) =>
      VARVE_ENGINES.map((varve) => ratioIn(result, { varve, peer, benchmark, compression }))
        .map((ratio) => (ratio === undefined ? '–' : short(ratio.median)))
        .join(' · '),
    )
    return row([`\`${benchmark}\``, RACE_BENCHMARKS[benchmark][1], ...cells])
  })
  return [
    row(['benchmark', 'what it does', ...peers]),
    row(['---', '---', ...peers.map(() => '--:')]),
    ...rows,
  ].join('\n')
}

function benchmarksIn({ figures }: RaceResult, compression: RaceCompression) {
  return (Object.keys(RACE_BENCHMARKS) as RaceBenchmark[]).filter((benchmark) =>
    figures.some((one) => one.benchmark === benchmark && one.compression === compression),
  )
}

function peersIn({ engines }: RaceResult): readonly RacedEngine[] {
  return engines
    .map(({ engine }) => engine)
    .filter((engine) => !VARVE_ENGINES.some((name) => name === engine))
}

function ratioIn(
  { ratios }: RaceResult,
  wanted: Pick<RaceRatio, 'varve' | 'peer' | 'benchmark' | 'compression'>,
): RaceRatio | undefined {
  return ratios.find(
    (ratio) =>
      ratio.varve === wanted.varve &&
      ratio.peer === wanted.peer &&
      ratio.benchmark === wanted.benchmark &&
      ratio.compression === wanted.compression,
  )
}

function figureText(
  { figures }: RaceResult,
  engine: RacedEngine,
  compression: RaceCompression,
  benchmark: RaceBenchmark,
): string {
  const found = figures.find(
    (one) =>
      one.engine === engine && one.compression === compression && one.benchmark === benchmark,
  )
  if (found === undefined) return ''
  const [unit] = RACE_BENCHMARKS[benchmark]
  return short(
    unit === 'bytes' ? found.median / 1e6 : isRate(unit) ? found.median / 1e3 : found.median,
  )
}

function isRate(unit: RaceUnit): boolean {
  return unit === 'operations/s' || unit === 'entries/s'
}

/** Rates are shown in thousands, sizes in megabytes. */
function unitText(unit: RaceUnit): string {
  if (unit === 'bytes') return 'MB'
  return isRate(unit) ? `1000 ${unit}` : unit
}

/** Three digits, or all of a larger number. */
function short(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
