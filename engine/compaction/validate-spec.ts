/**
 * Owns the safety of compactions: whatever a plugin picks, no data is lost and no stale data is
 * served. A spec that breaks a rule is refused with `LSM_UNSAFE_COMPACTION`, `data.rule` and
 * `data.tables`, before anything has changed. Specs are checked when they are made, and again when
 * their results are installed, against the version of that moment.
 *
 * Why these rules suffice. Merging rewrites the inputs' entries into one place. Recency can break
 * only between an input table t and a table u that stays and overlaps t. If u lies strictly between
 * t's old and new position, their order flips; otherwise it does not change (rule `recency`).
 * Inside a destination run, the result must be disjoint from the other tables
 * (`destination-disjoint`).
 */

import { compareBytes } from '../base/compare.ts'
import { endsBefore, type KeyRange, overlaps } from '../version/key-range.ts'
import { overlapping, type Run, tableAt } from '../version/run.ts'
import type { TableId, TableMeta } from '../version/table-meta.ts'
import { runsNewestFirst, type Version } from '../version/version.ts'
import {
  type ResolvedInput,
  type ResolvedOutput,
  type ResolvedSpec,
  resolveSpec,
  unsafe,
} from './resolved-spec.ts'
import type { CompactionSpec } from './strategy.ts'

/** The data that the database's owner agreed to lose; null means none. */
export interface Retention {
  /** A table may be dropped if all of its entries were written longer ago than this. */
  readonly maxAgeMs: number | null
  /** The oldest tables may be dropped while the tree is larger than this. */
  readonly maxBytes: number | null
}

export interface ValidationContext {
  readonly version: Version
  readonly inProgress: readonly CompactionSpec[]
  readonly retention: Retention | null
  readonly nowMs: number
}

/**
 * Resolves the spec. Throws `LSM_UNSAFE_COMPACTION` if it breaks a rule. `checkedPick` of
 * `strategy-answers.ts` must have checked the spec's form.
 */
export function validateSpec(context: ValidationContext, spec: CompactionSpec): ResolvedSpec {
  const resolved = resolveSpec(context.version, spec)
  checkInputsFree(context, resolved)
  switch (spec.kind) {
    case 'merge':
      checkOutputsOrdered(resolved)
      checkMergeArrivals(context.version, resolved)
      break
    case 'move':
      checkMoveRecency(context.version, resolved)
      checkMoveDestination(resolved)
      checkMoveProgress(resolved)
      break
    case 'drop':
      checkDrop(context, resolved)
      break
  }
  return resolved
}

function checkInputsFree({ version, inProgress }: ValidationContext, spec: ResolvedSpec): void {
  for (const other of inProgress) {
    const busy = resolveSpec(version, other).inputIds
    const taken = [...spec.inputIds].filter((id) => busy.has(id)).map((id) => ({ id }))
    if (taken.length > 0) throw unsafe('inputs-free', 'a running job holds inputs', taken)
  }
}

function checkOutputsOrdered({ outputs }: ResolvedSpec): void {
  if (outputs.length === 0) throw unsafe('outputs-ordered', 'no outputs are named')
  outputs.forEach((output, index) => {
    if ((output.fromKey === null) !== (index === 0)) {
      throw unsafe('outputs-ordered', 'the first output, and only it, starts at no key')
    }
    const from = index > 0 ? output.fromKey : null
    if (from !== null && output.toKey !== null && compareBytes(from, output.toKey) >= 0) {
      throw unsafe('outputs-ordered', `output ${index + 1} does not start after output ${index}`)
    }
    if (output.cutKeys.some((key, at, keys) => at > 0 && compareBytes(keys[at - 1]!, key) >= 0)) {
      throw unsafe('outputs-ordered', `the cut keys of output ${index} do not ascend`)
    }
  })
}

/**
 * Recency, and the destinations: output tables may span gaps between inputs, so the hull of each
 * output's inputs counts. Both in one walk over the arrivals, of which there may be many thousands.
 */
function checkMergeArrivals(version: Version, resolved: ResolvedSpec): void {
  const { inputIds, outputs } = resolved
  const runs = runsNewestFirst(version)
  const hulls: (Part | undefined)[] = outputs.map(() => undefined)
  forEachArrival(resolved, (arrival) => {
    checkRecency(runs, arrival, inputIds)
    const { at, part } = arrival
    const hull = hulls[at]
    if (hull === undefined) {
      hulls[at] = part
      return
    }
    if (compareBytes(part.smallest, hull.smallest) < 0) hull.smallest = part.smallest
    const order = compareBytes(part.largest, hull.largest)
    if (order > 0 || (order === 0 && part.open === null)) {
      hull.largest = part.largest
      hull.open = part.open
    }
  })
  for (const [at, { run, level, toKey }] of outputs.entries()) {
    const hull = hulls[at]
    if (run === null || hull === undefined) continue
    hull.open ??= toKey
    const inTheWay = overlappingRest(run, hull, inputIds)
    if (inTheWay.length > 0) {
      throw unsafe(
        'destination-disjoint',
        `the output overlaps tables that stay in run ${run.id} of level ${level}`,
        inTheWay,
      )
    }
  }
}

function checkMoveRecency(version: Version, resolved: ResolvedSpec): void {
  const runs = runsNewestFirst(version)
  forEachArrival(resolved, (arrival) => checkRecency(runs, arrival, resolved.inputIds))
}

/**
 * No table that stays may lie strictly between an overlapping input and its destination. `runs` are
 * those of the version, newest first.
 */
function checkRecency(
  runs: readonly { readonly level: number; readonly run: Run }[],
  { input, table, output, part }: Arrival,
  inputIds: ReadonlySet<TableId>,
): void {
  const newer = Math.min(input.position, output.position)
  const older = Math.max(input.position, output.position)
  for (let at = Math.floor(newer) + 1; at < Math.ceil(older); at++) {
    const { level, run } = runs[at]!
    const blocking = overlappingRest(run, part, inputIds)[0]
    if (blocking === undefined) continue
    throw unsafe(
      'recency',
      `table ${table.id} of level ${input.level} would pass table ${blocking.id} of level ` +
        `${level}, which overlaps it, on its way to level ${output.level}`,
      [table, blocking],
    )
  }
}

function checkMoveDestination({ inputs, inputIds, outputs }: ResolvedSpec): void {
  const { run, level } = outputs[0]!
  const moved = inputs.flatMap((input) => input.tables).sort(bySmallest)
  moved.forEach((table, index) => {
    const next = moved[index + 1]
    if (next !== undefined && overlaps(table, next)) {
      throw unsafe('destination-disjoint', 'tables moved into one run overlap', [table, next])
    }
    const inTheWay = run === null ? [] : overlappingRest(run, table, inputIds)
    if (inTheWay.length > 0) {
      throw unsafe('destination-disjoint', `run of level ${level} holds overlapping tables`, [
        table,
        ...inTheWay,
      ])
    }
  })
}

function checkMoveProgress({ inputs, outputs }: ResolvedSpec): void {
  const { run } = outputs[0]!
  const staying = inputs.find((input) => input.run.id === run?.id)
  if (staying !== undefined) {
    throw unsafe('progress', 'tables are moved to where they are', staying.tables)
  }
}

function checkDrop(
  { version, retention, nowMs }: ValidationContext,
  { inputs, inputIds }: ResolvedSpec,
): void {
  const runs = runsNewestFirst(version)
  let bytesLeft = version.totals.bytes
  for (const input of inputs.toSorted((a, b) => b.position - a.position)) {
    for (const table of input.tables) {
      const older = runs
        .slice(input.position + 1)
        .flatMap(({ run }) => overlappingRest(run, table, inputIds))
      if (older.length > 0) {
        throw unsafe('drop-oldest', 'older tables hold keys of a dropped one', [table, ...older])
      }
      const { maxAgeMs = null, maxBytes = null } = retention ?? {}
      const expired = maxAgeMs !== null && nowMs - table.createdAtMs > maxAgeMs
      const surplus = maxBytes !== null && bytesLeft > maxBytes
      if (!expired && !surplus) {
        const message = 'retentionMaxBytes or retentionMaxAgeMs must first allow its loss'
        throw unsafe('drop-retention', message, [table])
      }
      bytesLeft -= table.bytes
    }
  }
}

/** A key range. If `open` is set, its end is exclusive at `open`. */
interface Part {
  smallest: Uint8Array
  largest: Uint8Array
  open: Uint8Array | null
}

/** A part of an input table that goes to one output. */
interface Arrival {
  readonly input: ResolvedInput
  readonly table: TableMeta
  readonly output: ResolvedOutput
  /** Index of the output. */
  readonly at: number
  /** Owned. */
  readonly part: Part
}

/**
 * Calls `visit` with what arrives at the outputs, which must ascend. Each table is compared only
 * with the outputs that it reaches: a spec may have many thousands of both.
 */
function forEachArrival(
  { inputs, outputs }: ResolvedSpec,
  visit: (arrival: Arrival) => void,
): void {
  for (const input of inputs) {
    for (const table of input.tables) {
      for (let at = outputAt(outputs, table.smallest); at < outputs.length; at++) {
        const output = outputs[at]!
        const part = partWithin(table, output)
        if (part === null) break
        visit({ input, table, output, at, part })
      }
    }
  }
}

/** Index of the output that takes the key. The outputs must ascend. */
export function outputAt(outputs: readonly ResolvedOutput[], key: Uint8Array): number {
  let low = 0
  let high = outputs.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (compareBytes(outputs[middle]!.fromKey!, key) <= 0) low = middle
    else high = middle - 1
  }
  return low
}

/** The part of a table's range, or of a slice's, that goes to `output`; null if nothing does. */
export function partWithin(range: KeyRange, { fromKey, toKey }: ResolvedOutput): Part | null {
  const cutsLeft = fromKey !== null && compareBytes(range.smallest, fromKey) < 0
  const cutsRight = toKey !== null && !endsBefore(range, toKey)
  if (fromKey !== null && endsBefore(range, fromKey)) return null
  if (toKey !== null && compareBytes(range.smallest, toKey) >= 0) return null
  return {
    smallest: cutsLeft ? fromKey : range.smallest,
    largest: cutsRight ? toKey : range.largest,
    open: cutsRight ? toKey : range.isOpen === true ? range.largest : null,
  }
}

function overlappingRest(
  run: Run,
  part: KeyRange & { readonly open?: Uint8Array | null },
  inputIds: ReadonlySet<TableId>,
): readonly TableMeta[] {
  const { from, to } = overlapping(run, part)
  const rest: TableMeta[] = []
  for (let at = from; at < to; at++) {
    const table = tableAt(run, at)
    if (inputIds.has(table.id)) continue
    if (part.open != null && compareBytes(table.smallest, part.open) >= 0) continue
    rest.push(table)
  }
  return rest
}

function bySmallest(a: TableMeta, b: TableMeta): number {
  return compareBytes(a.smallest, b.smallest)
}
