/**
 * Owns what a finished sweep over peers prints: one row a result, and for each peer its settings
 * beside ours. Figures of different counters stand in different columns.
 */
import type { Json } from '../../../engine/base/json.ts'
import type { PeerResult } from '../../../results/peer-schema.ts'
import { formatCount, formatNs } from '../../base/units.ts'
import type { Look } from '../../cli/terminal.ts'
import { fitted } from '../../cli/text-lines.ts'
import { textTable } from '../../cli/text-table.ts'

const HEAD = ['peer', 'workload', 'WA process', 'WA tables', 'W-Amp', 'SA', 'ops/s', 'p50', 'p99']

const CAPTION =
  'WA process: bytes the process passed to write calls ÷ user bytes. WA tables: (flush + compaction\n' +
  "bytes) ÷ user bytes, W-Amp: ÷ flush bytes, by the peer's own account. SA: physical ÷ live bytes.\n" +
  'All at rest; –: nobody counts it. p50, p99: service time, closed loop; what it is the time of\n' +
  'stands in the result (latencyIncludes).'

export function peerTables(results: readonly PeerResult[], look: Look): string {
  const table = textTable({ head: HEAD, rows: results.map(rowOf), names: 2 }, look)
  const byPeer = new Map(results.map((result) => [result.peer.name, result]))
  const settings = [...byPeer.values()].map(settingLines)
  return [table, fitted([CAPTION, ...settings].join('\n'), look)].join('\n')
}

function rowOf({ config, peer, timed }: PeerResult): string[] {
  const { waTotal, waLsm, waRocksdb, spaceAmplification } = peer.drained
  const run = timed.phases.findLast(({ throughputPerSecond }) => throughputPerSecond !== null)
  return [
    peer.name,
    config.workload.name,
    ...[waTotal, waLsm, waRocksdb, spaceAmplification].map((value) => value?.toFixed(2) ?? '–'),
    run?.throughputPerSecond == null ? '–' : formatCount(run.throughputPerSecond),
    perKind(timed.latencyByKind, 'p50Us'),
    perKind(timed.latencyByKind, 'p99Us'),
  ]
}

/** One line an operation kind: percentiles of different kinds do not add up to one. */
function perKind(latencies: PeerResult['timed']['latencyByKind'], figure: 'p50Us' | 'p99Us') {
  const lines = Object.entries(latencies).map(
    ([kind, latency]) => `${kind} ${formatNs(latency[figure] * 1e3)}`,
  )
  return lines.join('\n') || '–'
}

/** What is equal in one line, what is not a line each. */
function settingLines({ peer }: PeerResult): string {
  const equal = peer.settings.filter((setting) => setting.equal)
  const lines = peer.settings
    .filter((setting) => !setting.equal)
    .map(({ name, varve, peer: theirs, note }) => {
      const values = `varve ${text(varve)}, ${peer.name} ${text(theirs)}`
      return `  ≠ ${name}: ${values}${note === '' ? '' : ` (${note})`}`
    })
  const same = equal.map(({ name, varve }) => `${name} ${text(varve)}`).join(', ')
  return [`${peer.version}`, `  = ${same || 'nothing'}`, ...lines].join('\n')
}

function text(value: Json): string {
  return value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value)
}
