/**
 * Owns random histories for this room's tests: edits that are valid for a given state, with random
 * values for every field of every table. Equal seeds give equal histories.
 */

import type { Random } from '../../base/random.ts'
import { type Run, tablesOf } from '../../version/run.ts'
import type { SegmentsEdit } from '../../version/segment-meta.ts'
import type { TableMeta } from '../../version/table-meta.ts'
import { runsNewestFirst } from '../../version/version.ts'
import type { NewRun, TablePlacement, VersionEdit } from '../../version/version-edit.ts'
import type { ManifestState } from '../manifest-state.ts'

const TABLES_PER_FLUSH_MAX = 3

/** A table with the keys of `slot`, so that tables of different slots are disjoint. */
export function randomTable(random: Random, id: number, slot: number): TableMeta {
  const seqMin = random.nextBelow(2 ** 40)
  const segments = random.nextBelow(3)
  const tail = random.nextBelow(4)
  return {
    id,
    smallest: Uint8Array.of(slot),
    largest: Uint8Array.of(slot, ...new Uint8Array(tail).fill(9)),
    ...(tail === 3 ? { isOpen: true } : {}),
    bytes: random.nextBelow(2 ** 33),
    entries: random.nextBelow(2 ** 20),
    tombstones: random.nextBelow(100),
    rangeDeletions: random.nextBelow(2) * random.nextBelow(9),
    rawKeyBytes: random.nextBelow(2 ** 33),
    rawValueBytes: random.nextBelow(2 ** 40),
    seqMin,
    seqMax: seqMin + random.nextBelow(2 ** 40),
    createdAtMs: random.nextBelow(2 ** 41),
    oldestWriteAtMs: random.nextBelow(2 ** 41),
    oldestTombstoneAtMs: random.nextBelow(2) === 0 ? null : random.nextBelow(2 ** 41),
    filter:
      random.nextBelow(3) === 0
        ? { kind: 'none', bitsPerKey: 0, bytes: 0 }
        : { kind: 'blocked-bloom', bitsPerKey: random.nextDouble() * 20, bytes: 7 },
    vlogBytes: Array.from({ length: segments }, (_, i) => [i + 1, random.nextBelow(2 ** 33)]),
  }
}

/**
 * A valid edit for `state`: a flush, the removal of some tables of a run, or a move of a whole run.
 */
export function randomEdit(random: Random, state: ManifestState): VersionEdit {
  const runs = runsNewestFirst(state.version)
  const victim = runs[random.nextBelow(Math.max(runs.length, 1))]
  const fresh = freshRun(random, state, runs)
  const lastSeq = state.lastSeq + random.nextBelow(1000)
  const numbers = {
    ...(random.nextBelow(2) === 0 ? {} : { segments: randomSegments(random, state) }),
    ...(random.nextBelow(2) === 0 ? {} : { lastSeq, logNumber: state.nextFileNumber }),
    ...(random.nextBelow(3) === 0
      ? {}
      : { strategy: { name: 'random', state: { cursor: random.nextU32(), keys: ['é', null] } } }),
  }
  if (victim === undefined || random.nextBelow(2) === 0) {
    const slot = random.nextBelow(200)
    const added = Array.from({ length: 1 + random.nextBelow(TABLES_PER_FLUSH_MAX) }, (_, i) =>
      place(fresh, randomTable(random, state.nextFileNumber + i, slot + i)),
    )
    return { ...numbers, newRuns: [fresh], removed: [], added }
  }
  const tables = [...tablesOf(victim.run)].map((table) => ({
    ...victim,
    run: victim.run.id,
    table,
  }))
  if (random.nextBelow(2) === 0) {
    const removed = tables.filter(() => random.nextBelow(2) === 0)
    return { ...numbers, newRuns: [], removed, added: [] }
  }
  const added = tables.map(({ table }) => place(fresh, table))
  return { ...numbers, newRuns: [fresh], removed: tables, added }
}

/** Opens a segment, or moves an existing one to its next state. */
function randomSegments(random: Random, { segments, nextFileNumber }: ManifestState): SegmentsEdit {
  const known = [...segments.values()]
  const meta = known[random.nextBelow(known.length + 1)]
  // A number beyond those of the tables in the same edit.
  if (meta === undefined) return { opened: [nextFileNumber + TABLES_PER_FLUSH_MAX] }
  const { segment, state, records, recordBytes } = meta
  if (state === 'open') {
    const counts = { records: 1 + random.nextBelow(9), recordBytes: 1 + random.nextBelow(2 ** 40) }
    return { sealed: [{ segment, ...counts }] }
  }
  const spends = state === 'sealed' && random.nextBelow(2) === 0
  return spends ? { spent: [segment] } : { removed: [{ segment, records, recordBytes }] }
}

function freshRun(
  random: Random,
  state: ManifestState,
  runs: readonly { readonly level: number; readonly run: Run }[],
): NewRun {
  const level = random.nextBelow(4)
  const places = [null, ...runs.filter((each) => each.level === level).map(({ run }) => run.id)]
  return { level, run: state.nextRunId, after: places[random.nextBelow(places.length)] ?? null }
}

function place({ level, run }: NewRun, table: TableMeta): TablePlacement {
  return { level, run, table }
}
