/**
 * Owns the registry of workloads: the names that `--workload=` accepts. YCSB's workloads are YCSB's
 * own streams; all others are presets that make a spec (`spec/`).
 */

import type { WorkloadDefinition } from './definition.ts'
import { DB_BENCH_PRESETS } from './presets/db-bench.ts'
import { MIXGRAPH_PRESET } from './presets/mixgraph.ts'
import { PATTERN_PRESETS } from './presets/patterns.ts'
import { presetDefinition } from './spec/spec-definition.ts'
import { ycsbDefinitions } from './ycsb/ycsb-definition.ts'

/** By name, in display order. */
export const WORKLOADS: ReadonlyMap<string, WorkloadDefinition> = new Map(
  [
    ...ycsbDefinitions(),
    ...[...DB_BENCH_PRESETS, MIXGRAPH_PRESET, ...PATTERN_PRESETS].map(presetDefinition),
  ].map((definition) => [definition.name, definition]),
)
