/**
 * Owns the rules in which LevelDB, RocksDB 7.8 and RocksDB since 9.0 differ. A strategy that names
 * one of them as its source picks by these; `rules` is the parameter.
 *
 * Sources: LevelDB `version_set.cc` and `db/dbformat.h` (stall limits). RocksDB
 * `compaction_picker_level.cc`, `compaction_picker.cc` and `version_set.cc`; changes by pull
 * request: moves out of level 0 (10188, 7.5), surplus levels (11340, 8.2), moves to both sides
 * (11347, 8.2), merges within a small level 0 (12214, 9.0), limit of grown inputs (10835, 7.8;
 * 12323, 9.0). RocksDB's stall limits are its defaults of 20 and 36.
 */

import type { StallLimits } from '../../engine/compaction/strategy.ts'
import type { SoftCutRule } from '../primitives/shared-parameters.ts'

export interface SourceRules {
  /** Tombstones add to the sizes of tables and levels (`primitives/compensated-sizes.ts`). */
  readonly compensatesTombstones: boolean
  /** Level 0 is also due when it has as many bytes as the level that takes it in may hold. */
  readonly level0ByBytes: boolean
  /** The oldest runs of level 0 move down on their own if they overlap nothing. */
  readonly movesOldestRuns: boolean
  readonly intraL0: IntraLevel0
  /** Dynamic sizing: levels that the data no longer needs are emptied. */
  readonly drainsSurplusLevels: boolean
  /** Neighbours that move along with a table that overlaps nothing. */
  readonly movesAlong: 'none' | 'right' | 'both'
  /** A table that overlaps more than this one level deeper is rewritten, in target tables. */
  readonly moveTablesMax: number
  /** Whether that limit includes the table itself. */
  readonly moveCountsItself: boolean
  /** Inputs do not grow beyond this, in target tables. */
  readonly inputTablesMax: number
  /** Inputs also grow by the tables that lie within the key range of the other inputs. */
  readonly growsWithin: boolean
  readonly softCuts: SoftCutRule
  /** At how many runs of level 0 writers slow down and stop, for a trigger of 4. */
  readonly stalls: StallLimits
  /** The deepest level to which a flushed run that overlaps nothing goes (`flushed-run.ts`). */
  readonly flushLevelMax: number
}

export const INTRA_LEVEL_0_NAMES = ['never', 'blocked', 'small'] as const

/**
 * When level 0 merges runs within itself: never, while its way down is blocked, or also when it is
 * small against the level that takes it in.
 */
export type IntraLevel0 = (typeof INTRA_LEVEL_0_NAMES)[number]

const ROCKSDB: SourceRules = {
  compensatesTombstones: true,
  level0ByBytes: true,
  movesOldestRuns: true,
  intraL0: 'small',
  drainsSurplusLevels: true,
  movesAlong: 'both',
  moveTablesMax: 25,
  moveCountsItself: true,
  inputTablesMax: 50,
  growsWithin: true,
  softCuts: 'rocksdb',
  stalls: { slowdownRuns: 20, stopRuns: 36 },
  flushLevelMax: 0,
}

export const SOURCE_RULES = {
  rocksdb: ROCKSDB,
  'rocksdb-7.8': {
    ...ROCKSDB,
    intraL0: 'blocked',
    drainsSurplusLevels: false,
    movesAlong: 'right',
    inputTablesMax: Number.POSITIVE_INFINITY,
  },
  leveldb: {
    compensatesTombstones: false,
    level0ByBytes: false,
    movesOldestRuns: false,
    intraL0: 'never',
    drainsSurplusLevels: false,
    movesAlong: 'none',
    moveTablesMax: 10,
    moveCountsItself: false,
    inputTablesMax: 25,
    growsWithin: false,
    softCuts: 'leveldb',
    stalls: { slowdownRuns: 8, stopRuns: 12 },
    flushLevelMax: 2,
  },
} as const satisfies Readonly<Record<string, SourceRules>>

export type SourceName = keyof typeof SOURCE_RULES

/** The parameters of rules; 'by-rules' is what the source does. */
export interface RuleChoices {
  readonly rules: SourceName
  readonly intraL0: IntraLevel0 | 'by-rules'
  readonly softCuts: SoftCutRule | 'by-rules'
}

/** The rules of the chosen source, with what was chosen otherwise. */
export function chosenRules({ rules: source, intraL0, softCuts }: RuleChoices) {
  const rules: SourceRules = SOURCE_RULES[source]
  const chosen: SourceRules = {
    ...rules,
    intraL0: intraL0 === 'by-rules' ? rules.intraL0 : intraL0,
    softCuts: softCuts === 'by-rules' ? rules.softCuts : softCuts,
  }
  return { rules: chosen, softCuts: chosen.softCuts }
}
