/**
 * Makes random specs that take few tables, so that many jobs fit into a small tree: a slice of one
 * run, all tables of the next runs that it overlaps, and a place nearby. Most of them are safe.
 */

import type { Random } from '../../base/random.ts'
import type { CompactionSpec, OutputPlace } from '../../compaction/strategy.ts'
import { hull, type KeyRange } from '../../version/key-range.ts'
import { overlapping, sliceTables } from '../../version/run.ts'
import { runsNewestFirst, type Version } from '../../version/version.ts'
import { drop, merge, move, output } from './specs.ts'

const TABLES_MAX = 3
const RUNS_MAX = 3
const DEEPEST = 4

/** A spec for `version`, which must hold tables. `keys` are keys at which outputs may start. */
export function localSpec(
  random: Random,
  version: Version,
  keys: readonly Uint8Array[],
): CompactionSpec {
  const below = (bound: number) => random.nextBelow(bound)
  const runs = runsNewestFirst(version)
  const newest = below(runs.length)
  const taken = runs.slice(newest, newest + 1 + below(RUNS_MAX))
  const first = taken[0]!.run
  const from = below(first.totals.tables)
  let range: KeyRange = hull(sliceTables(first, from, from + 1 + below(TABLES_MAX)))!
  const slicesIn = () =>
    taken.map(({ level, run }) => {
      const { from: start, to: end } = overlapping(run, range)
      return { level, run: run.id, tables: sliceTables(run, start, end) }
    })
  for (let round = 0; round < taken.length; round++) {
    range = hull(slicesIn().flatMap(({ tables }) => tables))!
  }
  const inputs = slicesIn().filter(({ tables }) => tables.length > 0)

  const place = (): OutputPlace => {
    const oldest = newest + taken.length - 1
    const at = Math.min(runs.length - 1, Math.max(0, oldest - 1 + below(4)))
    const { level, run } = runs[at]!
    const next = version.levels[level]!.runs
    switch (below(7)) {
      case 0:
      case 1:
      case 2:
        return { level, run: run.id }
      case 3:
        return { level, after: run.id }
      case 4:
        return { level, after: next[next.indexOf(run) - 1]?.id ?? null }
      case 5:
        return { level: 0, after: null }
      default:
        return { level: Math.min(DEEPEST, below(level + 2)), after: null }
    }
  }
  const kind = below(20)
  if (kind === 0) return drop(...inputs)
  if (kind < 6) return move(place(), ...inputs)
  const targetTableBytes = 1 + below(4)
  const outputs = [{ ...output(place()), targetTableBytes }]
  for (const key of keys) {
    if (below(keys.length) === 0)
      outputs.push({ ...output(place()), targetTableBytes, fromKey: key })
  }
  return merge(inputs, ...outputs)
}
