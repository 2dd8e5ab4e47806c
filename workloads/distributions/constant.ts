/**
 * Owns the constant distribution (YCSB 0.17.0 `ConstantIntegerGenerator`). It uses no random
 * numbers.
 */

import type { NumberGenerator } from './number-generator.ts'

export class Constant implements NumberGenerator {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  next(): number {
    return this.value
  }
}
