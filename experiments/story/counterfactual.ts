/**
 * Owns the answer to "what would another strategy pick here?". It shows the tree as the recorded
 * strategy saw it before an event, what that strategy picked, what the other strategy picks from
 * the same view, and how many bytes each rewrites. Nothing is executed: the bytes are the sizes of
 * the tables that a merge takes.
 *
 * The view equals the recorded one except for two things that no log holds: the counters of reads
 * are zero, and there are no snapshots. A strategy of the recorded name continues from the recorded
 * state.
 */
import {
  type CompactionSpec,
  type CompactionStrategy,
  guardStrategy,
  type Json,
  type TreeView,
  type Version,
} from '../../engine/index.ts'
import type { RunResult } from '../../results/schema.ts'
import { inputBytes, runsNewestFirst, tablesOf } from '../../strategies/index.ts'
import { printSpec } from '../../strategies/primitives/print-spec.ts'
import { formatBytes } from '../base/units.ts'
import { UsageError } from '../base/usage-error.ts'
import { type EditEvent, momentBefore, type TreeMoment } from '../base/version-log.ts'
import { explainReason } from './formula.ts'

/** Another strategy with all its parameters. */
export interface Rival {
  readonly strategy: CompactionStrategy
  readonly params: Readonly<Record<string, Json>>
}

/** The tree before event `number`, the recorded pick and, if there is a rival, its pick. */
export function tellMoment(
  result: RunResult,
  events: readonly EditEvent[],
  number: number,
  rival: Rival | null,
): string {
  checkSameRun(result, events)
  const moment = momentBefore(events, number)
  const tree = printTree(moment.version) || 'an empty tree'
  const parts = [`the tree before #${number}`, indent(tree), '', recorded(result, moment, number)]
  if (rival === null) return parts.join('\n')
  const spec = pickAt(result, moment, rival.strategy)
  const names = [`${result.config.strategy.name} here`, `${rival.strategy.name} instead`] as const
  const bytes = [bytesTaken(moment), specBytes(moment, spec)] as const
  parts.push('', picked(rival, spec, bytes[1]), '', difference(names, bytes))
  return parts.join('\n')
}

/** The pick of `strategy` from the tree that the recorded strategy saw. */
export function pickAt(
  result: RunResult,
  moment: TreeMoment,
  strategy: CompactionStrategy,
): CompactionSpec | null {
  return guardStrategy(strategy).pick(viewOf(result, moment, strategy))
}

/** Throws if the events belong to another run, or to an earlier attempt at this one. */
function checkSameRun(result: RunResult, events: readonly EditEvent[]): void {
  const { total, log } = result.deterministic.events
  if (events.length !== total) {
    const message = `the versions hold ${events.length} events, the result ${total}`
    throw new UsageError(`${message}: they are of different runs`)
  }
  const at = log.findIndex(({ kind }, index) => events[index]!.kind !== kind)
  if (at >= 0) {
    const [here, there] = [log[at]!.kind, events[at]!.kind]
    throw new UsageError(`event ${at + 1} is a ${here} in the result, a ${there} in the versions`)
  }
}

function recorded({ config, deterministic }: RunResult, moment: TreeMoment, number: number) {
  const { name } = config.strategy
  const { next } = moment
  // A flush or the end comes next only if the strategy picked nothing.
  if (next === null || next.kind === 'flush') {
    return `${name} picked nothing; ${next === null ? 'the run had ended' : 'a flush came next'}`
  }
  const takes = groupsOf(next.edit.removed)
  const makes = next.kind === 'drop' ? 'nowhere' : groupsOf(next.edit.added)
  const lines = [`${name} picked`, `  ${next.kind} ${takes} -> ${makes}`]
  const reason = deterministic.events.log[number - 1]?.reason
  if (reason != null) lines.push(`  because ${explainReason(reason, paramsOf(config))}`)
  lines.push(`  rewrites ${formatBytes(bytesTaken(moment))}`)
  return lines.join('\n')
}

function picked({ strategy, params }: Rival, spec: CompactionSpec | null, bytes: number): string {
  const given = Object.entries(params).map(([name, value]) => `${name} ${String(value)}`)
  const who = `${strategy.name} (${given.join(', ')})`
  if (spec === null) return `${who} picks nothing`
  const [what] = printSpec(spec).split(' because ')
  const why = explainReason(spec.reason, params)
  return `${who} picks\n  ${what}\n  because ${why}\n  rewrites ${formatBytes(bytes)}`
}

function difference(
  [here, there]: readonly [string, string],
  [own, other]: readonly [number, number],
): string {
  if (own === other) return `both rewrite ${formatBytes(own)} now`
  const [less, more] = own < other ? [here, there] : [there, here]
  return `${less} rewrites ${formatBytes(Math.abs(own - other))} less now than ${more}`
}

function viewOf(result: RunResult, moment: TreeMoment, strategy: CompactionStrategy): TreeView {
  const { version, nowMs } = moment
  const kept = moment.strategy?.name === strategy.name ? moment.strategy.state : null
  const seqs = tablesBeside(moment).map(({ seqMax }) => seqMax)
  return {
    version,
    nowMs,
    memtableBytes: Number(result.config.engine.memtableBytes),
    state: kept ?? strategy.initialState,
    inProgress: [],
    oldestSnapshotSeq: seqs.reduce((newest, seq) => Math.max(newest, seq), 0),
    tableStats: () => ({ reads: 0 }),
  }
}

/** Sizes of the tables a recorded merge took. Moves and drops rewrite nothing. */
function bytesTaken(moment: TreeMoment): number {
  const { next } = moment
  if (next?.kind !== 'merge') return 0
  const taken = new Set(next.edit.removed.map(({ table }) => table.id))
  const tables = tablesBeside(moment).filter(({ id }) => taken.has(id))
  return tables.reduce((sum, { bytes }) => sum + bytes, 0)
}

function specBytes({ version }: TreeMoment, spec: CompactionSpec | null): number {
  return spec?.kind === 'merge' ? inputBytes(version, spec.inputs) : 0
}

function tablesBeside({ version }: TreeMoment) {
  return runsNewestFirst(version).flatMap(({ run }) => [...tablesOf(run)])
}

/** One line for each run, newest first: its tables by number, its size and its entries. */
function printTree({ levels }: Version): string {
  const lines = levels.flatMap(({ runs }, level) => [
    ...(runs.length === 0 ? [] : [`L${level}`]),
    ...runs.map((run) => {
      const { tables, bytes, entries, tombstones } = run.totals
      const deleted = tombstones === 0 ? '' : `, ${tombstones} of them deletions`
      const size = `${formatBytes(bytes)}, ${entries} entries${deleted}`
      return `  R${run.id}: ${tables === 1 ? 'table' : 'tables'} ${idsOf([...tablesOf(run)])}; ${size}`
    }),
  ])
  return lines.join('\n')
}

const IDS_SHOWN_MAX = 12

function idsOf(tables: readonly { readonly id: number }[]): string {
  const ids = tables.map(({ id }) => id)
  const more = ids.length - IDS_SHOWN_MAX
  if (more <= 0) return ids.join(', ')
  return `${ids.slice(0, IDS_SHOWN_MAX).join(', ')} and ${more} more`
}

/** The tables an edit removes or adds: 'L0 R4, L0 R3, L1 R1 (tables 3, 4)'. */
function groupsOf(placements: EditEvent['edit']['added']): string {
  const groups = Map.groupBy(placements, ({ level, run }) => `L${level} R${run}`)
  return Array.from(groups, ([name, group]) => {
    return `${name} (tables ${idsOf(group.map(({ table }) => table))})`
  }).join(', ')
}

function paramsOf({ strategy }: RunResult['config']): Readonly<Record<string, Json>> {
  return strategy.params as Readonly<Record<string, Json>>
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
