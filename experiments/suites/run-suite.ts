/**
 * Owns one suite from its name to its result: `<out>/suite-<name>-<scale>.json`, written
 * atomically, and the text of its tables. A suite that is interrupted or fails leaves no result.
 */
import { join } from 'node:path'
import {
  SUITE_SCHEMA_VERSION,
  type SuiteResult,
  suiteResultSchema,
} from '../../results/suite-schema.ts'
import { writeWhole } from '../../results/write-result.ts'
import { makeFolder } from '../base/make-folder.ts'
import { startWords } from '../base/start-words.ts'
import { describeCode, describeEnvironment } from '../machine/environment.ts'
import { peakRssBytes } from '../machine/peak-rss.ts'
import type { Suite, SuiteContext } from './suite.ts'

export interface SuiteOutcome {
  readonly result: SuiteResult
  readonly path: string
}

export async function runSuite(suite: Suite, context: SuiteContext): Promise<SuiteOutcome> {
  const { scale, seed, outFolder } = context
  makeFolder(outFolder)
  const startedAt = new Date()
  const environment = describeEnvironment(outFolder, startedAt, describeCode())
  const { runs, claims, otherRssBytes = 0 } = await suite.run(context)
  const flags = [`--suite=${suite.name}`, `--scale=${scale}`, `--seed=${seed}`]
  const result: SuiteResult = suiteResultSchema.parse({
    schemaVersion: SUITE_SCHEMA_VERSION,
    suite: suite.name,
    scale,
    command: [...startWords('exp'), ...flags],
    environment,
    runs,
    claims,
    wallSeconds: (Date.now() - startedAt.getTime()) / 1e3,
    peakRssBytes: peakRssBytes() + otherRssBytes,
  })
  const path = join(outFolder, `suite-${suite.name}-${scale}.json`)
  writeWhole(path, `${JSON.stringify(result, null, 2)}\n`)
  return { result, path }
}
