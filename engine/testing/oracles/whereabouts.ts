/**
 * Owns the check of where tables went: a compaction takes exactly the tables that its spec names,
 * and puts its results where the spec says. It compares the trees table by table, and does not use
 * the engine's own code for specs.
 */

import { assert } from '../../base/assert.ts'
import { compareBytes } from '../../base/compare.ts'
import type { CompactionSpec } from '../../compaction/strategy.ts'
import { endsBefore } from '../../version/key-range.ts'
import type { TableMeta } from '../../version/table-meta.ts'
import type { Version } from '../../version/version.ts'
import { heldTables, namedIds } from './adversary-specs.ts'

/**
 * Checks that the named tables left, that no others moved, and that the new ones are where the spec
 * says.
 */
export function checkWhereabouts(before: Version, after: Version, spec: CompactionSpec): void {
  const named = namedIds(before, spec)
  const former = new Map(heldTables(before).map((held) => [held.table.id, held]))
  const present = new Map(heldTables(after).map((held) => [held.table.id, held]))
  for (const { table, level, run } of former.values()) {
    const now = present.get(table.id)
    if (named.has(table.id)) {
      assert((now !== undefined) === (spec.kind === 'move'), `table ${table.id} was named`)
    } else {
      assert(now?.level === level && now.run.id === run.id, `table ${table.id} was not named`)
    }
  }
  for (const { table, level, run } of present.values()) {
    const isNew = !former.has(table.id)
    if (!isNew && !named.has(table.id)) continue
    assert(spec.kind === (isNew ? 'merge' : 'move'), `table ${table.id} came from nowhere`)
    const place = spec.kind === 'merge' ? placeOf(spec, table) : spec.kind === 'move' && spec.place
    assert(place !== false && place.level === level, `table ${table.id} went to level ${level}`)
    if ('run' in place) assert(place.run === run.id, `table ${table.id} went to run ${run.id}`)
  }
}

/** The place for `table` by a merge's spec. The table must not cross a border or a cut key. */
function placeOf(spec: Extract<CompactionSpec, { kind: 'merge' }>, table: TableMeta) {
  const { outputs } = spec
  const { smallest } = table
  const index = outputs.findLastIndex(
    ({ fromKey }) => fromKey === null || compareBytes(fromKey, smallest) <= 0,
  )
  const next = outputs[index + 1]?.fromKey
  assert(next == null || endsBefore(table, next), `table ${table.id} lies across two outputs`)
  const { place, cutKeys } = outputs[index]!
  const across = cutKeys.some((key) => compareBytes(smallest, key) < 0 && !endsBefore(table, key))
  assert(!across, `table ${table.id} lies across a cut`)
  return place
}
