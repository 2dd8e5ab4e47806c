/**
 * Owns what the closed-form model says about a run: its own configuration in, the prediction for a
 * load of so many unique keys out.
 */

import type { RunResult } from '../../results/schema.ts'
import { type Prediction, predict } from '../../strategies/model/model.ts'

/** Only ranges ask for these; no figure here shows one. */
const RANGE = { longRangeEntries: 0, sequentialSpeedup: 1 }

/**
 * After loading `entries` unique keys (the run's own number unless given) with the run's design.
 * Null where the run was no pure load, or the model has no exact form for its strategy.
 */
export function loadPrediction(
  { config, deterministic }: RunResult,
  entries = config.records,
): Prediction | null {
  const load = deterministic.phases.find(({ name }) => name === 'load')
  const { userBytes } = deterministic.amplification.drained
  const { memtableBytes, blockBytes } = config.engine
  if (load === undefined || load.userBytes !== userBytes || config.records === 0) return null
  if (typeof memtableBytes !== 'number' || typeof blockBytes !== 'number') return null
  const prediction = predict(config.strategy, {
    entries,
    entryBytes: userBytes / config.records,
    memtableBytes,
    blockBytes,
    ...RANGE,
  })
  return prediction?.writes.loaded ? prediction : null
}
