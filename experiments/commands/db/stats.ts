/**
 * Owns the answer of `varve db stats`: the tree of a closed folder and its totals, as text, as JSON
 * or as OpenMetrics. Invariant: standard output holds the asked form and nothing else, so that it
 * can be piped; warnings go to standard error.
 */
import type { FolderDescription } from '../../../engine/index.ts'
import { databaseFamilies, openMetricsText } from '../../base/open-metrics.ts'
import { formatBytes } from '../../base/units.ts'
import { lookOf } from '../../cli/terminal.ts'
import { treeText } from '../../cli/tree-text.ts'

export const STATS_FORMATS = ['text', 'json', 'openmetrics'] as const

type StatsFormat = (typeof STATS_FORMATS)[number]

/** The statistics of `folder` in the format, without the last line break. */
export function statsText(
  folder: string,
  described: FolderDescription,
  format: StatsFormat,
): string {
  switch (format) {
    case 'text':
      return drawnText(described)
    case 'json':
      return JSON.stringify(statsJson(folder, described), null, 2)
    case 'openmetrics':
      return openMetricsText(databaseFamilies({ version: versionOf(described) })).trimEnd()
  }
}

function drawnText(described: FolderDescription): string {
  const version = versionOf(described)
  const { tables, entries, tombstones, bytes, rawBytes } = version.totals
  return [
    tables === 0 ? 'no tables yet' : treeText(version, lookOf(process.stdout)),
    `tables    ${tables} in ${described.runs} runs, ${formatBytes(bytes)}`,
    `entries   ${entries}, ${tombstones} of them deletions; ${formatBytes(rawBytes)} of data`,
    `log       ${described.content.recovery.report.entries} entries`,
  ].join('\n')
}

function statsJson(folder: string, described: FolderDescription) {
  const { levels, totals } = versionOf(described)
  const { report } = described.content.recovery
  return {
    folder,
    runs: described.runs,
    ...totals,
    levels: levels.map(({ runs, totals }, level) => ({ level, runs: runs.length, ...totals })),
    log: { batches: report.batches, entries: report.entries },
  }
}

function versionOf({ content }: FolderDescription) {
  return content.manifest.version
}
