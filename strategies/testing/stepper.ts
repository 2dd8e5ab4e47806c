/**
 * Owns trees without bytes: the metadata of tables and the keys in them. A tree is an immutable
 * value. Flushing, applying a spec and draining return a new tree, through the same `applyEdit` as
 * in the engine. All entries have one size, so buffers, levels and writes are whole numbers.
 *
 * `writtenBytes` counts as the engine does: every flush and every merge output. `papersBytes`
 * counts as the papers do, which merge the buffer itself: a flush does not count if its table is
 * merged before the next flush.
 */

import { assert } from '../../engine/base/assert.ts'
import { compareBytes } from '../../engine/base/compare.ts'
import type { Json } from '../../engine/base/json.ts'
import { SoftCutWalk } from '../../engine/compaction/soft-cuts.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  MergeOutput,
  OutputPlace,
  TreeView,
} from '../../engine/compaction/strategy.ts'
import { contains } from '../../engine/version/key-range.ts'
import { type Run, type RunId, tablesOf } from '../../engine/version/run.ts'
import { NO_FILTER, rawBytes, type TableMeta } from '../../engine/version/table-meta.ts'
import { EMPTY_VERSION, runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { applyEdit, type NewRun, type TablePlacement } from '../../engine/version/version-edit.ts'
import { tablesIn } from '../primitives/specs.ts'

/** The newest version of a key in a table. */
export interface Entry {
  readonly key: number
  readonly seq: number
  readonly deleted: boolean
}

/** A table that carries its entries, ascending by key. */
export interface SteppedTable extends TableMeta {
  readonly content: readonly Entry[]
}

export interface SteppedTree {
  readonly version: Version
  readonly state: Json
  readonly memtableBytes: number
  /** Raw bytes of one entry. */
  readonly entryBytes: number
  readonly nextTable: number
  readonly nextRun: RunId
  readonly nextSeq: number
  /** The clock, which new tables carry. Set it to let time pass. */
  readonly nowMs: number
  readonly writtenBytes: number
  readonly papersBytes: number
}

/** A strategy that picks more often than this after one flush makes no progress. */
const PICKS_MAX = 10_000

export function emptyTree(
  strategy: CompactionStrategy,
  sizes: { readonly memtableBytes: number; readonly entryBytes: number },
): SteppedTree {
  return {
    ...sizes,
    version: EMPTY_VERSION,
    state: strategy.initialState,
    nextTable: 1,
    nextRun: 1,
    nextSeq: 1,
    nowMs: 0,
    writtenBytes: 0,
    papersBytes: 0,
  }
}

export function viewOf(tree: SteppedTree, inProgress: readonly CompactionSpec[] = []): TreeView {
  return {
    version: tree.version,
    memtableBytes: tree.memtableBytes,
    state: tree.state,
    inProgress,
    oldestSnapshotSeq: tree.nextSeq - 1,
    nowMs: tree.nowMs,
    tableStats: () => ({ reads: 0 }),
  }
}

/**
 * Writes `keys`, each once, as the newest run of level 0, with seqs in the given order. Keys in
 * `deleted` are written as tombstones, which weigh as much as an entry.
 */
export function flush(
  tree: SteppedTree,
  keys: readonly number[],
  deleted: ReadonlySet<number> = new Set(),
): SteppedTree {
  const content = keys
    .map((key, index) => ({ key, seq: tree.nextSeq + index, deleted: deleted.has(key) }))
    .sort(byKey)
  const { nowMs } = tree
  const table = tableOf(tree, tree.nextTable, content, { writtenMs: nowMs, deletedMs: nowMs })
  return {
    ...tree,
    version: applyEdit(tree.version, {
      newRuns: [{ level: 0, run: tree.nextRun, after: null }],
      removed: [],
      added: [{ level: 0, run: tree.nextRun, table }],
    }),
    nextTable: tree.nextTable + 1,
    nextRun: tree.nextRun + 1,
    nextSeq: tree.nextSeq + keys.length,
    writtenBytes: tree.writtenBytes + rawBytes(table),
  }
}

/** Flushes, then compacts until nothing is due. Returns the specs in order, too. */
export function load(
  tree: SteppedTree,
  strategy: CompactionStrategy,
  keys: readonly number[],
  deleted?: ReadonlySet<number>,
): { readonly tree: SteppedTree; readonly specs: readonly CompactionSpec[] } {
  const flushed = flush(tree, keys, deleted)
  const drained = drain(flushed, strategy)
  const flushBytes = flushed.writtenBytes - tree.writtenBytes
  const outlived = allTables(drained.tree.version).some(({ id }) => id === tree.nextTable)
  const written = drained.tree.writtenBytes - tree.writtenBytes - (outlived ? 0 : flushBytes)
  return { ...drained, tree: { ...drained.tree, papersBytes: tree.papersBytes + written } }
}

export function drain(
  tree: SteppedTree,
  strategy: CompactionStrategy,
): { readonly tree: SteppedTree; readonly specs: readonly CompactionSpec[] } {
  const specs: CompactionSpec[] = []
  let current = tree
  for (;;) {
    const spec = strategy.pick(viewOf(current))
    if (spec === null) return { tree: current, specs }
    specs.push(spec)
    assert(specs.length <= PICKS_MAX, `${strategy.name} picks without end: ${spec.reason.formula}`)
    current = apply(current, spec)
  }
}

/** Executes a spec as the engine's job and installation do, without bytes. */
export function apply(tree: SteppedTree, spec: CompactionSpec): SteppedTree {
  const removed: TablePlacement[] = spec.inputs.flatMap((slice) => {
    const tables = tablesIn(tree.version, slice)
    const named = slice.tables === 'all' ? Math.max(tables.length, 1) : slice.tables.length
    assert(tables.length === named, `run ${slice.run} of level ${slice.level} lacks inputs`)
    return tables.map((table) => ({ level: slice.level, run: slice.run, table }))
  })
  const tables = removed.map(({ table }) => table as SteppedTable)
  const newRuns: NewRun[] = []
  const runAt = (place: OutputPlace): RunId => {
    if ('run' in place) return place.run
    const shared = newRuns.find(
      ({ level, after }) => level === place.level && after === place.after,
    )
    if (shared !== undefined) return shared.run
    newRuns.push({ ...place, run: tree.nextRun + newRuns.length })
    return newRuns.at(-1)!.run
  }
  const added: TablePlacement[] = []
  let nextTable = tree.nextTable
  if (spec.kind === 'move') {
    const run = runAt(spec.place)
    for (const table of tables) added.push({ level: spec.place.level, run, table })
  } else if (spec.kind === 'merge') {
    const content = newestVersions(tables)
    const ancestry = ancestryOf(tables)
    spec.outputs.forEach((output, index) => {
      const hides = tombstonesNeeded(tree.version, output.place, tables)
      const run = runAt(output.place)
      const part = partOf(content, output, spec.outputs[index + 1])
      const kept = part.filter((entry) => !entry.deleted || hides(entry.key))
      for (const piece of cut(kept, output, tree.entryBytes)) {
        const table = tableOf(tree, nextTable++, piece, ancestry)
        added.push({ level: output.place.level, run, table })
      }
    })
  }
  const fresh = spec.kind === 'merge' ? added : []
  return {
    ...tree,
    version: applyEdit(tree.version, { newRuns, removed, added }),
    state: spec.nextState,
    nextTable,
    nextRun: tree.nextRun + newRuns.length,
    writtenBytes: fresh.reduce((sum, { table }) => sum + rawBytes(table), tree.writtenBytes),
  }
}

/** Every live key with its newest seq, as a reader finds it: the first run that answers. */
export function readAll(version: Version): Map<number, number> {
  const found = new Map<number, Entry>()
  for (const { run } of runsNewestFirst(version)) {
    for (const entry of contentOf(run)) if (!found.has(entry.key)) found.set(entry.key, entry)
  }
  const live = [...found.values()].filter(({ deleted }) => !deleted)
  return new Map(live.map(({ key, seq }) => [key, seq]))
}

/** Describes a version that lies in an older run than an older version; null if there is none. */
export function brokenRecency(version: Version): string | null {
  const seen = new Map<number, number>()
  for (const { level, run } of runsNewestFirst(version)) {
    for (const { key, seq } of contentOf(run)) {
      const newer = seen.get(key)
      if (newer !== undefined && newer <= seq) {
        return `key ${key}: seq ${seq} in run ${run.id} of level ${level} lies under seq ${newer}`
      }
      seen.set(key, seq)
    }
  }
  return null
}

/** How often a key repeats its number, so that it is as long as real keys. */
const NUMBERS_IN_KEY = 4

/** The bytes of key `key`: its number, repeated, big-endian so that bytes sort like numbers. */
export function keyBytes(key: number): Uint8Array {
  const bytes = new Uint8Array(4 * NUMBERS_IN_KEY)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < NUMBERS_IN_KEY; at++) view.setUint32(4 * at, key)
  return bytes
}

function* contentOf(run: Run): Generator<Entry, void, undefined> {
  for (const table of tablesOf(run)) yield* (table as SteppedTable).content
}

function allTables(version: Version): readonly TableMeta[] {
  return runsNewestFirst(version).flatMap(({ run }) => [...tablesOf(run)])
}

function newestVersions(tables: readonly SteppedTable[]): readonly Entry[] {
  const newest = new Map<number, Entry>()
  for (const entry of tables.flatMap(({ content }) => content)) {
    const known = newest.get(entry.key)
    if (known === undefined || known.seq < entry.seq) newest.set(entry.key, entry)
  }
  return [...newest.values()].sort(byKey)
}

/** Whether a run older than the output has a table over a key, by the engine's rule. */
function tombstonesNeeded(
  version: Version,
  place: OutputPlace,
  inputs: readonly TableMeta[],
): (key: number) => boolean {
  const runs = runsNewestFirst(version)
  const newer = 'run' in place ? place.run : place.after
  const at = runs.findIndex(({ level, run }) => {
    return newer === null ? level >= place.level : run.id === newer
  })
  const olderRuns = at === -1 ? [] : runs.slice(newer === null ? at : at + 1)
  let older: readonly TableMeta[] | null = null
  return (key) => {
    if (older === null) {
      const merged = new Set(inputs.map(({ id }) => id))
      const tables = olderRuns.flatMap(({ run }) => [...tablesOf(run)])
      older = tables.filter(({ id }) => !merged.has(id))
    }
    return older.some((table) => contains(table, keyBytes(key)))
  }
}

/** The entries from the output's first key to the next output's. */
function partOf(
  content: readonly Entry[],
  { fromKey }: MergeOutput,
  next: MergeOutput | undefined,
): readonly Entry[] {
  const from = fromKey === null ? 0 : firstFrom(content, fromKey)
  const to = next === undefined ? content.length : firstFrom(content, next.fromKey!)
  return content.slice(from, to)
}

/** Index of the first entry at the key or after it, or the number of entries. */
function firstFrom(content: readonly Entry[], key: Uint8Array): number {
  let low = 0
  let high = content.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(keyBytes(content[middle]!.key), key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function cut(
  content: readonly Entry[],
  { targetTableBytes, cutKeys, softCuts }: MergeOutput,
  entryBytes: number,
): readonly (readonly Entry[])[] {
  const pieces: Entry[][] = []
  let piece: Entry[] = []
  let nextCut = 0
  const softWalk = softCuts == null ? null : new SoftCutWalk(softCuts)
  for (const entry of content) {
    const key = keyBytes(entry.key)
    const bytes = piece.length * entryBytes
    softWalk?.advance(key, 0, key.length)
    let mustEnd = targetTableBytes !== null && bytes >= targetTableBytes
    mustEnd ||= softWalk?.endsTable(bytes) ?? false
    while (nextCut < cutKeys.length && compareBytes(key, cutKeys[nextCut]!) >= 0) {
      mustEnd = true
      nextCut++
    }
    if (mustEnd && piece.length > 0) {
      pieces.push(piece)
      piece = []
    }
    if (piece.length === 0) softWalk?.startTable()
    piece.push(entry)
  }
  if (piece.length > 0) pieces.push(piece)
  return pieces
}

/** The times a merged table inherits; a merge cannot tell which entry was the oldest. */
interface Ancestry {
  readonly writtenMs: number
  readonly deletedMs: number | null
}

function ancestryOf(tables: readonly TableMeta[]): Ancestry {
  const deletions = tables.flatMap((table) => table.oldestTombstoneAtMs ?? [])
  return {
    writtenMs: Math.min(...tables.map((table) => table.oldestWriteAtMs)),
    deletedMs: deletions.length === 0 ? null : Math.min(...deletions),
  }
}

function tableOf(
  { entryBytes, nowMs }: SteppedTree,
  id: number,
  content: readonly Entry[],
  { writtenMs, deletedMs }: Ancestry,
): SteppedTable {
  const seqs = content.map(({ seq }) => seq)
  const bytes = content.length * entryBytes
  const tombstones = content.filter(({ deleted }) => deleted).length
  return {
    id,
    smallest: keyBytes(content[0]!.key),
    largest: keyBytes(content.at(-1)!.key),
    bytes,
    entries: content.length,
    tombstones,
    rangeDeletions: 0,
    rawKeyBytes: 0,
    rawValueBytes: bytes,
    seqMin: Math.min(...seqs),
    seqMax: Math.max(...seqs),
    createdAtMs: nowMs,
    oldestWriteAtMs: writtenMs,
    oldestTombstoneAtMs: tombstones > 0 ? deletedMs : null,
    filter: NO_FILTER,
    vlogBytes: [],
    content,
  }
}

function byKey(a: Entry, b: Entry): number {
  return a.key - b.key
}
