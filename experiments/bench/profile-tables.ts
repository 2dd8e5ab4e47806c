/**
 * Owns the tables of a profile, in Markdown: rooms, functions and allocations, with the figures of
 * the checkout before a change beside them if there are any. Figures are for one operation.
 */

import type { FunctionPart, Part } from './cpu-ledger.ts'
import type { BenchProfile } from './profiler.ts'

export interface Profiled {
  readonly benchmark: string
  readonly unit: string
  /** The version of Node. */
  readonly node: string
  /** The other checkout, if there is one. */
  readonly before: BenchProfile | null
  readonly after: BenchProfile
}

/** A part is shown if it has at least this share of the whole, before or after. */
const SHARE_MIN = 0.01
const ROWS_MAX = 20

export function profileTables({ benchmark, unit, node, before, after }: Profiled): string {
  const columns = before === null ? ['now'] : ['before', 'after']
  const profiles = before === null ? [after] : [before, after]
  const table = (title: string, of: string, parts: (p: BenchProfile) => readonly Part[]) =>
    tableOf(`${title}: ${of} for one operation`, columns, profiles.map(parts))
  return [
    `# Profile: ${benchmark}\n`,
    `Operations are ${unit}. Measured with Node ${node}. Made by \`npm run profile\`.\n`,
    table('Time by room', 'ns', roomsAndTotal),
    table('Time by function', 'ns', ({ functions }) => placed(functions)),
    table('Allocation by function', 'bytes', ({ allocations, bytesPerOperation }) => [
      ...placed(allocations),
      { name: TOTAL, perOperation: bytesPerOperation },
    ]),
  ].join('\n')
}

const TOTAL = 'total'

function roomsAndTotal({ rooms, nsPerOperation }: BenchProfile): readonly Part[] {
  return [...rooms, { name: TOTAL, perOperation: nsPerOperation }]
}

function placed(parts: readonly FunctionPart[]): readonly Part[] {
  return parts.map(({ name, place, perOperation }) => ({
    name: `\`${name}\` ${place}`,
    perOperation,
  }))
}

function tableOf(
  title: string,
  columns: readonly string[],
  profiles: readonly (readonly Part[])[],
): string {
  const sums = profiles.map((parts) => new Map(parts.map((part) => [part.name, part.perOperation])))
  const largest = Math.max(...sums.flatMap((sum) => [...sum.values()]))
  const names = [...new Set(profiles.flatMap((parts) => parts.map(({ name }) => name)))]
  const rows = names
    .map((name) => ({ name, figures: sums.map((sum) => sum.get(name) ?? 0) }))
    .filter(({ figures }) => figures.some((figure) => figure >= SHARE_MIN * largest))
    .sort((a, b) => rankOf(b) - rankOf(a))
  const shown = [...rows.slice(0, ROWS_MAX), ...rows.slice(ROWS_MAX).filter(isTotal)]
  const lines = shown.map(
    ({ name, figures }) =>
      `| ${name} | ${figures.map((figure) => figure.toFixed(1)).join(' | ')} |`,
  )
  return [
    `## ${title}\n`,
    `| | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '--:').join('|')}|`,
    ...lines,
    '',
  ].join('\n')
}

const isTotal = ({ name }: { readonly name: string }) => name === TOTAL

/** Rows are sorted by their last figure, then by the one before it; the total comes last. */
function rankOf(row: { readonly name: string; readonly figures: readonly number[] }): number {
  return isTotal(row) ? -1 : row.figures.at(-1)! + row.figures[0]! * 1e-6
}
