/**
 * Owns merges of three levels: what goes down takes the tables it meets along, into the level after
 * that, where this costs less for each byte that goes down. With inputs of a, b and c bytes in
 * three levels, top first, the usual merge writes (a + b) / a bytes for each byte of the upper
 * level. The merge of three writes (a + b + c) / (a + b) for each byte of the two upper ones. It is
 * made if its figure is at most `addPropensity` larger.
 *
 * The tables that are met grow once more, as in `descent.ts`: tables of their level that lie over
 * the inputs of the deepest level join if they add none to these. No merge is larger than 25 target
 * tables, none adds a level to the tree, and one runs at a time.
 *
 * Source: Pebble `WriteAmpHeuristic` and `setupMultiLevelCandidate` (`compaction_picker.go`; issue
 * 2179). Pebble's tables are larger in deeper levels, and so are its limits; and it merges three
 * levels only if it may run more than one compaction.
 */

import type { CompactionSpec, TreeView } from '../../engine/compaction/strategy.ts'
import { hull, type KeyRange } from '../../engine/version/key-range.ts'
import { overlapping, type Run, sliceTables } from '../../engine/version/run.ts'
import { rawBytesOfTables, type TableMeta } from '../../engine/version/table-meta.ts'
import { levelAt } from '../../engine/version/version.ts'
import { levelsTouched } from '../primitives/specs.ts'

export const MULTILEVEL_NAMES = ['never', 'write-amp'] as const

export interface Multilevel {
  readonly multilevel: (typeof MULTILEVEL_NAMES)[number]
  /** By how much a merge of three levels may write more per byte. */
  readonly addPropensity: number
  /** Whether it may start in level 0. */
  readonly multilevelL0: boolean
}

/** A usual merge: tables of one level, and the tables that they meet in level `into`. */
export interface TwoLevels {
  readonly from: number
  readonly into: number
  readonly tables: readonly TableMeta[]
  readonly met: readonly TableMeta[]
}

/** The inputs of the two lower levels of a merge of three. */
export interface LowerLevels {
  readonly met: readonly TableMeta[]
  readonly deeper: readonly TableMeta[]
}

/** The lower levels of a merge of three, if it is better than the usual merge. */
export function lowerLevels(
  { version, inProgress }: TreeView,
  { from, into, tables, met }: TwoLevels,
  mostBytes: number,
  { multilevel = 'never', addPropensity = 0, multilevelL0 = false }: Partial<Multilevel>,
): LowerLevels | null {
  if (multilevel === 'never' || into >= version.levels.length - 1) return null
  if (from === 0 && !multilevelL0) return null
  if (inProgress.some((spec) => takesThreeLevels(spec) || touches(spec, into + 1))) return null
  const upperBytes = rawBytesOfTables(tables)
  const usualBytes = upperBytes + rawBytesOfTables(met)
  const [run] = levelAt(version, into).runs
  const [deepRun] = levelAt(version, into + 1).runs
  const deeper = tablesIn(deepRun, hull([...tables, ...met])!)
  const grown = grownTables(run, deepRun, [...tables, ...met], deeper)
  const deeperBytes = rawBytesOfTables(deeper)
  const isGrown = grown.length > met.length && rawBytesOfTables(grown) + deeperBytes < mostBytes
  const lower = { met: isGrown ? grown : met, deeper }
  const upTo = upperBytes + rawBytesOfTables(lower.met)
  if (upTo + deeperBytes >= mostBytes) return null
  const ofThree = (upTo + deeperBytes) / upTo
  return ofThree <= usualBytes / upperBytes + addPropensity ? lower : null
}

/** The tables of `run` over all inputs, if they meet no more than `deeper`; else none. */
function grownTables(
  run: Run | undefined,
  deepRun: Run | undefined,
  inputs: readonly TableMeta[],
  deeper: readonly TableMeta[],
): readonly TableMeta[] {
  if (deeper.length === 0) return []
  const grown = tablesIn(run, hull([...inputs, ...deeper])!)
  const meets = tablesIn(deepRun, hull([...grown, ...deeper])!)
  return meets.length === deeper.length ? grown : []
}

function tablesIn(run: Run | undefined, range: KeyRange): readonly TableMeta[] {
  if (run === undefined) return []
  const { from, to } = overlapping(run, range)
  return sliceTables(run, from, to)
}

function takesThreeLevels({ inputs }: CompactionSpec): boolean {
  return new Set(inputs.map(({ level }) => level)).size > 2
}

function touches(spec: CompactionSpec, level: number): boolean {
  return levelsTouched(spec).includes(level)
}
