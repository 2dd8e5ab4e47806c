/** Owns runs of suites for tests: at smoke scale, into a folder that is removed after the test. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { SuiteResult } from '../../../results/suite-schema.ts'
import { suitePlans } from '../../commands/exp/suite-plans.ts'
import { runSuite } from '../run-suite.ts'
import type { Suite } from '../suite.ts'

export interface SmokeRun {
  readonly result: SuiteResult
  /** The names of the claims that do not hold. */
  readonly failed: readonly string[]
  /** How much was done at each report of progress. */
  readonly fractions: readonly number[]
  /** The names in the folder after the run. */
  readonly left: readonly string[]
}

export async function atSmokeScale(suite: Suite): Promise<SmokeRun> {
  const outFolder = mkdtempSync(join(tmpdir(), `varve-${suite.name}-suite-`))
  onTestFinished(() => rmSync(outFolder, { recursive: true }))
  const fractions: number[] = []
  const { result } = await runSuite(suite, {
    scale: 'smoke',
    seed: 42,
    outFolder,
    signal: new AbortController().signal,
    jobs: 1,
    plansOf: suitePlans,
    onProgress: (_what, _done, _total, fraction) => fractions.push(fraction),
  })
  const failed = result.claims.filter(({ held }) => !held).map(({ name }) => name)
  return { result, failed, fractions, left: readdirSync(outFolder) }
}
