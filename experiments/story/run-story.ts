/**
 * Owns the story of a run, made from its result. For each phase it lists every flush and
 * compaction: why the strategy picked it, which runs it took and made, and its share of all bytes
 * that flushes and compactions wrote. Then come sums by trigger and by level. Events are numbered
 * from 1.
 */
import type { Json } from '../../engine/index.ts'
import type { ResultEvent, RunResult } from '../../results/schema.ts'
import { formatBytes, formatCount } from '../base/units.ts'
import { explainReason } from './formula.ts'

export interface NumberedEvent {
  readonly number: number
  readonly event: ResultEvent
}

export type Phase = 'load' | 'run' | 'drain'

/** The bytes all flushes and compactions wrote, the drain included; shares refer to this sum. */
function bytesOfAll({ deterministic }: RunResult): number {
  const { flush = 0, compaction = 0 } = deterministic.amplification.drained.bytesWrittenByCause
  return flush + compaction
}

export function numbered(result: RunResult): readonly NumberedEvent[] {
  return result.deterministic.events.log.map((event, index) => ({ number: index + 1, event }))
}

/** Whether an event reads from or writes to `level`. */
function touches({ inputs, outputs }: ResultEvent, level: number): boolean {
  return [...inputs, ...outputs].some((side) => side.level === level)
}

/** The whole story, or only the events that touch `level` if it is not null. */
export function tellRun(result: RunResult, level: number | null): string {
  const events = numbered(result).filter(({ event }) => level === null || touches(event, level))
  const byPhase = Map.groupBy(events, ({ event }) => phaseOf(result, event))
  const chapters = result.deterministic.phases.map((phase) => {
    const told = (byPhase.get(phase.name) ?? []).map((event) => tellEvent(result, event))
    return [titleOf(phase), ...(told.length === 0 ? ['  nothing'] : told)].join('\n')
  })
  return [opening(result), ...chapters, summary(result, events)].join('\n\n')
}

/** One event: a line for what it did and, for a compaction, a line for its reason. */
export function tellEvent(result: RunResult, { number, event }: NumberedEvent): string {
  const { kind, atOperation, inputs, outputs, bytesWritten, reason } = event
  const all = bytesOfAll(result)
  const cost = bytesWritten === 0 ? 'writes nothing' : `writes ${formatBytes(bytesWritten)}`
  const share = bytesWritten === 0 ? '' : `, ${percent(bytesWritten, all)} of all`
  const from = inputs.length === 0 ? '' : `${inputs.map(sideOf).join(' + ')} `
  const to = outputs.length === 0 ? 'nothing' : outputs.map(sideOf).join(' + ')
  const head = `#${number}`.padEnd(6) + `op ${count(atOperation)}`.padEnd(13) + kind.padEnd(6)
  const line = `  ${head}${from}→ ${to}: ${cost}${share}`
  if (reason === null) return line
  const params = result.config.strategy.params as Readonly<Record<string, Json>>
  return `${line}\n${' '.repeat(8)}because ${explainReason(reason, params)}`
}

function phaseOf(result: RunResult, { atOperation }: ResultEvent): Phase {
  const { phases } = result.deterministic
  const loaded = operationsOf(phases.filter(({ name }) => name === 'load'))
  const all = operationsOf(phases)
  // An event is recorded before its operation counts as done.
  return atOperation < loaded ? 'load' : atOperation < all ? 'run' : 'drain'
}

function opening({ id, config, deterministic }: RunResult): string {
  const { strategy, workload, records, operations, seed } = config
  const { events, counts, amplification } = deterministic
  const params = Object.entries(strategy.params).map(([name, value]) => `${name} ${String(value)}`)
  const { waTotal, waLsm } = amplification.drained
  const ratio = (value: number | null) => (value === null ? '–' : value.toFixed(2))
  const lines = [
    id,
    `${strategy.name} (${params.join(', ')}) under ${workload.name}: ` +
      `${count(records)} records, ${count(operations)} operations, seed ${seed}`,
    [
      counted(counts.flushes, 'flush', 'flushes'),
      counted(counts.merges, 'merge'),
      counted(counts.moves, 'move'),
      counted(counts.drops, 'drop'),
    ].join(', '),
    `WA ${ratio(waTotal)} drained: all bytes written ÷ user bytes; ` +
      `${ratio(waLsm)} of it by flushes and compactions, which are told here`,
  ]
  const memtableBytes = Number(config.engine.memtableBytes)
  lines.push(`a flush comes when the memtable holds ${formatBytes(memtableBytes)}, or at the drain`)
  if (events.total > events.log.length) {
    lines.push(`only the first ${events.log.length} of ${count(events.total)} events are recorded`)
  }
  return lines.join('\n')
}

function titleOf({ name, operationsByKind, userBytes, shapeAtStart }: PhaseFigures): string {
  const kinds = Object.entries(operationsByKind).map(([kind, n]) => `${formatCount(n)} ${kind}`)
  const did = kinds.length === 0 ? '' : `: ${kinds.join(', ')}, ${formatBytes(userBytes)} put`
  return `${name}${did}; runs by level at its start: ${shapeAtStart.join(' ') || 'none'}`
}

type PhaseFigures = RunResult['deterministic']['phases'][number]

interface Sum {
  events: number
  read: number
  written: number
}

function summary(result: RunResult, events: readonly NumberedEvent[]): string {
  const byTrigger = new Map<string, Sum>()
  const byLevel = new Map<string, Sum>()
  const add = (sums: Map<string, Sum>, key: string, read: number, written: number) => {
    const sum = sums.get(key) ?? { events: 0, read: 0, written: 0 }
    sums.set(key, { events: sum.events + 1, read: sum.read + read, written: sum.written + written })
  }
  for (const { event } of events) {
    add(byTrigger, event.reason?.trigger ?? 'flush', event.bytesRead, event.bytesWritten)
    const rewrites = event.bytesWritten > 0
    for (const level of levelsOf(event)) {
      const bytesAt = (sides: ResultEvent['inputs']) =>
        rewrites ? (sides.find((side) => side.level === level)?.bytes ?? 0) : 0
      const read = event.kind === 'flush' ? 0 : bytesAt(event.inputs)
      add(byLevel, `level ${level}`, read, bytesAt(event.outputs))
    }
  }
  const inOrder = [...byLevel].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  const all = bytesOfAll(result)
  return [table('by trigger', [...byTrigger], all), table('by level', inOrder, all)].join('\n\n')
}

function levelsOf({ inputs, outputs }: ResultEvent): readonly number[] {
  return [...new Set([...inputs, ...outputs].map(({ level }) => level))]
}

function table(title: string, rows: readonly (readonly [string, Sum])[], all: number): string {
  const cells = rows.map(([name, { events, read, written }]) => [
    name,
    count(events),
    formatBytes(read),
    formatBytes(written),
    percent(written, all),
  ])
  const head = [title, 'events', 'read', 'written', 'of all']
  const widths = head.map((text, column) =>
    Math.max(text.length, ...cells.map((row) => row[column]!.length)),
  )
  return [head, ...cells]
    .map((row) =>
      row
        .map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]! + 2)))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}

function sideOf({ level, runs, tables, bytes }: ResultEvent['inputs'][number]): string {
  const many = (n: number, one: string) => `${count(n)} ${one}${n === 1 ? '' : 's'}`
  return `L${level} ${many(runs, 'run')} ${many(tables, 'table')} ${formatBytes(bytes)}`
}

function operationsOf(phases: readonly PhaseFigures[]): number {
  return phases
    .flatMap(({ operationsByKind }) => Object.values(operationsByKind))
    .reduce((sum, n) => sum + n, 0)
}

function count(n: number): string {
  return n.toLocaleString('en-US')
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(part === whole ? 0 : 1)} %`
}

/** '1 merge', '2 merges'. */
function counted(size: number, one: string, several = `${one}s`): string {
  return `${size} ${size === 1 ? one : several}`
}
