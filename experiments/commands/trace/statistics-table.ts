/** Owns the text of a trace's statistics on a terminal: one line for each figure. */
import { formatBytes, formatCount, formatSeconds } from '../../base/units.ts'
import type { SizeFigures, TraceStatistics } from '../../trace/trace-statistics.ts'

export function statisticsText(statistics: TraceStatistics): string {
  const { keys, values, scanLengths, skew, reuse, arrivals } = statistics
  const rows: (readonly [string, string])[] = [
    ['operations', `${formatCount(statistics.operations)}: ${mix(statistics)}`],
    ...statistics.phases.map(
      (phase) => [`  ${phase.name}`, `${formatCount(phase.operations)}: ${mix(phase)}`] as const,
    ),
    ['distinct keys', `${formatCount(keys.distinct)}${keys.isExact ? '' : ' (estimated, ±0.8 %)'}`],
    ['key bytes', sizes(keys.bytes)],
    ['value bytes', sizes(values)],
    ...(scanLengths === null ? [] : [['scan lengths', sizes(scanLengths)] as const]),
    ['written', `${formatBytes(statistics.writtenBytes)} of keys and values`],
  ]
  if (skew !== null) {
    const atLeast = keys.isExact ? '' : 'at least '
    const { top1Share, top10Share, top100Share } = skew
    const shares = [top1Share, top10Share, top100Share].map(percent).join(', ')
    rows.push(['hottest keys', `1, 10, 100 take ${atLeast}${shares} of the operations`])
    if (skew.zipfTheta !== null) {
      const fit = `θ = ${skew.zipfTheta.toFixed(2)} (r² ${skew.zipfR2!.toFixed(3)})`
      rows.push(['Zipf fit', `${fit}, through the hottest 1,000 keys at most`])
    }
  }
  rows.push(['reuse distance', reuseText(reuse)])
  if (arrivals !== null) {
    const mean =
      arrivals.perSecond === null ? '' : `, ${formatCount(Math.round(arrivals.perSecond))}/s`
    const peak = `${formatCount(arrivals.perSecondMax)} in the busiest second`
    rows.push(['arrivals', `over ${formatSeconds(arrivals.spanSeconds)}${mean}, ${peak}`])
  }
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  return rows.map(([name, text]) => `${name.padEnd(width)}${text}`).join('\n')
}

type Mixed = Pick<TraceStatistics, 'operations' | 'operationsByKind'>

function mix({ operations, operationsByKind }: Mixed): string {
  const parts = Object.entries(operationsByKind).map(
    ([kind, count]) => `${kind} ${percent(count / operations)}`,
  )
  return parts.length === 0 ? 'none' : parts.join(', ')
}

function sizes(figures: SizeFigures | null): string {
  if (figures === null) return 'none'
  const { min, mean, p50, p99, max } = figures
  return `${min} to ${max}, mean ${Number(mean.toPrecision(4))}, p50 ${p50}, p99 ${p99}`
}

function reuseText({ p50, p90, p99, rate, uses, firstUses }: TraceStatistics['reuse']): string {
  if (p50 === null) return 'no key is used twice'
  const how = rate === 1 ? 'every key followed' : `${percent(rate)} of the keys followed`
  const first = `${percent(firstUses / uses)} of the uses are first ones`
  return `p50 ${p50}, p90 ${p90}, p99 ${p99} distinct keys; ${first} (${how})`
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`
}
