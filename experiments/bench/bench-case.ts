/**
 * Owns the form of a micro-benchmark. Each `*.bench.ts` of this folder exports
 * `cases: readonly BenchCase[]`; `main.ts` runs them all. Invariant: `setup` does everything that
 * is not measured, and the function it returns does the same work at every call.
 */

export interface BenchCase {
  readonly name: string
  /** What one operation is: 'entries', 'gets', 'probes' … */
  readonly unit: string
  /**
   * Whether the figure is microseconds an operation, where a bound is one; else operations a
   * second.
   */
  readonly timed?: boolean
  /** Operations one call of the function returned by `setup` performs. */
  readonly opsPerIteration: number
  /**
   * Operations per second of a prototype on the reference machine; null where none was measured.
   */
  readonly referenceOpsPerSecond: number | null
  /** Builds the inputs and returns the measured function. */
  setup(): () => void
}
