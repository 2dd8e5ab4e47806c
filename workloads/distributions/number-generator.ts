/**
 * Owns the form of a distribution: one number a call, drawn from the `JavaRandom` it was built
 * with. Constructors draw where YCSB's do, so the order of construction is part of a stream.
 */

export interface NumberGenerator {
  next(): number
}
