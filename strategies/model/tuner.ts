/**
 * Owns the search for the best design: strategy, size ratio, runs, and the division of memory
 * between memtable and filters. The workload is known exactly (nominal), or within a divergence ρ
 * (robust: the design with the best worst case, as in Endure). Designs that need more space than
 * allowed are left out. A grid search is followed by a descent in ever smaller steps. There is no
 * randomness, so equal questions have equal answers.
 */

import { type FluidPoint, lazyLeveling, leveling, runsAtMost, tiering } from './fluid-point.ts'
import {
  type ByOperation,
  costsOf,
  meanCost,
  type Tuning,
  type TuningCosts,
  type TuningEnvironment,
  treeOf,
  type WorstCase,
  worstCase,
} from './workload-cost.ts'

export type TunedStrategy = 'leveling' | 'tiering' | 'lazy-leveling' | 'fluid'

export interface Rated extends Tuning, TuningCosts {
  /** Its name in the catalog; `point` has its parameters. */
  readonly strategy: TunedStrategy
  /** Memory of all filters, in bits for each unique entry. */
  readonly filterBits: number
  /** Mean I/Os per operation of the expected workload. */
  readonly cost: number
  /** The worst case of the workloads within ρ; equal to `cost` at ρ = 0. */
  readonly worst: WorstCase
}

export interface TuningQuestion {
  /** Shares with Σ = 1. */
  readonly workload: ByOperation
  /** Memory must be at least `MEMTABLE_BYTES_MIN`. */
  readonly environment: TuningEnvironment
  /** ρ ≥ 0 in nats. */
  readonly rho: number
  /** The most that a tree may store between two merges ÷ its unique entries; ≥ 1. */
  readonly spaceMax: number
}

/** Both lists lack a strategy if none of its designs stays within the space allowed. */
export interface TuningAnswer {
  /** The best of each strategy by cost, the best first. */
  readonly nominal: readonly Rated[]
  /** The best of each strategy by worst case, the best first. */
  readonly robust: readonly Rated[]
}

/** The least bytes for the memtable; one skiplist block could not buffer anything. */
export const MEMTABLE_BYTES_MIN = 64 * 1024

/** More bits lower the rate too little to be worth the memory. */
const BITS_MAX = 24
/**
 * Costs jump where a little more data makes a level full one arrival earlier, and the best designs
 * lie next to such borders, but the amount of data is never exact. So with 2 % less or more of it a
 * design must stay within the space allowed, and cost at most 5 % more.
 */
const DATA_CHANGES = [0.98, 1.02]
const COST_CHANGE_MAX = 1.05
/**
 * Bits for each unique entry that the grid tries. Filters hold obsolete versions too, so a tree may
 * use more than `BITS_MAX` of them.
 */
const FILTER_BITS = [...steps(0, 12, 1), ...steps(12, 24, 2), ...steps(24, 73, 6)]
const SIZE_RATIO_MAX = 1000
/** Larger ratios give a fluid tree too many points to try, and no gain over lazy leveling. */
const FLUID_SIZE_RATIO_MAX = 32
const STRATEGIES: readonly TunedStrategy[] = ['leveling', 'tiering', 'lazy-leveling', 'fluid']

export function tune(question: TuningQuestion): TuningAnswer {
  const nominal: Rated[] = []
  const robust: Rated[] = []
  for (const strategy of STRATEGIES) {
    let cheapest: Rated | null = null
    let safest: Rated | null = null
    for (const candidate of candidatesOf(strategy, question)) {
      if (cheapest === null || byCost(candidate, cheapest) < 0) cheapest = candidate
      if (safest === null || byWorst(candidate, safest) < 0) safest = candidate
    }
    if (cheapest === null || safest === null) continue
    const best = descend(cheapest, byCost, question)
    // Also starts at the nominal best, so the robust worst case is never worse than that one's.
    const starts = [safest, best].map((start) => descend(start, byWorst, question))
    nominal.push(best)
    robust.push(starts.reduce((a, b) => (byWorst(b, a) < 0 ? b : a)))
  }
  return { nominal: nominal.sort(byCost), robust: robust.sort(byWorst) }
}

/** Compares two designs; below 0 if the first is better. */
type Order = (a: Rated, b: Rated) => number

const byCost: Order = (a, b) => a.cost - b.cost
/** Far from the expected mix many designs have the same worst case; then the cheaper is better. */
const byWorst: Order = (a, b) => rounded(a.worst.cost) - rounded(b.worst.cost) || byCost(a, b)

/** Rounds off the last bits, so that equal designs tie and the order stays total. */
function rounded(cost: number): number {
  return Math.round(cost * 1e9)
}

/** from, from + step … below `to`. */
function steps(from: number, to: number, step: number): readonly number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)
}

/**
 * The `count` best designs, each of another point (T, K, Z), the best first: by worst case if
 * ρ > 0, else by cost. Points that give the same tree count once. The first is the best of `tune`.
 */
export function bestDesigns(question: TuningQuestion, count: number): readonly Rated[] {
  const order = question.rho > 0 ? byWorst : byCost
  const { nominal, robust } = tune(question)
  const [best] = question.rho > 0 ? robust : nominal
  if (best === undefined) return []
  const points = new Map<string, Rated>()
  for (const strategy of STRATEGIES) {
    for (const candidate of candidatesOf(strategy, question)) {
      const name = pointName(candidate.point)
      const known = points.get(name)
      if (known === undefined || order(candidate, known) < 0) points.set(name, candidate)
    }
  }
  const treeName = ({ point }: Rated) => {
    const tree = treeOf(point, best.memtableBytes, question.environment)
    return [tree.copiesWritten, tree.spaceMean].map((each) => each.toPrecision(9)).join(' ')
  }
  const found = [best]
  const trees = new Set([treeName(best)])
  for (const rated of [...points.values()].sort(order)) {
    if (found.length >= count) break
    const name = treeName(rated)
    if (trees.has(name) || order(rated, found.at(-1)!) === 0) continue
    trees.add(name)
    found.push(rated)
  }
  return found
}

/** The parameters of the strategy, as the catalog takes them. */
export function parametersOf(
  { strategy, point, bitsPerEntry }: Pick<Rated, 'strategy' | 'point' | 'bitsPerEntry'>,
  filters: TuningEnvironment['filters'],
): Readonly<Record<string, number | string>> {
  const { T, K, Z } = point
  return {
    T,
    ...(strategy === 'fluid' ? { K, Z } : {}),
    bitsPerKey: bitsPerEntry,
    filterAlloc: filters === 'optimal' ? 'monkey' : 'uniform',
  }
}

function pointName({ T, K, Z }: FluidPoint): string {
  return `${T} ${K} ${Z}`
}

function* candidatesOf(
  strategy: TunedStrategy,
  question: TuningQuestion,
): Generator<Rated, void, undefined> {
  for (const point of pointsOf(strategy)) {
    for (const filterBits of FILTER_BITS) {
      const candidate = rated(strategy, point, filterBits, question)
      if (candidate !== null) yield candidate
    }
  }
}

/**
 * Null if it leaves no room for a memtable, has filters beyond use, needs too much space, or lies
 * on the border between two trees.
 */
function rated(
  strategy: TunedStrategy,
  point: FluidPoint,
  filterBits: number,
  { workload, environment, rho, spaceMax }: TuningQuestion,
): Rated | null {
  const { entries, memoryBytes } = environment
  const memtableBytes = Math.floor(memoryBytes - (filterBits * entries) / 8)
  if (memtableBytes < MEMTABLE_BYTES_MIN) return null
  const tree = treeOf(point, memtableBytes, environment)
  if (tree.spaceMost > spaceMax) return null
  const bitsPerEntry = filterBits / Math.max(1, tree.spaceMean)
  if (bitsPerEntry > BITS_MAX) return null
  const tuning = { point, memtableBytes, bitsPerEntry }
  const costs = costsOf(tuning, environment, tree)
  const cost = meanCost(workload, costs.ios)
  for (const change of DATA_CHANGES) {
    const near = { ...environment, entries: entries * change }
    const changed = costsOf(tuning, near)
    if (changed.spaceMost > spaceMax) return null
    if (meanCost(workload, changed.ios) > COST_CHANGE_MAX * cost) return null
  }
  return {
    strategy,
    filterBits,
    ...tuning,
    ...costs,
    cost,
    worst: worstCase(workload, costs.ios, rho),
  }
}

/** Moves to a better neighbour while there is one, then repeats with half the step in bits. */
function descend(start: Rated, order: Order, question: TuningQuestion): Rated {
  let best = start
  for (let step = 0.5; step >= 1 / 64; ) {
    const next = neighboursOf(best, step)
      .flatMap(({ point, bits }) => rated(best.strategy, point, bits, question) ?? [])
      .reduce((a, b) => (order(b, a) < 0 ? b : a), best)
    if (next === best) step /= 2
    else best = next
  }
  return best
}

function neighboursOf(
  { strategy, point, filterBits }: Rated,
  step: number,
): readonly { readonly point: FluidPoint; readonly bits: number }[] {
  const { T, K, Z } = point
  const allowed = (near: FluidPoint) =>
    near.T <= SIZE_RATIO_MAX && isPointOf(strategy, near) ? [near] : []
  const points: FluidPoint[] = [T - 1, T + 1].flatMap((ratio) =>
    allowed(strategy === 'fluid' ? { T: ratio, K, Z } : namedPoint(strategy, ratio)),
  )
  if (strategy === 'fluid') {
    for (const runs of [K - 1, K + 1]) points.push(...allowed({ T, K: runs, Z }))
    for (const runs of [Z - 1, Z + 1]) points.push(...allowed({ T, K, Z: runs }))
  }
  const bits = [filterBits - step, filterBits + step].filter((b) => b >= 0)
  return [
    ...points.map((near) => ({ point: near, bits: filterBits })),
    ...bits.map((b) => ({ point, bits: b })),
  ]
}

function* pointsOf(strategy: TunedStrategy): Generator<FluidPoint, void, undefined> {
  const ratioMax = strategy === 'fluid' ? FLUID_SIZE_RATIO_MAX : SIZE_RATIO_MAX
  for (let T = 2; T <= ratioMax; T = T < 16 ? T + 1 : Math.ceil(T * 1.2)) {
    if (strategy !== 'fluid') yield namedPoint(strategy, T)
    else yield* fluidPoints(T)
  }
}

/** One point for each way to divide T − 1 arrivals into runs; other points give the same trees. */
function* fluidPoints(T: number): Generator<FluidPoint, void, undefined> {
  for (let K = 1; K < T; K++) {
    for (let Z = 1; Z < T; Z++) {
      if (isPointOf('fluid', { T, K, Z })) yield { T, K, Z }
    }
  }
}

function namedPoint(strategy: TunedStrategy, T: number): FluidPoint {
  if (strategy === 'leveling') return leveling(T)
  return strategy === 'tiering' ? tiering(T) : lazyLeveling(T)
}

/** Leaves out fluid points whose limits are never reached, and those that other names stand for. */
function isPointOf(strategy: TunedStrategy, { T, K, Z }: FluidPoint): boolean {
  if (T < 2 || K < 1 || Z < 1 || K >= T || Z >= T) return false
  if (strategy !== 'fluid') return true
  const named = (K === 1 && Z === 1) || (K === T - 1 && (Z === 1 || Z === T - 1))
  return !named && runsAtMost(T, K) === K && runsAtMost(T, Z) === Z
}
