/**
 * Owns the choice of records: each distribution of `distribution-schema.ts` over the existing
 * records, whose number grows with inserts. Invariant: a chooser returns a record in 0 … records −
 * 1, and draws only from the random numbers passed at construction.
 */

import { boundedParetoRank, exponentialOf, powerOf } from '../distributions/inverse.ts'
import { KeyRanges } from '../distributions/key-ranges.ts'
import { Permutation } from '../distributions/permutation.ts'
import { nextBeta, nextNormal } from '../distributions/sampled.ts'
import { nextBelow } from '../distributions/uniform.ts'
import { ZipfRanks } from '../distributions/zipf-ranks.ts'
import type { JavaRandom } from '../java-random.ts'
import { remainder, U64 } from '../u64.ts'
import type { KeyDistribution } from './distribution-schema.ts'
import { scatter } from './key-format.ts'

export interface KeyChooser {
  /** One of `records` records (≥ 1). `progress` in [0, 1] says how far the phase has advanced. */
  next(records: number, progress: number): number
  /**
   * The record that `draw`, a whole number in 0 … records − 1, determines. Null if one number does
   * not determine it.
   */
  readonly of: ((draw: number, records: number) => number) | null
}

/** The head of a queue, shared by all steps that read from it and take from it. */
export interface QueueHead {
  /** The first record that was not taken. */
  head: number
}

/** `records` is the number of records at the start of the phase. */
export function createKeyChooser(
  keys: KeyDistribution,
  random: JavaRandom,
  records: number,
  queue: QueueHead,
): KeyChooser {
  const drawn = (next: KeyChooser['next']): KeyChooser => ({ next, of: null })
  switch (keys.distribution) {
    case 'uniform': {
      const slot = new U64()
      return { next: (count) => nextBelow(random, count, slot), of: (draw) => draw }
    }
    case 'sequential': {
      let at = 0
      return drawn((count) => {
        const key = at % count
        at = key + keys.step
        return key
      })
    }
    case 'shuffled': {
      const places = new Permutation(random, records)
      let at = 0
      return drawn(() => places.at(at++ % records))
    }
    case 'latest': {
      const ranks = new ZipfRanks(random, keys.theta)
      return drawn((count) => count - 1 - ranks.next(count))
    }
    case 'exponential': {
      const rate = -Math.log(1 - keys.percentile / 100) / keys.fraction
      return drawn((count) => {
        let back: number
        do back = Math.floor(exponentialOf(random.nextDouble(), count / rate))
        while (back >= count)
        return count - 1 - back
      })
    }
    case 'oldest':
      return drawn((count) => Math.min(queue.head, count - 1))
    case 'power':
      return powerKeys(keys, random)
    case 'key-ranges':
      return rangeKeys(keys, random)
    default:
      return drifting(popularKeys(keys, random, records), keys.drift)
  }
}

type Popular = Extract<KeyDistribution, { drift: number }>

/** The places of the popular records, before they drift. */
function popularKeys(
  keys: Popular,
  random: JavaRandom,
  records: number,
): (records: number) => number {
  switch (keys.distribution) {
    case 'zipfian': {
      const ranks = new ZipfRanks(random, keys.theta)
      return (count) => ranks.next(count)
    }
    case 'scrambled': {
      const places = new Permutation(random, records)
      const ranks = new ZipfRanks(random, keys.theta)
      return () => places.at(ranks.next(records))
    }
    case 'hotspot': {
      const slot = new U64()
      return (count) => {
        const hot = Math.min(Math.max(1, Math.floor(count * keys.dataFraction)), count)
        const isHot = random.nextDouble() < keys.operationFraction || hot === count
        return isHot ? nextBelow(random, hot, slot) : hot + nextBelow(random, count - hot, slot)
      }
    }
    case 'normal':
      return (count) => {
        let at: number
        do at = keys.mean + keys.deviation * nextNormal(random)
        while (at < 0 || at >= 1)
        return Math.floor(at * count)
      }
    case 'beta':
      return (count) =>
        Math.min(Math.floor(nextBeta(random, keys.alpha, keys.beta) * count), count - 1)
    case 'pareto':
      return (count) => boundedParetoRank(random.nextDouble(), keys.shape, count)
  }
}

function drifting(popular: (records: number) => number, turns: number): KeyChooser {
  if (turns === 0) return { next: popular, of: null }
  return {
    next(count, progress) {
      const moved = (popular(count) + Math.floor(turns * progress * count)) % count
      return moved < 0 ? moved + count : moved
    },
    of: null,
  }
}

/**
 * mixgraph without key ranges. RocksDB seeds a generator with the rank and takes its first number;
 * here a 64-bit mix scatters the rank. The keys differ, their popularity is the same.
 */
function powerKeys(
  { a, b }: Extract<KeyDistribution, { distribution: 'power' }>,
  random: JavaRandom,
): KeyChooser {
  const slot = new U64()
  const of = (draw: number, records: number) =>
    scattered(powerOf(draw / records, a, b), records, slot)
  return { next: (count) => of(nextBelow(random, count, slot), count), of }
}

/** mixgraph's `DistGetKeyID`: the same draw determines the range and the key in it. */
function rangeKeys(
  keys: Extract<KeyDistribution, { distribution: 'key-ranges' }>,
  random: JavaRandom,
): KeyChooser {
  const ranges = new KeyRanges(keys)
  const slot = new U64()
  const of = (draw: number, records: number) => {
    const size = Math.max(1, Math.floor(records / keys.ranges))
    const start = size * ranges.rangeOf(draw)
    const within = draw % size
    const isUniform = keys.keyA === 0 || keys.keyB === 0
    const offset = isUniform
      ? within
      : scattered(powerOf(within / size, keys.keyA, keys.keyB), size, slot)
    return Math.min(start + offset, records - 1)
  }
  return { next: (count) => of(nextBelow(random, count, slot), count), of }
}

function scattered(rank: number, items: number, slot: U64): number {
  scatter(rank, slot)
  return remainder(slot.high, slot.low, items)
}
