/**
 * Owns a tree with jobs in flight, and the oracle of what its readers must see. Tables have their
 * entries in memory, and each entry weighs one byte. A job decides at its start which entries
 * survive, as in the engine, by the real merge rules; its results are installed later. A frozen
 * memtable does the same.
 *
 * Invariant: after every step, `check` finds recency in order, the right answers at all live
 * snapshots, and the spec of every running job safe.
 */

import { AssertionError, assert } from '../../base/assert.ts'
import { compareBytes } from '../../base/compare.ts'
import { isLsmError } from '../../base/errors.ts'
import { ENTRY_KIND, SEQ_NUM_MAX, type SeqNum } from '../../base/internal-key.ts'
import { writeSurvivors } from '../../compaction/merge-rules.ts'
import { OlderOverlap } from '../../compaction/older-overlap.ts'
import {
  type Ancestry,
  ancestryOf,
  compactionEdit,
  flushEdit,
  type WrittenTable,
} from '../../compaction/placement.ts'
import type { ResolvedOutput, ResolvedSpec } from '../../compaction/resolved-spec.ts'
import type { CompactionSpec, TreeView } from '../../compaction/strategy.ts'
import { type Retention, validateSpec } from '../../compaction/validate-spec.ts'
import { ArrayCursor, type Entry, entryOf } from '../../testing/oracles/array-cursor.ts'
import { tablesOf } from '../../version/run.ts'
import { NO_FILTER, type TableId, type TableMeta } from '../../version/table-meta.ts'
import { printKey, printVersion } from '../../version/text.ts'
import { EMPTY_VERSION, runsNewestFirst, type Version } from '../../version/version.ts'
import { applyEdit } from '../../version/version-edit.ts'
import { type PinnedSpec, pinSpec, specNow } from '../pinned-spec.ts'
import { type Conflict, conflictOf } from '../reservations.ts'

interface Job {
  readonly pinned: PinnedSpec
  readonly written: readonly WrittenTable[]
}

interface Frozen {
  readonly entries: readonly Entry[]
  readonly written: readonly WrittenTable[]
}

interface KeyWrite {
  readonly key: Uint8Array
  readonly deletes: boolean
}

/** What can happen beside the start of a job. `which` counts around the jobs, or the snapshots. */
export type TreeStep =
  | { readonly kind: 'freeze'; readonly writes: readonly KeyWrite[] }
  | { readonly kind: 'flush' }
  | { readonly kind: 'install'; readonly which: number }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'release'; readonly which: number }

type Destination = Pick<ResolvedOutput, 'position' | 'fromKey' | 'targetTableBytes' | 'cutKeys'>

const FLUSHED: Destination = { position: -1, fromKey: null, targetTableBytes: null, cutKeys: [] }

export class BusyTree {
  readonly #retention: Retention | null
  readonly #entries = new Map<TableId, readonly Entry[]>()
  /** Every entry that was written, by key, oldest first, except for those lost by drops. */
  readonly #history = new Map<string, Entry[]>()
  readonly #snapshots: SeqNum[] = []
  #frozen: Frozen | null = null
  #jobs: readonly Job[] = []
  #nextId = 1
  #lastSeq = 0
  version: Version = EMPTY_VERSION
  nowMs = 0

  constructor(retention: Retention | null) {
    this.#retention = retention
  }

  get running(): readonly PinnedSpec[] {
    return this.#jobs.map(({ pinned }) => pinned)
  }

  /** The specs of the running jobs as they read now. */
  get inProgress(): readonly CompactionSpec[] {
    return this.running.map((pinned) => specNow(this.version, pinned))
  }

  /** What a strategy sees, except for its own state. */
  get view(): Omit<TreeView, 'memtableBytes' | 'state'> {
    return {
      version: this.version,
      inProgress: this.inProgress,
      oldestSnapshotSeq: this.#snapshots[0] ?? this.#lastSeq,
      nowMs: this.nowMs,
      tableStats: () => ({ reads: 0 }),
    }
  }

  /** Does nothing if there is no such job or snapshot. */
  step(step: TreeStep): void {
    switch (step.kind) {
      case 'freeze':
        this.freeze(step.writes)
        break
      case 'flush':
        this.installFlush()
        break
      case 'install':
        if (this.#jobs.length > 0) this.install(step.which)
        break
      case 'snapshot':
        this.#snapshots.push(this.#lastSeq)
        break
      case 'release':
        if (this.#snapshots.length > 0)
          this.#snapshots.splice(step.which % this.#snapshots.length, 1)
    }
  }

  /**
   * Writes the keys, in order, into a memtable and freezes it. Its flush decides now what survives,
   * and installs it at the next call of `installFlush` or `freeze`.
   */
  freeze(writes: readonly KeyWrite[]): void {
    this.installFlush()
    const entries = writes.map(({ key, deletes }) => {
      const kind = deletes ? ENTRY_KIND.deletion : ENTRY_KIND.value
      return { key, seq: ++this.#lastSeq, kind, value: Uint8Array.of(0) }
    })
    for (const entry of entries) {
      const name = nameOf(entry.key)
      this.#history.set(name, [...(this.#history.get(name) ?? []), entry])
    }
    const { nowMs } = this
    const ancestry = { createdAtMs: nowMs, oldestWriteAtMs: nowMs, oldestTombstoneAtMs: nowMs }
    this.#frozen = { entries, written: this.#merged(entries, [FLUSHED], new Set(), ancestry) }
  }

  installFlush(): void {
    if (this.#frozen === null) return
    const tables = this.#frozen.written.map(({ table }) => table)
    this.version = applyEdit(
      this.version,
      flushEdit(tables, () => this.#nextId++),
    )
    this.#frozen = null
  }

  /** Starts a job, unless its spec is unsafe or a running job is in its way. */
  start(spec: CompactionSpec): 'started' | 'unsafe' | Conflict {
    const resolved = this.#validated(spec, [])
    if (resolved === null) return 'unsafe'
    const pinned = pinSpec(this.version, resolved)
    const now = specNow(this.version, pinned)
    assert(placesOf(now) === placesOf(spec), `places ${placesOf(now)}, picked ${placesOf(spec)}`)
    const conflict = conflictOf(this.version, pinned, this.running)
    if (conflict !== null) return conflict
    const { inputs, inputIds, outputs } = resolved
    const entries = inputs.flatMap(({ tables }) => tables.flatMap((table) => this.#of(table)))
    const ancestry = ancestryOf(resolved, this.nowMs)
    const written = spec.kind === 'merge' ? this.#merged(entries, outputs, inputIds, ancestry) : []
    this.#jobs = [...this.#jobs, { pinned, written }]
    return 'started'
  }

  /** Installs the results of a running job. */
  install(which: number): void {
    const job = this.#jobs.at(which % this.#jobs.length)!
    this.#jobs = this.#jobs.filter((other) => other !== job)
    const resolved = this.#mustBeSafe(job.pinned, this.inProgress)
    if (resolved.spec.kind === 'drop') this.#forget(resolved)
    const edit = compactionEdit(resolved, job.written, () => this.#nextId++)
    this.version = applyEdit(this.version, edit)
  }

  /** Throws an `AssertionError` that names the first thing that is wrong. */
  check(): void {
    const runs = runsNewestFirst(this.version).map(({ run }) =>
      [...tablesOf(run)].flatMap((table) => this.#of(table)),
    )
    /** By key: its versions in the memtable and in each run that has any, newest run first. */
    const found = new Map<string, Entry[]>()
    for (const source of [this.#frozen?.entries ?? [], ...runs]) {
      const oldest = new Map([...found].map(([name, known]) => [name, known.at(-1)!.seq]))
      for (const entry of source) {
        const name = nameOf(entry.key)
        if (entry.seq >= (oldest.get(name) ?? SEQ_NUM_MAX))
          this.#fail(`${show(name)} is out of order`)
        const known = found.get(name)
        if (known === undefined) found.set(name, [entry])
        else known.push(entry)
      }
    }
    for (const [name, history] of this.#history) {
      for (const seq of [...this.#snapshots, SEQ_NUM_MAX]) {
        const is = readAt(found.get(name) ?? [], seq)
        const must = readAt(history, seq)
        if (is !== must) this.#fail(`${show(name)} at ${seq} reads ${is}, not ${must}`)
      }
    }
    for (const job of this.running) this.#mustBeSafe(job, [])
  }

  #fail(message: string): never {
    throw new AssertionError(`${message}, in\n${this.print()}`)
  }

  print(): string {
    const jobs = this.inProgress.map((spec) => {
      const inputs = spec.inputs.map(({ run, tables }) =>
        [`R${run}:`, ...(tables === 'all' ? [tables] : tables.map(({ id }) => id))].join(' '),
      )
      return `${spec.kind} of ${inputs.join(', ')} to ${placesOf(spec)}`
    })
    return [printVersion(this.version), ...jobs].join('\n')
  }

  #of(table: TableMeta): readonly Entry[] {
    return this.#entries.get(table.id)!
  }

  /** Null if the spec is refused. */
  #validated(spec: CompactionSpec, inProgress: readonly CompactionSpec[]): ResolvedSpec | null {
    const { version, nowMs } = this
    try {
      return validateSpec({ version, inProgress, retention: this.#retention, nowMs }, spec)
    } catch (error) {
      if (isLsmError(error, 'LSM_UNSAFE_COMPACTION')) return null
      throw error
    }
  }

  #mustBeSafe(job: PinnedSpec, inProgress: readonly CompactionSpec[]): ResolvedSpec {
    const { version, nowMs } = this
    const spec = specNow(version, job)
    return validateSpec({ version, inProgress, retention: this.#retention, nowMs }, spec)
  }

  /** The tables that a flush or a merge writes if it starts now. */
  #merged(
    entries: readonly Entry[],
    destinations: readonly Destination[],
    inputIds: ReadonlySet<TableId>,
    ancestry: Ancestry,
  ): readonly WrittenTable[] {
    const older = destinations.map(
      ({ position }) => new OlderOverlap(this.version, position, inputIds),
    )
    const indexOf = (key: Uint8Array) =>
      destinations.findLastIndex(({ fromKey }) => !fromKey || compareBytes(fromKey, key) <= 0)
    const pieces: { readonly destination: number; readonly entries: Entry[] }[] = []
    const source = new ArrayCursor(entries)
    writeSurvivors(source, this.#snapshots, {
      olderMayHold: (bytes, start, length) =>
        older[indexOf(bytes.subarray(start, start + length))]!.covers(bytes, start, length),
      startKey: (bytes, start, length) => {
        const key = bytes.subarray(start, start + length)
        const destination = indexOf(key)
        const piece = pieces.at(-1)
        if (piece?.destination === destination && !mustEnd(piece, destinations[destination]!, key))
          return
        pieces.push({ destination, entries: [] })
      },
      add: () => void pieces.at(-1)!.entries.push(entryOf(source)!),
    })
    return pieces.map((piece) => ({
      destination: piece.destination,
      table: this.#table(piece.entries, ancestry),
    }))
  }

  #table(entries: readonly Entry[], ancestry: Ancestry): TableMeta {
    const id = this.#nextId++
    this.#entries.set(id, entries)
    const seqs = entries.map(({ seq }) => seq)
    const tombstones = entries.filter(({ kind }) => kind === ENTRY_KIND.deletion).length
    return {
      ...ancestry,
      id,
      smallest: entries[0]!.key,
      largest: entries.at(-1)!.key,
      bytes: entries.length,
      entries: entries.length,
      tombstones,
      rangeDeletions: 0,
      rawKeyBytes: 0,
      rawValueBytes: entries.length,
      seqMin: Math.min(...seqs),
      seqMax: Math.max(...seqs),
      oldestTombstoneAtMs: tombstones > 0 ? ancestry.oldestTombstoneAtMs : null,
      filter: NO_FILTER,
      vlogBytes: [],
    }
  }

  /** Readers no longer see the dropped versions, nor those that they hid. */
  #forget({ inputs }: ResolvedSpec): void {
    for (const entry of inputs.flatMap(({ tables }) =>
      tables.flatMap((table) => this.#of(table)),
    )) {
      const name = nameOf(entry.key)
      const left = this.#history.get(name)!.filter(({ seq }) => seq > entry.seq)
      this.#history.set(name, left)
    }
  }
}

/** A key as a key of maps. */
function nameOf(key: Uint8Array): string {
  return String.fromCharCode(...key)
}

function show(name: string): string {
  return printKey(Uint8Array.from(name, (character) => character.charCodeAt(0)))
}

function mustEnd(
  { entries }: { readonly entries: readonly Entry[] },
  { targetTableBytes, cutKeys }: Destination,
  next: Uint8Array,
): boolean {
  const last = entries.at(-1)!.key
  const cuts = (cut: Uint8Array) => compareBytes(last, cut) < 0 && compareBytes(cut, next) <= 0
  return entries.length >= (targetTableBytes ?? Number.POSITIVE_INFINITY) || cutKeys.some(cuts)
}

/** The seq of the value that a reader at `seq` sees; null if the key is absent or deleted. */
function readAt(versions: readonly Entry[], seq: SeqNum): SeqNum | null {
  let newest: Entry | null = null
  for (const entry of versions) {
    if (entry.seq <= seq && entry.seq > (newest?.seq ?? 0)) newest = entry
  }
  return newest === null || newest.kind === ENTRY_KIND.deletion ? null : newest.seq
}

function placesOf(spec: CompactionSpec): string {
  switch (spec.kind) {
    case 'merge':
      return JSON.stringify(spec.outputs.map(({ place }) => place))
    case 'move':
      return JSON.stringify([spec.place])
    case 'drop':
      return '[]'
  }
}
