/**
 * Owns (K, L)-near-sorted orders: at most K records are out of order, and none is further than L
 * places from its own place (Ben-Moshe et al., ICDT 2011). They are made as in BoDS (Raman et al.,
 * "BoDS: A Benchmark on Data Sortedness", TPCTC 2022): K/2 places each swap with another place
 * within L. The distance is beta-distributed over −L … L. No place takes part twice, and one pair
 * is exactly L apart.
 */

import { Permutation } from '../distributions/permutation.ts'
import { nextBeta } from '../distributions/sampled.ts'
import type { JavaRandom } from '../java-random.ts'

/** K and L as fractions of the records, in 0 … 1, and the shape of the displacement. */
export interface NearSorted {
  readonly k: number
  readonly l: number
  readonly alpha: number
  readonly beta: number
}

/** As in BoDS. After this many tries, any free place within reach is taken. */
const TRIES = 128

/** Owned. For each place the number of its record; 4 bytes per record. */
export function nearSortedOrder(
  random: JavaRandom,
  records: number,
  { k, l, alpha, beta }: NearSorted,
): Uint32Array {
  const order = Uint32Array.from({ length: records }, (_, index) => index)
  const reach = Math.floor(records * l)
  const swaps = Math.floor((records * k) / 2)
  if (reach === 0 || swaps === 0) return order
  const taken = new Uint8Array(records)
  const places = new Permutation(random, records)
  for (let i = 0; i < swaps; i++) taken[places.at(i)] = 1

  const partnerOf = (place: number): number => {
    const low = Math.max(0, place - reach)
    const high = Math.min(records - 1, place + reach)
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const at = low + Math.round((high - low) * nextBeta(random, alpha, beta))
      if (taken[at] === 0) return at
    }
    for (let at = low; at <= high; at++) if (taken[at] === 0) return at
    return -1
  }
  const swap = (place: number, partner: number) => {
    taken[partner] = 1
    order[place] = partner
    order[partner] = place
  }
  const furthest = furthestPair(swaps, (i) => places.at(i), reach, taken)
  if (furthest !== null) swap(furthest.place, furthest.partner)
  for (let i = 0; i < swaps; i++) {
    const place = places.at(i)
    if (place === furthest?.place) continue
    const partner = partnerOf(place)
    if (partner >= 0) swap(place, partner)
  }
  return order
}

/** A place whose partner exactly L away is free, so that the distance L is really reached. */
function furthestPair(
  swaps: number,
  placeAt: (index: number) => number,
  reach: number,
  taken: Uint8Array,
): { readonly place: number; readonly partner: number } | null {
  for (let i = 0; i < swaps; i++) {
    const place = placeAt(i)
    for (const partner of [place + reach, place - reach]) {
      if (taken[partner] === 0) return { place, partner }
    }
  }
  return null
}
