import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { backgroundWork } from '../charts/kinds/background.ts'
import { PRESETS } from '../charts/theme.ts'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { background } from './background.ts'
import { runSuite } from './run-suite.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-background-suite-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

test('every claim holds at smoke scale, the figure is drawn, and only the result is left', {
  timeout: 400_000,
}, async () => {
  const { result } = await runSuite(background, {
    scale: 'smoke',
    seed: 42,
    outFolder,
    signal: new AbortController().signal,
    plansOf: suitePlans,
    onProgress: () => {},
  })
  expect(result.claims.filter(({ held }) => !held)).toEqual([])
  expect(result.claims).toHaveLength(24)
  expect(readdirSync(outFolder)).toEqual(['suite-background-smoke.json'])
  const spec = backgroundWork.specOf([result], PRESETS['two-column'])
  expect(JSON.stringify(spec)).toContain('ycsb-load universal')
  const other = { ...result, suite: 'counts' }
  expect(() => backgroundWork.specOf([other], PRESETS['two-column'])).toThrow(
    'background: suite: a result of the suite background is needed',
  )
})
