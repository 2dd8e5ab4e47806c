import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { SuiteRun } from '../../results/suite-schema.ts'
import { presets } from './presets.ts'
import { atSmokeScale } from './testing/at-smoke-scale.ts'

/** The figures as the table of `strategies/README.md` shows them. */
function tableOf(runs: readonly SuiteRun[]): string {
  const names = presets.columns.map(({ figure }) => figure)
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const cell = (value: unknown) => (typeof value === 'number' ? value.toFixed(1) : String(value))
  const share = (value: unknown) => `${Math.round(100 * Number(value))} %`
  const headings = presets.columns.map(({ heading }) => `${heading}`)
  return [
    line(['setting', ...headings]),
    line(['setting', ...headings].map(() => '---')),
    ...runs.map(({ name, figures }) => {
      const cells = names.map((figure) =>
        figure === 'grandparentShare' ? share(figures[figure]) : cell(figures[figure]),
      )
      return line([name, ...cells])
    }),
  ].join('\n')
}

test('every claim holds at smoke scale, and the document shows the figures', {
  timeout: 240_000,
}, async () => {
  const { result, failed } = await atSmokeScale(presets)
  expect(failed).toEqual([])
  const readme = readFileSync(new URL('../../strategies/README.md', import.meta.url), 'utf8')
  const [shown] = /^\| setting (.+\n\|)+.+$/m.exec(readme)!
  expect(shown).toBe(tableOf(result.runs))
})
