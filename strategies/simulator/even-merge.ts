/**
 * Owns the merge of whole runs whose entries are evenly spread over one stretch. The result is
 * evenly spread too, so there is nothing to sweep, and all its tables but the last are alike
 * (`even-run.ts`). The sweep (`statistical-substance.ts`) gives the same result for the same runs,
 * except that the scattered borders are drawn later, when the tables are made.
 */

import { createRandom, type Random } from '../../engine/base/random.ts'
import type { MergeOutput } from '../../engine/compaction/strategy.ts'
import type { Run, RunId } from '../../engine/version/run.ts'
import type { TableId, TableMeta } from '../../engine/version/table-meta.ts'
import type { Totals } from '../../engine/version/totals.ts'
import { crowded, mergedDensities } from './density.ts'
import { type EvenFacts, EvenRun, evenFactsOf, type StoredBytes } from './even-run.ts'
import { KEY_SPACE, keyAt } from './key-space.ts'
import {
  borderAfter,
  type Contents,
  contentsOf,
  type Measured,
  measured,
  ROUNDING,
  type StatisticalShape,
  statisticalTable,
  type TableFacts,
} from './statistical-table.ts'

/** The arguments of a merge of whole runs. */
export interface RunMerge {
  /** Newest first. */
  readonly inputs: readonly Run[]
  /** Runs older than the place of the result. */
  readonly older: readonly Run[]
  readonly output: MergeOutput
  readonly nowMs: number
  readonly allocateTableIds: (count: number) => TableId
  /** Called once, unless the result is empty. */
  readonly runId: () => RunId
}

/** Null if the runs are not evenly spread; 'nothing' if the result is empty. */
export function mergeEvenRuns(
  shape: StatisticalShape,
  { inputs, older, output, nowMs, allocateTableIds, runId }: RunMerge,
  random: Random,
): EvenRun | 'nothing' | null {
  const first = evenFactsOf(inputs[0]!)
  if (first === null) return null
  const { from, to } = first
  const isAlike = (own: EvenFacts | null) => own !== null && own.from === from && own.to === to
  const parts = inputs.map(evenFactsOf).filter((own) => own !== null && isAlike(own)) as EvenFacts[]
  if (parts.length < inputs.length || !older.every((run) => isAlike(evenFactsOf(run)))) return null
  const meeting = { model: shape.model, width: (to - from) / KEY_SPACE, random }
  const density = mergedDensities(
    parts.map((part) => part.density),
    meeting,
  )
  const whole = measured(shape, { from, to, density }, () => older.length > 0)
  const plan = planOf(shape, whole, output)
  if (plan === null) return 'nothing'
  const facts = factsOf(parts, nowMs)
  const cut = { ...facts, firstId: allocateTableIds(plan.tables), seed: random.nextU32() }
  const { ancestry, ...seqs } = facts
  // Tables without tombstones have no tombstone age.
  const oldestTombstoneAtMs = plan.each.sums.tombstones > 0 ? ancestry.oldestTombstoneAtMs : null
  const known = { ...ancestry, ...seqs, oldestTombstoneAtMs, smallest: keyAt(from) }
  return new EvenRun(
    runId(),
    totalsOf(plan),
    storedOf(plan),
    { ...known, from, to, density: whole.density, firstId: cut.firstId },
    () => tablesOfPlan(shape, whole, plan, output.filter.bitsPerKey, cut),
  )
}

/** Tables of equal size, and a last one with the rest. */
interface Plan {
  readonly tables: number
  /** Expected entries of each table but the last. */
  readonly entriesEach: number
  readonly each: Contents
  readonly last: Contents
}

function planOf(
  shape: StatisticalShape,
  whole: Measured,
  { targetTableBytes, filter }: MergeOutput,
): Plan | null {
  const { from, to, entries, dead } = whole
  if (!(entries > ROUNDING)) return null
  // A table closes at the first whole entry that reaches the target.
  const atTarget = (targetTableBytes ?? Infinity) / (whole.rawBytes / entries)
  const entriesEach = Math.min(Math.max(Math.ceil(atTarget - ROUNDING), 1), entries)
  const contents = (count: number) => {
    const share = count / entries
    const expected = { entries: count, dead: dead * share }
    return contentsOf(shape, expected, share * (to - from), filter.bitsPerKey)
  }
  const full = Math.max(Math.ceil(entries / entriesEach - ROUNDING) - 1, 0)
  const each = contents(entriesEach)
  if (each === null) return null
  const last = contents(entries - full * entriesEach)
  return { tables: last === null ? full : full + 1, entriesEach, each, last: last ?? each }
}

function totalsOf({ tables, each, last }: Plan): Totals {
  const sum = (of: (contents: Contents) => number) => of(each) * (tables - 1) + of(last)
  return {
    tables,
    bytes: sum(({ size }) => size.bytes),
    entries: sum(({ sums }) => sums.entries),
    tombstones: sum(({ sums }) => sums.tombstones),
    rangeDeletions: 0,
    rawBytes: sum(({ sums }) => sums.rawKeyBytes + sums.rawValueBytes),
  }
}

function storedOf({ tables, each, last }: Plan): StoredBytes {
  return {
    data: each.size.dataBytes * (tables - 1) + last.size.dataBytes,
    filter: each.size.filterBytes * (tables - 1) + last.size.filterBytes,
  }
}

function tablesOfPlan(
  { model }: StatisticalShape,
  whole: Measured,
  { tables, entriesEach, each, last }: Plan,
  bitsPerKey: number,
  { firstId, seed, ...facts }: TableFacts & { readonly firstId: TableId; readonly seed: number },
): readonly TableMeta[] {
  const random = createRandom(seed)
  let { from } = whole
  let left = whole.entries
  return Array.from({ length: tables }, (_, index) => {
    const isLast = index === tables - 1
    const share = isLast ? 1 : entriesEach / left
    // Borders of small tables scatter widely; each later table still needs a position.
    const beyond = whole.to - (tables - 1 - index)
    const to = isLast
      ? beyond
      : Math.min(borderAfter(model, share, { from, to: whole.to, entries: left }, random), beyond)
    const crowding = ((isLast ? left : entriesEach) / whole.entries) * (whole.to - whole.from)
    const density = crowded(whole.density, crowding / (to - from))
    const contents = isLast ? last : each
    const id = firstId + index
    const table = statisticalTable(id, contents, { from, to, density }, bitsPerKey, facts)
    from = to
    left -= entriesEach
    return table
  })
}

function factsOf(parts: readonly EvenFacts[], nowMs: number): TableFacts {
  const tombstoneTimes = parts.flatMap(({ oldestTombstoneAtMs: atMs }) => atMs ?? [])
  return {
    ancestry: {
      createdAtMs: nowMs,
      oldestWriteAtMs: Math.min(...parts.map(({ oldestWriteAtMs }) => oldestWriteAtMs)),
      oldestTombstoneAtMs: tombstoneTimes.length === 0 ? null : Math.min(...tombstoneTimes),
    },
    seqMin: Math.min(...parts.map(({ seqMin }) => seqMin)),
    seqMax: Math.max(...parts.map(({ seqMax }) => seqMax)),
  }
}
