import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { runSuite } from './run-suite.ts'
import { wisckey } from './wisckey.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-wisckey-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

test('every claim holds at smoke scale, and only the result is left', async () => {
  const { result } = await runSuite(wisckey, {
    scale: 'smoke',
    seed: 42,
    outFolder,
    signal: new AbortController().signal,
    plansOf: suitePlans,
    onProgress: () => {},
  })
  expect(result.claims.filter(({ held }) => !held)).toEqual([])
  expect(readdirSync(outFolder)).toEqual(['suite-wisckey-smoke.json'])
})
