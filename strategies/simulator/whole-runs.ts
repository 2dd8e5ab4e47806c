/**
 * Owns the fast check of specs that replace neighbouring whole runs by one. Their safety follows
 * without reading tables: if the inputs are neighbours in the recency order and the result takes a
 * place among them, no other run lies between an input and its new place, and no other table is in
 * the run that is written. Any other spec is checked table by table by the engine's own rules
 * (`engine/compaction/validate-spec.ts`).
 */

import type { CompactionSpec, OutputPlace } from '../../engine/compaction/strategy.ts'
import { EMPTY_LEVEL, type Level, levelOf } from '../../engine/version/level.ts'
import type { Run, RunId } from '../../engine/version/run.ts'
import { runsNewestFirst, type Version, versionOf } from '../../engine/version/version.ts'

export interface PlacedRun {
  readonly level: number
  readonly run: Run
}

export interface WholeRuns {
  /** Newest first. */
  readonly inputs: readonly PlacedRun[]
  /** Older than all inputs. */
  readonly older: readonly Run[]
  readonly place: OutputPlace
}

/** The spec in terms of whole runs; null if it must be checked table by table. */
export function wholeRunsOf(version: Version, spec: CompactionSpec): WholeRuns | null {
  const place = onlyPlace(spec)
  if (place === null || spec.inputs.some(({ tables }) => tables !== 'all')) return null
  const runs = runsNewestFirst(version)
  const named = new Set(spec.inputs.map(({ level, run }) => `${level}/${run}`))
  const isInput = ({ level, run }: PlacedRun) => named.has(`${level}/${run.id}`)
  const first = runs.findIndex(isInput)
  const count = spec.inputs.length
  const inputs = runs.slice(Math.max(first, 0), first + count)
  if (named.size < count || inputs.length < count || !inputs.every(isInput)) return null
  const position = positionOf(runs, place)
  if (position === null || position < first - 0.5 || position > first + count - 0.5) return null
  return { inputs, older: runs.slice(first + count).map(({ run }) => run), place }
}

/** The version with `result`, if any, in place of the inputs. */
export function withRunsReplaced(
  version: Version,
  { inputs, place }: WholeRuns,
  result: Run | null,
): Version {
  const gone = new Set(inputs.map(({ run }) => run))
  const depth = Math.max(version.levels.length, place.level + 1)
  const levels = Array.from({ length: depth }, (_, index): Level => {
    const level = version.levels[index] ?? EMPTY_LEVEL
    const before = index === place.level ? result : null
    if (before === null && !level.runs.some((run) => gone.has(run))) return level
    const runs = level.runs.flatMap((run) => {
      const stays = gone.has(run) ? [] : [run]
      if (before === null || run.id !== anchorOf(place)) return stays
      return [...stays, before]
    })
    return levelOf(before !== null && anchorOf(place) === null ? [before, ...runs] : runs)
  })
  return versionOf(levels)
}

/** The only place of a merge without cuts, or of a move of one run; null for other specs. */
function onlyPlace(spec: CompactionSpec): OutputPlace | null {
  if (spec.kind === 'move') {
    return spec.inputs.length === 1 && 'after' in spec.place ? spec.place : null
  }
  const output = spec.kind === 'merge' && spec.outputs.length === 1 ? spec.outputs[0]! : null
  if (output === null || output.fromKey !== null || output.cutKeys.length > 0) return null
  return output.softCuts == null ? output.place : null
}

function anchorOf(place: OutputPlace): RunId | null {
  return 'run' in place ? place.run : place.after
}

/** Counted as in `engine/compaction/resolved-spec.ts`: a new run lies between two whole numbers. */
function positionOf(runs: readonly PlacedRun[], place: OutputPlace): number | null {
  const { level } = place
  const anchor = anchorOf(place)
  if (anchor === null) return runs.filter((placed) => placed.level < level).length - 0.5
  const at = runs.findIndex((placed) => placed.level === level && placed.run.id === anchor)
  if (at === -1) return null
  return 'run' in place ? at : at + 0.5
}
