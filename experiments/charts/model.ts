/**
 * Owns the prediction of the closed-form model for a run: from the run's configuration and a number
 * of unique keys to the costs of loading them.
 */

import type { RunResult } from '../../results/schema.ts'
import { type Prediction, predict } from '../../strategies/model/model.ts'

/** Only costs of ranges depend on these, and no figure here shows them. */
const RANGE = { longRangeEntries: 0, sequentialSpeedup: 1 }

/**
 * The state after a load of `entries` unique keys (by default as many as the run had) with the
 * run's design. Null if the run did more than load, or if the model has no exact form for its
 * strategy.
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
