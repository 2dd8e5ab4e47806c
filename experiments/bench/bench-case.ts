/**
 * Owns the form of a micro-benchmark. Each `*.bench.ts` of this folder exports `cases: readonly
 * BenchCase[]`; `main.ts` runs them all, and `profile.ts` profiles one of them. Invariant: `setup`
 * does everything that is not measured, and the function it returns does the same work at every
 * call.
 */

export interface BenchCase {
  readonly name: string
  /** The unit of one operation: 'entries', 'gets', 'probes' … */
  readonly unit: string
  /**
   * Whether the case is shown in microseconds per operation, because its time is bounded; otherwise
   * in operations per second.
   */
  readonly timed?: boolean
  /** Number of operations in one call of the function that `setup` returns. */
  readonly opsPerIteration: number
  /** Operations per second of a prototype on the reference machine; null if not measured. */
  readonly referenceOpsPerSecond: number | null
  /** Builds the inputs and returns the measured function. */
  setup(): () => void | Promise<void>
}
