/**
 * Owns the data of the notebooks: compact rows and ready figures, made only from the checked-in
 * results. A notebook computes every number of its prose from this data.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { failedGates } from '../experiments/charts/caption.ts'
import { chartKinds } from '../experiments/charts/catalog.ts'
import { loadPrediction } from '../experiments/charts/model.ts'
import { inStrategyOrder, strategyStyle } from '../experiments/charts/strategy-styles.ts'
import { configOf, PRESETS, SERIES_STYLES } from '../experiments/charts/theme.ts'
import { readKinds } from '../experiments/cli/read-documents.ts'
import { groupByDesign } from '../results/identity.ts'
import type { RunResult } from '../results/schema.ts'
import { type SuiteResult, suiteResultSchema } from '../results/suite-schema.ts'

const TOP = join(import.meta.dirname, '..')
const OWN_STRATEGY = 'strategies/examples/size-tiered.ts'
const OWN_NAME = 'size-tiered'

/** The data of each notebook, by the notebook's name. */
export function notebookData(): ReadonlyMap<string, object> {
  return new Map<string, object>([
    ['where-each-wins', whereEachWins()],
    ['value-log', valueLog()],
    ['engine-simulator-model', engineSimulatorModel()],
    ['write-your-own', writeYourOwn()],
  ])
}

function whereEachWins() {
  const results = inStrategyOrder(resultsIn('strategies-on-ycsb'))
  return {
    rows: results.map(costRow),
    paired: isPaired(results),
    blockBytes: Number(results[0]!.config.engine.blockBytes),
    seeds: Math.max(...groupByDesign(results).map(({ samples }) => samples.size)),
    failedGates: failedGates(results, ['amplification']).map(({ name, failed, why }) => {
      return { name, failed: failed.length, why }
    }),
    figures: figuresOf(results, 'amplification', 'trade-off'),
    command: commandFor(results),
    config: configOf(PRESETS['two-column']),
    colours: Object.fromEntries(
      results.map(({ config: { strategy } }) => [
        strategy.name,
        strategyStyle(strategy.name).colour,
      ]),
    ),
  }
}

function valueLog() {
  const { runs, claims, scale, command } = suiteOf('wisckey')
  const rowsOf = (prefix: string) =>
    runs
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ params, figures }) => ({ ...params, ...figures }))
  return {
    userBytes: runs[0]!.figures.userBytes,
    loads: rowsOf('load, '),
    thresholds: rowsOf('mixed sizes, '),
    scans: rowsOf('cold scan, '),
    cleaning: runs
      .filter(({ name }) => name.startsWith('updates, '))
      .map(({ params, figures }) => ({
        ...params,
        measured: figures.logWriteAmplification,
        expected: figures.logWriteAmplificationExpected,
        spaceAmplification: figures.spaceAmplification,
      })),
    claims: { total: claims.length, held: claims.filter(({ held }) => held).length },
    scale,
    command: command.join(' '),
    config: configOf(PRESETS['two-column']),
    colours: SERIES_STYLES.map(({ colour }) => colour),
  }
}

function engineSimulatorModel() {
  const results = resultsIn('predictions')
  const engine = results
    .filter(({ config }) => config.target === 'varve')
    .toSorted((a, b) => a.config.records - b.config.records)
  const rows = engine.map((run) => {
    const { strategy, records } = run.config
    const twin = results.find(
      ({ config }) =>
        config.target !== 'varve' &&
        config.strategy.name === strategy.name &&
        config.records === records,
    )
    return {
      strategy: strategy.name,
      records,
      engine: waEntries(run),
      simulated: twin === undefined ? null : waEntries(twin),
      model: loadPrediction(run)?.writes.loaded?.levelZeroRun ?? null,
    }
  })
  return {
    rows,
    strategies: [...new Set(rows.map(({ strategy }) => strategy))],
    sizes: [...new Set(rows.map(({ records }) => records))],
    figures: figuresOf(results, 'prediction-error', 'wa-vs-size'),
    counts: countsOf(suiteOf('counts')),
    commands: [
      ...Map.groupBy(results, ({ config }) => `${config.target} ${config.records}`).values(),
    ].map(commandFor),
  }
}

function writeYourOwn() {
  const results = resultsIn('own-strategy')
  const own = results.find(({ config }) => config.strategy.name === OWN_NAME)!
  const source = readFileSync(join(TOP, OWN_STRATEGY), 'utf8').trim()
  return {
    own: OWN_NAME,
    path: OWN_STRATEGY,
    source,
    description: /description: '([^']+)'/.exec(source)![1],
    rows: results.map(costRow),
    paired: isPaired(results),
    figures: figuresOf(results, 'amplification'),
    command: own.command.join(' '),
  }
}

/** The figures of a run that the notebooks quote. */
function costRow({ config, deterministic }: RunResult) {
  const { drained } = deterministic.amplification
  const { getHit, shortScan } = deterministic.readAmplification
  const run = deterministic.phases.find(({ name }) => name === 'run')!
  const puts = Object.entries(run.operationsByKind)
    .filter(([kind]) => kind === 'update' || kind === 'insert')
    .reduce((sum, [, count]) => sum + count, 0)
  return {
    strategy: config.strategy.name,
    workload: config.workload.name,
    records: config.records,
    operations: config.operations,
    bitsPerKey: config.strategy.params.bitsPerKey ?? null,
    waTotal: drained.waTotal,
    space: drained.spaceAmplification,
    runsPerGet: getHit.runsPerOperation,
    blocksPerGet: getHit.blocksPerOperation,
    blocksPerScan: shortScan.blocksPerOperation,
    putBytes: puts === 0 ? null : run.userBytes / puts,
  }
}

/** Whether all runs of a workload saw the same operations. */
function isPaired(results: readonly RunResult[]): boolean {
  const groups = Map.groupBy(results, ({ config }) => config.workload.name)
  return [...groups.values()].every(
    (runs) => new Set(runs.map(({ deterministic }) => deterministic.traceHash)).size === 1,
  )
}

function figuresOf(results: readonly RunResult[], ...names: readonly string[]) {
  const figure = (name: string) => {
    const kind = chartKinds.get(name)!
    return {
      wide: kind.specOf(results, PRESETS['two-column']),
      narrow: kind.specOf(results, PRESETS['one-column']),
    }
  }
  return Object.fromEntries(names.map((name) => [name, figure(name)]))
}

function waEntries({ deterministic }: RunResult): number {
  return deterministic.amplification.drained.waEntries!
}

/**
 * The loads of unique keys with the largest number of buffers, under the strategies without
 * parameters.
 */
function countsOf({ suite, claims, runs }: SuiteResult) {
  const loads = runs.filter(({ params }) => params.keyOrder === 'hashed' && params.buffers !== null)
  const most = Math.max(...loads.map(({ params }) => Number(params.buffers)))
  const shown = loads.filter(
    ({ params }) => params.buffers === most && !String(params.strategy).startsWith('fluid'),
  )
  return {
    suite,
    claims: claims.length,
    held: claims.filter(({ held }) => held).length,
    example: {
      T: shown[0]!.params.T,
      buffers: most,
      rows: shown.map(({ params, figures }) => ({
        strategy: params.strategy,
        measured: figures.levelZeroRunBuffers,
        expected: figures.levelZeroRunBuffersExpected,
        papers: figures.papersBuffers,
        papersExpected: figures.papersBuffersExpected,
        closedForm: figures.closedFormBuffers ?? null,
      })),
    },
  }
}

/** A single command for all runs of a grid of strategies and workloads. */
function commandFor(results: readonly RunResult[]): string {
  const list = (names: readonly string[]) => [...new Set(names)].join(',')
  const rest = results[0]!.command.filter((text) => !/^--(?:strategy|workload)=/.test(text))
  const at = rest.indexOf('--') + 1
  return [
    ...rest.slice(0, at),
    `--strategy=${list(results.map(({ config }) => config.strategy.name))}`,
    `--workload=${list(results.map(({ config }) => config.workload.name))}`,
    ...rest.slice(at),
  ].join(' ')
}

function resultsIn(folder: string): readonly RunResult[] {
  return readKinds([join(TOP, 'results', folder)], ['run']).map(({ document }) => document)
}

/** The suite's result at full scale if that was run. */
function suiteOf(name: string): SuiteResult {
  const paths = ['full', 'smoke'].map((scale) => {
    return join(TOP, 'results', 'suites', `${name}-${scale}.json`)
  })
  const path = paths.find((candidate) => existsSync(candidate)) ?? paths[0]!
  return suiteResultSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
}
