import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { SuiteRun } from '../../results/suite-schema.ts'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { presets } from './presets.ts'
import { runSuite } from './run-suite.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-presets-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

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
  const { result } = await runSuite(presets, {
    scale: 'smoke',
    seed: 42,
    outFolder,
    signal: new AbortController().signal,
    plansOf: suitePlans,
    onProgress: () => {},
  })
  expect(result.claims.filter(({ held }) => !held)).toEqual([])
  const readme = readFileSync(new URL('../../strategies/README.md', import.meta.url), 'utf8')
  const [shown] = /^\| setting (.+\n\|)+.+$/m.exec(readme)!
  expect(shown).toBe(tableOf(result.runs))
})
