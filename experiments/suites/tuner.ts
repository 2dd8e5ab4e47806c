/**
 * Owns the suite `tuner`: the tuner's choices against a grid of 200 designs, for eight mixes of
 * operations. The tree of each design is run once in the exact simulator, which measures the cost
 * of each kind of operation in a steady state; the cost of a mix is their weighted sum, since reads
 * change nothing, and a smaller share of writes only makes the tree change more slowly. All designs
 * divide the same memory between memtable and filters.
 *
 * The regret of a choice is its measured cost ÷ that of the best design of the grid − 1. A choice
 * within a bound on space is compared with the designs whose measured space is within it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { assert } from '../../engine/base/assert.ts'
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import type { FluidPoint } from '../../strategies/model/fluid-point.ts'
import { type TunedStrategy, tune } from '../../strategies/model/tuner.ts'
import {
  type ByOperation,
  costsOf,
  meanCost,
  OPERATION_KINDS,
  type TuningCosts,
  type TuningEnvironment,
  treeOf,
} from '../../strategies/model/workload-cost.ts'
import {
  type MeasuredCosts,
  measureCosts,
  strategyOf,
} from '../../strategies/simulator/measured-costs.ts'
import { Interrupted } from '../base/interrupted.ts'
import { countedSuite, type Task } from './counted-suite.ts'
import { atMostClaim, type CountedContext, withinClaim } from './suite.ts'

interface Design {
  readonly strategy: TunedStrategy
  readonly point: FluidPoint
  /** Memory of all filters, in bits for each record. */
  readonly filterBits: number
  readonly memtableBytes: number
  readonly bitsPerEntry: number
}

interface Measured {
  readonly design: Design
  readonly predicted: TuningCosts
  readonly costs: MeasuredCosts
  readonly run: SuiteRun
}

/**
 * 128 memtables of data or more; filters may take up to half of the memory. The number of entries
 * is not a power of two: if the data were a power of T memtables, chance would decide whether a
 * level is full one arrival earlier, and so which of two trees a design has.
 */
const ENVIRONMENT: TuningEnvironment = {
  entries: 17_000,
  entryBytes: 1024,
  memoryBytes: 128 * 1024,
  blockBytes: 4096,
  longScanEntries: 64,
  writeToRead: 1,
  sequentialSpeedup: 1,
  filters: 'uniform',
  life: 'steady',
}

/** Shares in percent: zero-result reads, reads, short scans, long scans, writes. */
const MIXES = {
  uniform: [25, 25, 25, 0, 25],
  'zero-result reads': [97, 1, 1, 0, 1],
  reads: [1, 97, 1, 0, 1],
  'short scans': [1, 1, 97, 0, 1],
  writes: [1, 1, 1, 0, 97],
  'zero-result reads and writes': [49, 1, 1, 0, 49],
  'long scans and writes': [1, 1, 1, 20, 77],
  mixed: [15, 15, 10, 0, 60],
} as const

const SPACES = [
  { name: 'any space', spaceMax: Number.POSITIVE_INFINITY },
  { name: 'space ≤ 2', spaceMax: 2 },
] as const

const REGRET_MAX = 0.05
const ERROR_MAX = 0.1
/** Measured space and memory vary with the seed by so much. */
const SLACK = 0.02

export const tuner = countedSuite<Design, Measured>({
  name: 'tuner',
  fullSeconds: 150,
  fullRssBytes: 290e6,
  description: "the tuner's choices for eight mixes, against 200 measured designs",
  columns: [
    { heading: 'zero-read', figure: 'zeroReads' },
    { heading: 'read', figure: 'reads' },
    { heading: 'short scan', figure: 'shortScans' },
    { heading: 'long scan', figure: 'longScans' },
    { heading: 'write', figure: 'writes' },
    { heading: 'WA', figure: 'writeAmplification' },
    { heading: 'space', figure: 'spaceMost' },
    { heading: 'largest error', figure: 'largestError' },
  ],
  tasksOf: (scale) => {
    // A design of the grid may be a choice too; it is measured once.
    const designs = new Map(designsOf(scale).all.map((design) => [nameOf(design), design]))
    return Array.from(designs, ([name, plan]): Task<Design> => ({ name, work: 1, plan }))
  },
  perform: measure,
  conclude: (measured, scale) => {
    const { grid, choices } = designsOf(scale)
    const known = new Map(measured.map((one) => [one.run.name, one]))
    const measuredOf = (design: Design) => known.get(nameOf(design))!
    const ofGrid = grid.map(measuredOf)
    return {
      runs: measured.map(({ run }) => run),
      claims: [
        ...errorClaims(measured),
        ...choices.flatMap((choice) =>
          choiceClaims({ ...choice, measured: measuredOf(choice.design) }, ofGrid),
        ),
      ],
    }
  },
})

function designsOf(scale: SuiteScale) {
  const environment = environmentOf(scale)
  const grid = gridOf(environment, scale)
  const choices = choicesOf(environment, scale)
  return { grid, choices, all: [...grid, ...choices.map(({ design }) => design)] }
}

function environmentOf(scale: SuiteScale): TuningEnvironment {
  if (scale === 'full') return ENVIRONMENT
  const { entries, entryBytes } = ENVIRONMENT
  return { ...ENVIRONMENT, entries: entries / 4, entryBytes: entryBytes * 4 }
}

/** 40 points of the Fluid LSM-tree with five divisions of the memory each; fewer at smoke scale. */
function gridOf(environment: TuningEnvironment, scale: SuiteScale): readonly Design[] {
  const points: (readonly [TunedStrategy, T: number, K: number, Z: number])[] = []
  for (const T of [2, 3, 4, 5, 6, 8, 10, 12, 16]) points.push(['leveling', T, 1, 1])
  for (const T of [3, 4, 5, 6, 8, 10]) points.push(['tiering', T, T - 1, T - 1])
  for (const T of [3, 4, 5, 6, 8, 10, 12, 16]) points.push(['lazy-leveling', T, T - 1, 1])
  for (const T of [5, 7, 9, 13]) points.push(['fluid', T, 2, 1], ['fluid', T, (T - 1) / 2, 2])
  for (const T of [4, 6, 8, 10]) points.push(['fluid', T, T - 1, 2])
  for (const [T, K, Z] of [
    [10, 3, 3],
    [10, 9, 4],
    [10, 4, 1],
    [16, 5, 3],
    [16, 15, 3],
  ] as const) {
    points.push(['fluid', T, K, Z])
  }
  const taken = scale === 'full' ? points : points.filter((_, index) => index % 4 === 1)
  const filterBits = scale === 'full' ? [0, 4, 10, 16, 24] : [0, 10]
  return taken.flatMap(([strategy, T, K, Z]) =>
    filterBits.map((bits) => designOf(strategy, { T, K, Z }, bits, environment)),
  )
}

function designOf(
  strategy: TunedStrategy,
  point: FluidPoint,
  filterBits: number,
  environment: TuningEnvironment,
): Design {
  const memtableBytes = environment.memoryBytes - (filterBits * environment.entries) / 8
  const { spaceMean } = treeOf(point, memtableBytes, environment)
  return { strategy, point, filterBits, memtableBytes, bitsPerEntry: filterBits / spaceMean }
}

interface Choice {
  readonly name: string
  readonly workload: ByOperation
  readonly spaceMax: number
  readonly design: Design
}

function choicesOf(environment: TuningEnvironment, scale: SuiteScale): readonly Choice[] {
  const mixes = Object.entries(MIXES).filter((_, index) => scale === 'full' || index % 3 === 1)
  return mixes.flatMap(([mix, percents]) =>
    SPACES.map(({ name, spaceMax }) => {
      const shares = OPERATION_KINDS.map((kind, index) => [kind, percents[index]! / 100])
      const workload = Object.fromEntries(shares) as ByOperation
      const [design] = tune({ workload, environment, rho: 0, spaceMax }).nominal
      assert(design !== undefined, 'some design is within the space allowed')
      return { name: `${mix}, ${name}`, workload, spaceMax, design }
    }),
  )
}

async function measure(
  { plan: design }: Task<Design>,
  { scale, seed, signal, onShare }: CountedContext,
): Promise<Measured> {
  const environment = environmentOf(scale)
  const startMs = performance.now()
  const buffers = (environment.entries * environment.entryBytes) / design.memtableBytes
  const strategy = strategyOf(design, environment.filters)
  const steps = measureCosts({ strategy, buffers }, environment, seed)
  let step = steps.next()
  while (step.done !== true) {
    onShare(step.value)
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
    step = steps.next()
  }
  return measuredOf(design, environment, step.value, (performance.now() - startMs) / 1e3)
}

function nameOf({ strategy, point: { T, K, Z }, memtableBytes, bitsPerEntry }: Design): string {
  const runs = strategy === 'fluid' ? ` K=${K} Z=${Z}` : ''
  return `${strategy} T=${T}${runs}, ${memtableBytes} B, ${bitsPerEntry.toFixed(2)} bits`
}

function measuredOf(
  design: Design,
  environment: TuningEnvironment,
  costs: MeasuredCosts,
  wallSeconds: number,
): Measured {
  const predicted = costsOf(design, environment)
  const { ios, writeAmplification, spaceMean, spaceMost, spacePeak, filterBitsPerRecord } = costs
  const errors = OPERATION_KINDS.map((kind) => Math.abs(predicted.ios[kind] / ios[kind] - 1))
  const { strategy, point, memtableBytes, bitsPerEntry } = design
  const run = {
    name: nameOf(design),
    params: { strategy, ...point, memtableBytes, bitsPerEntry },
    figures: {
      ...ios,
      writeAmplification,
      spaceMean,
      spaceMost,
      spacePeak,
      filterBitsPerRecord,
      updatesPerRecord: costs.updates,
      isSteady: costs.isWhole ? 'yes' : 'no',
      largestError: Math.max(...errors),
    },
    series: [],
    wallSeconds,
  }
  return { design, predicted, costs, run }
}

const ERROR_SOURCE = 'strategies/model/steady-tree.ts'

/** The model against the simulator, for every design that became steady. */
function errorClaims(measured: readonly Measured[]): readonly Claim[] {
  const steady = measured.filter(({ costs }) => costs.isWhole)
  const largest = (of: (one: Measured) => number) => Math.max(...steady.map(of))
  return [
    ...OPERATION_KINDS.map((kind) => {
      const error = ({ predicted, costs }: Measured) =>
        Math.abs(predicted.ios[kind] / costs.ios[kind] - 1)
      const name = `largest error of a prediction: ${kind}`
      return atMostClaim(name, largest(error), ERROR_MAX, ERROR_SOURCE)
    }),
    atMostClaim(
      'largest error of a prediction: space',
      largest(({ predicted, costs }) => Math.abs(predicted.spaceMost / costs.spaceMost - 1)),
      ERROR_MAX,
      ERROR_SOURCE,
    ),
  ]
}

function choiceClaims(
  choice: Choice & { readonly measured: Measured },
  grid: readonly Measured[],
): readonly Claim[] {
  const { name, workload, spaceMax, measured, design } = choice
  const costOf = ({ costs }: Measured) => meanCost(workload, costs.ios)
  const within = grid.filter(({ costs }) => costs.spaceMost <= spaceMax)
  const best = within.reduce((a, b) => (costOf(b) < costOf(a) ? b : a))
  const regret = costOf(measured) / costOf(best) - 1
  const source = `the best of ${within.length} measured designs: ${best.run.name}`
  const claims = [
    atMostClaim(`${name}: regret of ${measured.run.name}`, regret, REGRET_MAX, source),
  ]
  if (spaceMax !== Number.POSITIVE_INFINITY) {
    const { spaceMost } = measured.costs
    const bound = spaceMax * (1 + SLACK)
    claims.push(atMostClaim(`${name}: space`, spaceMost, bound, 'the bound, and 2 % of chance'))
  }
  if (design.filterBits > 0) {
    const { filterBitsPerRecord } = measured.costs
    const budget = 'the memory that the tuner gave the filters'
    claims.push(
      withinClaim(`${name}: filter bits`, filterBitsPerRecord, design.filterBits, SLACK, budget),
    )
  }
  return claims
}
