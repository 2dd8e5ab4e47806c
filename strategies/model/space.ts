/**
 * Owns space amplification, amp = N/unique − 1: entries stored beyond the unique ones, in the worst
 * case that every newer entry obsoletes one in the deepest level. All forms require a deepest level
 * that dominates (dynamic level sizing, or a full tree): with static capacities leveling has
 * reached 1.00 at T = 4 where the bound says 0.33. Space a running merge needs is not in them.
 */

import type { FluidPoint } from './fluid-point.ts'

/** amp = Z − 1 + 1/T: Dostoevsky Eq 13. */
export function spaceDostoevsky({ T, Z }: FluidPoint): number {
  return Z - 1 + 1 / T
}

/**
 * amp = Z·T/(T − 1) − 1: exact under Eq 13's own assumptions (derived here). The deepest level is Z
 * runs of the same unique keys, the whole tree T/(T − 1) of it. Leveling 1/(T − 1), tiering T − 1.
 */
export function spaceExact({ T, Z }: FluidPoint): number {
  return (Z * T) / (T - 1) - 1
}

/** total ÷ unique ≤ T/(T − 1): Dong et al., CIDR '17, leveled with dynamic level sizes. */
export function spaceBoundDynamic(T: number): number {
  return T / (T - 1)
}
