/**
 * Owns what a finished suite prints: the figures of its runs side by side, then every claim with
 * its verdict, those that do not hold last, where they are seen.
 */
import CliTable from 'cli-table3'
import type { Claim, SuiteResult } from '../../results/suite-schema.ts'
import type { Suite } from './suite.ts'

type Figure = SuiteResult['runs'][number]['figures'][string] | undefined

export function suiteTables({ columns }: Suite, result: SuiteResult, colour: boolean): string {
  const runs = tableOf(['run', ...columns.map(({ heading }) => heading)], 1, colour)
  for (const { name, figures } of result.runs) {
    runs.push([name, ...columns.map(({ figure }) => textOf(figures[figure]))])
  }
  const claims = tableOf(['claim', 'measured', 'expected', 'held'], 1, colour)
  const failed = result.claims.filter(({ held }) => !held)
  for (const claim of [...result.claims.filter(({ held }) => held), ...failed]) {
    claims.push([
      claim.name,
      textOf(claim.measured),
      expectation(claim),
      claim.held ? 'held' : 'NOT HELD',
    ])
  }
  const held = result.claims.length - failed.length
  return `${runs}\n${claims}\n${held} of ${result.claims.length} claims held`
}

function tableOf(head: string[], left: number, colour: boolean): CliTable.Table {
  return new CliTable({
    head,
    colAligns: head.map((_, index) => (index < left ? 'left' : 'right')),
    style: colour
      ? { head: ['bold'], border: ['grey'], compact: true }
      : { head: [], border: [], compact: true },
  })
}

function expectation({ expected, relation, tolerance }: Claim): string {
  const value = textOf(expected)
  if (relation === 'within') return `${value} ± ${Number((tolerance * 100).toPrecision(3))} %`
  return relation === 'at-most' ? `≤ ${value}` : value
}

/** Whole numbers in full, since counts are claimed to the last one; of a digest its beginning. */
function textOf(value: Figure): string {
  if (value == null) return '–'
  if (typeof value === 'string') return value.length > 12 ? `${value.slice(0, 12)}…` : value
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))
}
