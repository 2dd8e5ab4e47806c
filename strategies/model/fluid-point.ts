/**
 * Owns the terms of the model: a point (T, K, Z) of the Fluid LSM-tree (Dostoevsky, SIGMOD '18, §4)
 * and its generalisation K-LSM, with a limit of runs for each level (K_1 … K_L, level 1 first).
 * Leveling, tiering and lazy leveling are such points. Formulas of one level take T and its K;
 * formulas of a tree take a point, or T and the limits.
 */

/** Size ratio T ≥ 2; at most K runs in every level but the deepest, Z there; 1 ≤ K, Z ≤ T − 1. */
export interface FluidPoint {
  readonly T: number
  readonly K: number
  readonly Z: number
}

export const leveling = (T: number): FluidPoint => ({ T, K: 1, Z: 1 })
export const tiering = (T: number): FluidPoint => ({ T, K: T - 1, Z: T - 1 })
export const lazyLeveling = (T: number): FluidPoint => ({ T, K: T - 1, Z: 1 })

/** Ratios and limits by level, level 1 first; the last entry stands for all deeper levels. */
export interface KLsmPoint {
  readonly T: readonly number[]
  readonly K: readonly number[]
  /** Limit of the deepest level, wherever that is; 0: the same as K. */
  readonly Z: number
}

export const asKLsm = ({ T, K, Z }: FluidPoint): KLsmPoint => ({ T: [T], K: [K], Z })

/** T_i of level `depth` + 1. */
export function ratioAt({ T }: KLsmPoint, depth: number): number {
  return T[Math.min(depth, T.length - 1)]!
}

/** K_i of level `depth` + 1. */
export function limitAt({ K, Z }: KLsmPoint, depth: number, deepest: boolean): number {
  return deepest && Z > 0 ? Z : K[Math.min(depth, K.length - 1)]!
}

/** T_1 … T_L. */
export function ratiosOf(point: KLsmPoint, levels: number): readonly number[] {
  return Array.from({ length: levels }, (_, depth) => ratioAt(point, depth))
}

/** K_1 … K_L of a tree of so many levels. */
export function runLimits(point: KLsmPoint, levels: number): readonly number[] {
  return Array.from({ length: levels }, (_, depth) => limitAt(point, depth, depth === levels - 1))
}

/** Arrivals that a run takes before the next run begins: ⌈(T − 1)/K⌉ (Dostoevsky §4). */
export function arrivalsPerRun(T: number, K: number): number {
  return Math.ceil((T - 1) / K)
}

/** Most runs that a level reaches. Fewer than K if ⌈(T − 1)/K⌉ does not divide T − 1 evenly. */
export function runsAtMost(T: number, K: number): number {
  return Math.ceil((T - 1) / arrivalsPerRun(T, K))
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
