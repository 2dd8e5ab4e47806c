/**
 * Owns the text that a finished suite prints: the figures of its runs side by side, then every
 * claim with its verdict. Claims that do not hold come last, where readers look first.
 */
import type { Claim, SuiteResult } from '../../../results/suite-schema.ts'
import type { Look } from '../../cli/terminal.ts'
import { textTable } from '../../cli/text-table.ts'
import type { Suite } from '../../suites/suite.ts'

type Figure = SuiteResult['runs'][number]['figures'][string] | undefined

export function suiteTables({ columns }: Suite, result: SuiteResult, look: Look): string {
  const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]) =>
    textTable({ head, rows, names: 1, compact: true }, look)
  const runs = tableOf(
    ['run', ...columns.map(({ heading }) => heading)],
    result.runs.map(({ name, figures }) => {
      return [name, ...columns.map(({ figure }) => textOf(figures[figure]))]
    }),
  )
  const failed = result.claims.filter(({ held }) => !held)
  const claims = tableOf(
    ['claim', 'measured', 'expected', 'held'],
    [...result.claims.filter(({ held }) => held), ...failed].map((claim) => {
      const { name, measured, held } = claim
      return [name, textOf(measured), expectation(claim), held ? 'held' : 'NOT HELD']
    }),
  )
  const held = result.claims.length - failed.length
  return `${runs}\n${claims}\n${held} of ${result.claims.length} claims held`
}

function expectation({ expected, relation, tolerance }: Claim): string {
  const value = textOf(expected)
  if (relation === 'within') return `${value} ± ${Number((tolerance * 100).toPrecision(3))} %`
  return relation === 'at-most' ? `≤ ${value}` : value
}

const DIGEST = /^[0-9a-f]{13,}$/

/** Whole numbers in full, because claims about counts are exact; only the beginning of a digest. */
function textOf(value: Figure): string {
  if (value == null) return '–'
  if (typeof value === 'string') return DIGEST.test(value) ? `${value.slice(0, 12)}…` : value
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))
}
