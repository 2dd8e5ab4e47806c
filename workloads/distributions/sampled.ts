/**
 * Owns the continuous distributions without a simple inverse: normal (Box & Muller 1958, only the
 * cosine half, so that every number costs two draws) and beta, as a ratio of gammas (Marsaglia &
 * Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS 26(3), 2000).
 */

import type { JavaRandom } from '../java-random.ts'

/** Mean 0, standard deviation 1. */
export function nextNormal(random: JavaRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextDouble()))
  return radius * Math.cos(2 * Math.PI * random.nextDouble())
}

/** In [0, 1]; alpha, beta > 0. */
export function nextBeta(random: JavaRandom, alpha: number, beta: number): number {
  const first = nextGamma(random, alpha)
  const second = nextGamma(random, beta)
  return first / (first + second)
}

function nextGamma(random: JavaRandom, shape: number): number {
  if (shape < 1) {
    const boost = (1 - random.nextDouble()) ** (1 / shape)
    return nextGamma(random, shape + 1) * boost
  }
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const normal = nextNormal(random)
    const v = (1 + c * normal) ** 3
    if (v <= 0) continue
    const bound = normal ** 2 / 2 + d - d * v + d * Math.log(v)
    if (Math.log(1 - random.nextDouble()) < bound) return d * v
  }
}
