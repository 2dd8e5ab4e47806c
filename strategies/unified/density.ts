/**
 * Owns Cassandra's formulas: the scaling parameters W, the levels that a density falls into, and
 * the number of shards that a merge's output is cut into (`unified/Controller.java`).
 */

/** 'T4', 'L10', 'N', or the number itself. T: f = t = W + 2; L: f = 2 − W and t = 2. */
export interface Scaling {
  /** f: how much denser each level is than the one above. */
  readonly fanout: number
  /** t: how many overlapping tables are merged. */
  readonly threshold: number
}

export function scalingOf(text: string): Scaling {
  const number = text === 'N' ? 0 : Number(text.replace(/^[TL]/, ''))
  const w = text.startsWith('T') ? number - 2 : text.startsWith('L') ? 2 - number : number
  return { fanout: 2 + Math.abs(w), threshold: 2 + Math.max(w, 0) }
}

export interface DensityShape {
  /** By level; the last stands for all deeper ones. */
  readonly scaling: readonly Scaling[]
  readonly survivalFactor: number
  /** Raw bytes of a flush. */
  readonly flushBytes: number
  readonly baseShards: number
  readonly minTableBytes: number
  readonly targetTableBytes: number
  /** λ: the part of a growing density that goes into larger tables, not into more shards. */
  readonly growth: number
}

export function scalingAt({ scaling }: DensityShape, level: number): Scaling {
  return scaling[Math.min(level, scaling.length - 1)]!
}

/** Cassandra: MAX_LEVELS. */
const LEVELS_MAX = 32

/**
 * The density, in raw bytes per whole key space, from which a table is too dense for the level.
 * Level 0 begins with a little less than a flush. So a little less than f flushes make a table of
 * level 1, but f − 1 do not.
 */
export function limitOfLevel(shape: DensityShape, level: number): number {
  let limit = shape.flushBytes * (1 - 0.9 / scalingAt(shape, 0).fanout)
  for (let at = 0; at <= level; at++) {
    limit = Math.floor(limit * scalingAt(shape, at).fanout * shape.survivalFactor)
  }
  return limit
}

/** The level of a density. */
export function levelOfDensity(shape: DensityShape, density: number): number {
  let level = 0
  while (level < LEVELS_MAX && density >= limitOfLevel(shape, level)) level++
  return level
}

/** The largest exponent of two in the number of shards. */
const SHARD_SHIFT_MAX = 20

/** How many shards the whole key space has for tables of this density. */
export function shardsOfDensity(shape: DensityShape, density: number): number {
  const { baseShards, minTableBytes, targetTableBytes, growth } = shape
  if (minTableBytes > 0 && density < minTableBytes * baseShards) {
    const fitting = 2 ** Math.floor(Math.log2(Math.max(density / minTableBytes, 1)))
    // Only a divisor of the base count leaves its borders where they are.
    return Math.min(fitting, baseShards & -baseShards)
  }
  const doublings = Math.log2(density / (targetTableBytes * baseShards)) * (1 - growth)
  return baseShards * 2 ** Math.min(Math.max(Math.floor(doublings + 0.5), 0), SHARD_SHIFT_MAX)
}
