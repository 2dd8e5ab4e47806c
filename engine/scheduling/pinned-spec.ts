/**
 * Owns how the spec of a running job is remembered, so that it can be read again in the version in
 * which the job's results are installed. Flushes and other jobs may have been installed meanwhile.
 * Two things of a spec would change its meaning: a slice of 'all' tables, because other jobs may
 * add tables to the run, and the place of a new run, because the neighbours of the place may be
 * gone or be new. So a pinned spec lists the tables of every slice, and gives every place by an
 * anchor.
 *
 * Invariant: the run of an anchor exists until the job ends. It is one of the job's input runs,
 * which no other job may take, or it is in `holds`, and `reservations.ts` lets no other job empty
 * it.
 *
 * The anchors of a new run's place, by the first rule that applies:
 * 1. The next older run of the level is an input run: the new run goes directly before it.
 * 2. The next newer run of the level is an input run: the new run goes directly after it.
 * 3. The place is after a run: the new run goes directly after that run, which is held.
 * 4. The place is the front of level 0. Flushes put newer runs there, and the new run must stay
 *    older than those. It goes directly before the first run that the level has now, which is held.
 *    If the level has no run, the new run goes to the level's end, so that it is older than every
 *    run that is flushed meanwhile.
 * 5. The place is the front of a deeper level: the new run goes to the front.
 */

import { assert } from '../base/assert.ts'
import type { ResolvedOutput, ResolvedSpec } from '../compaction/resolved-spec.ts'
import type { CompactionSpec, OutputPlace } from '../compaction/strategy.ts'
import { runIndex } from '../version/level.ts'
import type { RunId } from '../version/run.ts'
import { levelAt, type Version } from '../version/version.ts'

/** A place in the recency order that flushes and other jobs do not change. */
export type Anchor =
  | { readonly kind: 'into' | 'before' | 'after'; readonly level: number; readonly run: RunId }
  | { readonly kind: 'front'; readonly level: number }
  | { readonly kind: 'end'; readonly level: number }

/** A checked spec that keeps its meaning while flushes and other jobs are installed. */
export interface PinnedSpec {
  /** The spec as it was picked, with the tables of every slice listed. */
  readonly spec: CompactionSpec
  /** The place of each output: one for a move, none for a drop. */
  readonly anchors: readonly Anchor[]
  /** Runs that must not become empty before the job ends. None of them is an input run. */
  readonly holds: ReadonlySet<RunId>
}

/** Pins a spec that was resolved in `version`. */
export function pinSpec(version: Version, { spec, inputs, outputs }: ResolvedSpec): PinnedSpec {
  const inputRuns = new Set(inputs.map(({ run }) => run.id))
  const anchors = outputs.map((output) => anchorOf(version, output, inputRuns))
  const holds = new Set<RunId>()
  for (const anchor of anchors) {
    if ('run' in anchor && !inputRuns.has(anchor.run)) holds.add(anchor.run)
  }
  const listed = inputs.map(({ level, run, tables }) => ({ level, run: run.id, tables }))
  return { spec: { ...spec, inputs: listed }, anchors, holds }
}

function anchorOf(
  version: Version,
  { level, run, after }: ResolvedOutput,
  inputRuns: ReadonlySet<RunId>,
): Anchor {
  if (run !== null) return { kind: 'into', level, run: run.id }
  const { runs } = levelAt(version, level)
  const older = runs[after === null ? 0 : runs.findIndex(({ id }) => id === after) + 1]
  if (older !== undefined && inputRuns.has(older.id))
    return { kind: 'before', level, run: older.id }
  if (after !== null) return { kind: 'after', level, run: after }
  if (level > 0) return { kind: 'front', level }
  return older === undefined ? { kind: 'end', level } : { kind: 'before', level, run: older.id }
}

/**
 * The spec as it reads in `version`, for example when its job's results are installed. In the
 * version in which it was pinned, it names the places that the strategy named. All inputs must
 * still be in `version`.
 */
export function specNow(version: Version, { spec, anchors }: PinnedSpec): CompactionSpec {
  switch (spec.kind) {
    case 'drop':
      return spec
    case 'move':
      return { ...spec, place: placeNow(version, anchors[0]!) }
    case 'merge': {
      const outputs = spec.outputs.map((output, index) => ({
        ...output,
        place: placeNow(version, anchors[index]!),
      }))
      return { ...spec, outputs }
    }
  }
}

function placeNow(version: Version, anchor: Anchor): OutputPlace {
  const { level } = anchor
  if (anchor.kind === 'front') return { level, after: null }
  const known = levelAt(version, level)
  if (anchor.kind === 'end') return { level, after: known.runs.at(-1)?.id ?? null }
  const { kind, run } = anchor
  const at = runIndex(known, run)
  assert(at >= 0, `level ${level} still has run ${run}`)
  if (kind === 'into') return { level, run }
  return { level, after: kind === 'after' ? run : (known.runs[at - 1]?.id ?? null) }
}
