/**
 * Owns the interface of a distribution: one number per call, drawn from the `JavaRandom` passed at
 * construction. Constructors draw where YCSB's do, so the order of construction is part of a
 * stream.
 */

export interface NumberGenerator {
  next(): number
}
