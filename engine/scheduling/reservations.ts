/**
 * Owns the question whether a job may run at the same time as others. Invariant: jobs that this
 * file lets run together can be installed in any order, with flushes between them. Each one's spec,
 * read by `specNow`, is then as safe as when it was picked, and each tombstone that a merge drops
 * has nothing left to hide.
 *
 * Regions. Think of the tree as a plane: keys from left to right, the recency order from top to
 * bottom. A job changes tables only in its regions. A merge or a move has one region for each
 * output: the hull of the keys that go to the output, from the newest to the oldest of the inputs
 * and the output. A drop has one for each slice: the slice's keys, from the slice's run down to the
 * bottom. Both ends belong to a region. Two jobs may run together if no region of one meets a
 * region of the other (rule `regions`).
 *
 * Why this suffices:
 * 1. Regions that do not meet stay apart. If their keys are disjoint, they stay so, because keys of
 *    a region never change. If one lies above the other, it stays above: runs never change their
 *    order, and a new run's place is given by an anchor that keeps its side of every run. A run
 *    flushed later is above all regions, because no anchor stands for the front of level 0. Two new
 *    runs at one place have equal positions, so their keys are disjoint, and their order does not
 *    matter.
 * 2. So no other job adds or removes a table in a job's regions. A flush does not either. The
 *    inputs stay, and each slice stays contiguous. No table comes between an input and its
 *    destination, or into the destination run's key range. No older table comes below a drop. These
 *    are all the rules of `validate-spec.ts` that depend on tables of others, except for
 *    retention's `maxBytes`. A drop has no work to do: install it in the version in which it was
 *    checked.
 * 3. A merge drops a tombstone if no table older than the output holds its key in range. Data of
 *    that key can come below the output only across the output's position. The job that carries it
 *    has the key and that position in one of its regions, and so has the merge. Data that is
 *    already below was counted when the order was made. Merging it with its neighbours below may
 *    put the key into the range of a table, but not into a table.
 * 4. The runs that specs name must exist. Input runs do, because their inputs stay. Any other run
 *    that a job writes to or has as an anchor is held: the jobs that run together must leave a
 *    table in it that none of them takes (rule `held-runs`).
 */

import { type ResolvedSpec, resolveSpec } from '../compaction/resolved-spec.ts'
import type { RunId } from '../version/run.ts'
import { runsNewestFirst, type Version } from '../version/version.ts'
import { type PinnedSpec, specNow } from './pinned-spec.ts'
import { meetingPair, printRegion, regionsOf } from './regions.ts'

/** Why a job must wait. */
export interface Conflict {
  readonly rule: 'regions' | 'held-runs'
  readonly message: string
}

/**
 * Why `wanted` must wait for the running jobs, or null if it may start now. `wanted` was pinned in
 * `version`, and was checked in it; no two running jobs conflict.
 */
export function conflictOf(
  version: Version,
  wanted: PinnedSpec,
  running: readonly PinnedSpec[],
): Conflict | null {
  if (running.length === 0) return null
  const resolve = (pinned: PinnedSpec) => resolveSpec(version, specNow(version, pinned))
  const resolved = resolve(wanted)
  const others = running.map(resolve)
  return (
    meetingRegion(resolved, others) ??
    emptiedRun(version, [wanted, ...running], [resolved, ...others])
  )
}

function meetingRegion(wanted: ResolvedSpec, others: readonly ResolvedSpec[]): Conflict | null {
  const pair = meetingPair(regionsOf(wanted), others.flatMap(regionsOf))
  if (pair === null) return null
  const [own, theirs] = pair.map(printRegion)
  return { rule: 'regions', message: `${own} meets ${theirs} of a running job` }
}

/** A held run of which the jobs together take every table. */
function emptiedRun(
  version: Version,
  jobs: readonly PinnedSpec[],
  resolved: readonly ResolvedSpec[],
): Conflict | null {
  const taken = new Map<RunId, number>()
  for (const { run, tables } of resolved.flatMap(({ inputs }) => inputs)) {
    taken.set(run.id, (taken.get(run.id) ?? 0) + tables.length)
  }
  const emptied = runsNewestFirst(version).find(
    ({ run }) =>
      taken.get(run.id) === run.totals.tables && jobs.some(({ holds }) => holds.has(run.id)),
  )
  if (emptied === undefined) return null
  const { level, run } = emptied
  const message = `no table would be left in run ${run.id} of level ${level}, which a job holds`
  return { rule: 'held-runs', message }
}
