/**
 * Owns distributions whose value is determined by one uniform number in [0, 1), by inverting the
 * distribution function. RocksDB's `mixgraph` uses the same number for an operation's kind, key and
 * size, so these functions receive it as an argument.
 */

/** The smallest step of 53 bits. Used instead of 0, for which the tails below are infinite. */
const UNIFORM_MIN = 2 ** -53

/** Exponentially distributed with this mean. */
export function exponentialOf(uniform: number, mean: number): number {
  return -mean * Math.log(Math.max(1 - uniform, UNIFORM_MIN))
}

/**
 * Generalised Pareto: P(X > x) = (1 + k (x − θ)/σ)^(−1/k); small numbers give the tail, as in
 * RocksDB's `ParetoCdfInversion` (tools/db_bench_tool.cc), before its rounding.
 */
export function paretoOf(uniform: number, theta: number, sigma: number, k: number): number {
  const tail = Math.max(uniform, UNIFORM_MIN)
  if (k === 0) return theta - sigma * Math.log(tail)
  return theta + (sigma * (tail ** -k - 1)) / k
}

/** Generalised extreme value: P(X ≤ x) = exp(−(1 + k (x − μ)/σ)^(−1/k)), Gumbel's at k = 0. */
export function extremeOf(uniform: number, mu: number, sigma: number, k: number): number {
  const fall = -Math.log(Math.max(uniform, UNIFORM_MIN))
  if (k === 0) return mu - sigma * Math.log(fall)
  return mu + (sigma * (fall ** -k - 1)) / k
}

/**
 * RocksDB's `PowerCdfInversion`, ⌈(u/a)^(1/b)⌉: the x hottest keys together receive a share a·x^b
 * of all accesses (Cao et al., "Characterizing, Modeling, and Benchmarking RocksDB Key-Value
 * Workloads at Facebook", FAST 2020, §7).
 */
export function powerOf(uniform: number, a: number, b: number): number {
  return Math.ceil((uniform / a) ** (1 / b))
}

/**
 * Ranks 0 … items − 1. Rank r has P = F(r + 2) − F(r + 1), where F is a Pareto of shape α bounded
 * to 1 … items + 1.
 */
export function boundedParetoRank(uniform: number, alpha: number, items: number): number {
  const rest = 1 - (items + 1) ** -alpha
  const rank = Math.floor((1 - uniform * rest) ** (-1 / alpha)) - 1
  return Math.min(rank, items - 1)
}
