/**
 * Owns a fabricated sweep for tests of reports: designs, workloads and seeds, with invented
 * figures.
 */
import type { RunResult } from '../../../results/schema.ts'
import { sampleResult } from '../../../results/testing/sample-result.ts'

const STRATEGIES = ['leveling', 'leveling-partial', 'lazy-leveling', 'tiering', 'fluid'] as const
const WORKLOADS = ['ycsb-a', 'ycsb-e'] as const

/** Ten results for each seed. */
export function sampleSweep(seeds: number): readonly RunResult[] {
  return STRATEGIES.flatMap((strategy) =>
    WORKLOADS.flatMap((workload) =>
      Array.from({ length: seeds }, (_, index) =>
        sampleResult({ strategy, workload, seed: index + 1, longScans: workload === 'ycsb-e' }),
      ),
    ),
  )
}
