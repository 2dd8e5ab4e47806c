/**
 * Owns the text that a finished sweep over peers prints: one row for each result, and each peer's
 * settings next to ours. Figures of different counters are in different columns.
 */
import type { Json } from '../../../engine/base/json.ts'
import type { PeerResult } from '../../../results/peer-schema.ts'
import { formatCount } from '../../base/units.ts'
import type { Look } from '../../cli/terminal.ts'
import { fitted } from '../../cli/text-lines.ts'
import { textTable } from '../../cli/text-table.ts'
import { quoted, timeQuoted } from './closing-table.ts'

const HEAD = ['peer', 'workload', 'WA process', 'WA tables', 'W-Amp', 'SA', 'ops/s', 'p50', 'p99']

const CAPTION =
  'WA process: bytes the process passed to write calls ÷ user bytes. WA tables: (flush + compaction\n' +
  "bytes) ÷ user bytes, W-Amp: ÷ flush bytes, by the peer's own account. SA: physical ÷ live bytes.\n" +
  'All at rest; –: not counted. latencyIncludes in the result says what a latency ' +
  'measures.\np50, p99:'

export function peerTables(results: readonly PeerResult[], look: Look): string {
  const table = textTable({ head: HEAD, rows: results.map(rowOf), names: 2 }, look)
  const byPeer = new Map(results.map((result) => [nameOf(result), result]))
  const settings = [...byPeer.values()].map(settingLines)
  return [table, fitted([`${CAPTION}${timeQuoted(results)}`, ...settings].join('\n'), look)].join(
    '\n',
  )
}

/** The peer, and the strategy of ours that it follows if it can follow several. */
function nameOf({ config, peer }: PeerResult): string {
  const { strategy } = config.strategy.params as Readonly<Record<string, Json>>
  return typeof strategy === 'string' ? `${peer.name} ${strategy}` : peer.name
}

function rowOf(result: PeerResult): string[] {
  const { config, peer, timed } = result
  const { waTotal, waLsm, waRocksdb, spaceAmplification } = peer.drained
  const run = timed.phases.findLast(({ throughputPerSecond }) => throughputPerSecond !== null)
  return [
    nameOf(result),
    config.workload.name,
    ...[waTotal, waLsm, waRocksdb, spaceAmplification].map((value) => value?.toFixed(2) ?? '–'),
    run?.throughputPerSecond == null ? '–' : formatCount(run.throughputPerSecond),
    quoted(timed, 'p50Us'),
    quoted(timed, 'p99Us'),
  ]
}

/** Equal settings in one line, different settings in one line each. */
function settingLines(result: PeerResult): string {
  const { peer } = result
  const equal = peer.settings.filter((setting) => setting.equal)
  const lines = peer.settings
    .filter((setting) => !setting.equal)
    .map(({ name, varve, peer: theirs, note }) => {
      const values = `varve ${text(varve)}, ${peer.name} ${text(theirs)}`
      return `  ≠ ${name}: ${values}${note === '' ? '' : ` (${note})`}`
    })
  const same = equal.map(({ name, varve }) => `${name} ${text(varve)}`).join(', ')
  return [`${nameOf(result)}: ${peer.version}`, `  = ${same || 'nothing'}`, ...lines].join('\n')
}

function text(value: Json): string {
  return value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value)
}
