/**
 * Owns the making of a timeline from the files of a run: its result and the log of its tree's
 * edits. Invariant: every table that an edit removes was made by an earlier edit. A log that breaks
 * this, or belongs to another run, is refused with one line.
 */

import { compareBytes } from '../../engine/base/compare.ts'
import { invalidArgument } from '../../engine/base/errors.ts'
import type { RunResult } from '../../results/schema.ts'
import { shellText } from '../../results/shell-text.ts'
import { LOGICAL_START_MS } from '../base/context.ts'
import type { EditEvent } from '../base/version-log.ts'
import { settingsOf } from '../charts/wording.ts'
import type { TimelineDocument, TimelineEdit, TimelineRun } from './timeline-run.ts'

/** A run's result and its whole log of edits. */
export interface RecordedRun {
  readonly result: RunResult
  readonly events: readonly EditEvent[]
}

/** Throws `LSM_INVALID_ARGUMENT`, naming the run, if result and edits do not belong together. */
export function timelineOf(recorded: readonly RecordedRun[]): TimelineDocument {
  const keys = new KeyAxis(recorded)
  return { keys: keys.texts, runs: recorded.map((run) => timelineRun(run, keys)) }
}

function timelineRun({ result, events }: RecordedRun, keys: KeyAxis): TimelineRun {
  checkSameRun(result, events)
  const { config } = result
  const columns = tableColumns(events, keys)
  const indexOf = (id: number) => {
    const index = columns.indices.get(id)
    if (index === undefined) {
      throw invalidArgument(
        `${result.id}: an edit removes table ${id}, which no earlier edit made`,
        { id },
      )
    }
    return index
  }
  return {
    id: result.id,
    strategy: config.strategy.name,
    workload: config.workload.name,
    settings: settingsOf(result),
    params: plainValues(config.strategy.params),
    command: shellText(result.command),
    failedGates: result.gates
      .filter(({ passed }) => !passed)
      .map(({ name, why }) => ({ name, why })),
    tables: columns.tables,
    edits: events.map((event, index) => ({
      ...timelineEdit(result, event, index, indexOf),
      ...startOf(result, index),
    })),
  }
}

function timelineEdit(
  result: RunResult,
  { kind, atMs, edit, reason }: EditEvent,
  index: number,
  indexOf: (id: number) => number,
): TimelineEdit {
  const known = result.deterministic.events.log[index]
  const operations = operationsOf(result)
  const atOperation = known?.atOperation ?? clamp(atMs - LOGICAL_START_MS, operations)
  return {
    kind,
    phase: phaseAt(result, atOperation),
    atOperation,
    userBytes: userBytesAt(result, atOperation),
    newRuns: edit.newRuns,
    removed: edit.removed.map(({ table }) => indexOf(table.id)),
    added: edit.added.map(({ table, level, run }) => ({ table: indexOf(table.id), level, run })),
    reason: reason ?? known?.reason ?? null,
  }
}

/** The edits done when the job of edit `index` started; nothing for a run without job times. */
function startOf({ timed }: RunResult, index: number): Pick<TimelineEdit, 'startedAfter'> {
  const jobs = timed.background?.jobs
  const job = jobs?.[index]
  if (jobs === undefined || job === undefined) return {}
  let done = index
  while (done > 0 && jobs[done - 1]!.installedSeconds > job.startedSeconds) done--
  return { startedAfter: done }
}

/** Events of another run, or of an earlier attempt at this one, would show the wrong tree. */
function checkSameRun(
  { id, config, deterministic }: RunResult,
  events: readonly EditEvent[],
): void {
  // A simulation that starts from a tree has the edit that adds it.
  if (config.aged !== null && !config.target.startsWith('simulator')) {
    const message = `${id}: the run started from a loaded tree (--aged), which none of its edits made`
    throw invalidArgument(`${message}; record it without`, { id })
  }
  const { total, log } = deterministic.events
  const differs = log.some(({ kind }, index) => events[index]?.kind !== kind)
  if (events.length !== total || differs) {
    throw invalidArgument(`${id}: the recorded versions are of another run`, { id })
  }
}

function tableColumns(events: readonly EditEvent[], keys: KeyAxis) {
  const indices = new Map<number, number>()
  const tables = {
    id: [] as number[],
    smallest: [] as number[],
    largest: [] as number[],
    bytes: [] as number[],
    entries: [] as number[],
    tombstones: [] as number[],
  }
  for (const { table } of events.flatMap(({ edit }) => edit.added)) {
    if (indices.has(table.id)) continue
    indices.set(table.id, tables.id.length)
    tables.id.push(table.id)
    tables.smallest.push(keys.indexOf(table.smallest))
    tables.largest.push(keys.indexOf(table.largest))
    tables.bytes.push(table.bytes)
    tables.entries.push(table.entries)
    tables.tombstones.push(table.tombstones)
  }
  return { indices, tables }
}

/** All boundary keys in order, so that equal places mean equal keys in all runs shown. */
class KeyAxis {
  readonly texts: readonly string[]
  readonly #indices: ReadonlyMap<string, number>

  constructor(recorded: readonly RecordedRun[]) {
    const unique = new Map<string, Uint8Array>()
    for (const { events } of recorded) {
      for (const { table } of events.flatMap(({ edit }) => edit.added)) {
        for (const key of [table.smallest, table.largest]) unique.set(identityOf(key), key)
      }
    }
    const sorted = [...unique].sort(([, a], [, b]) => compareBytes(a, b))
    this.texts = sorted.map(([, key]) => textOf(key))
    this.#indices = new Map(sorted.map(([identity], index) => [identity, index]))
  }

  indexOf(key: Uint8Array): number {
    return this.#indices.get(identityOf(key))!
  }
}

function identityOf(key: Uint8Array): string {
  return String.fromCharCode(...key)
}

/** As text if the key is text, else in hex. */
function textOf(key: Uint8Array): string {
  const text = identityOf(key)
  if (/^[\x20-\x7e]+$/.test(text)) return text
  return `0x${Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

function operationsOf({ deterministic }: RunResult): number {
  return deterministic.series.at(-1)?.atOperation ?? 0
}

function phaseAt({ deterministic }: RunResult, atOperation: number): string {
  let end = 0
  for (const { name, operationsByKind } of deterministic.phases) {
    end += Object.values(operationsByKind).reduce((sum, count) => sum + count, 0)
    // An event is reported before its operation is counted as done.
    if (atOperation < end) return name
  }
  return 'drain'
}

function userBytesAt({ deterministic }: RunResult, atOperation: number): number {
  let [before, bytesBefore] = [0, 0]
  for (const { atOperation: sample, userBytes } of deterministic.series) {
    if (sample >= atOperation) {
      const share = sample === before ? 1 : (atOperation - before) / (sample - before)
      return Math.round(bytesBefore + (userBytes - bytesBefore) * share)
    }
    before = sample
    bytesBefore = userBytes
  }
  return bytesBefore
}

function plainValues(params: RunResult['config']['strategy']['params']): TimelineRun['params'] {
  const entries = Object.entries(params).map(([name, value]) => {
    return [name, typeof value === 'number' ? value : String(value)] as const
  })
  return Object.fromEntries(entries)
}

function clamp(value: number, max: number): number {
  return Math.max(0, Math.min(value, max))
}
