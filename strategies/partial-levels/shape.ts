/** Owns the shape and the state that the rules of partial levels work with. */

import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import type { MovementLimits, MovementName } from '../primitives/movement.ts'
import type { Cursors } from '../primitives/round-robin.ts'
import type { SoftCutRule } from '../primitives/shared-parameters.ts'
import type { Multilevel } from './multilevel.ts'
import type { SourceRules } from './source-rules.ts'

/** How far each level's compactions have come through the key space. */
export type PartialState = { readonly cursors: Cursors }

export const NO_CURSORS: PartialState = { cursors: [] }

/** Without `multilevel`, no merge takes three levels. */
export interface PartialShape extends MovementLimits, Partial<Multilevel> {
  readonly T: number
  readonly l0Trigger: number
  /** Raw bytes the targets start from; 0: the memtable size. */
  readonly baseBytes: number
  readonly sizing: 'static' | 'dynamic'
  /** Dynamic sizing: number of levels, with level 0. Most data lies in the last. */
  readonly levels: number
  /** In order of priority: the first movement that does not pass chooses the table. */
  readonly movement: readonly MovementName[]
  /** Number of neighbouring tables that are compacted together. */
  readonly tablesPerJob: number
  readonly bitsPerKey: number
  readonly targetTableBytes: number
  /** Those of the source, where sources differ. */
  readonly rules: SourceRules
  /** Where the tables of a merge may end early. A table rewritten in place is cut by size alone. */
  readonly softCuts: SoftCutRule
}

export type PartialView = TreeView<PartialState>
export type PartialSpec = CompactionSpec<PartialState>
