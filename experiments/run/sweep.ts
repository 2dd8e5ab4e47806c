/**
 * Owns a sweep: every plan in turn, each result written whole, results that are
 * already there reused. Since a result appears only when its run has ended, an interrupted sweep
 * resumes by being started again.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { groupByDesign } from '../../results/identity.ts'
import { parseResult } from '../../results/parse-result.ts'
import type { RunResult } from '../../results/schema.ts'
import { writeResult, writeWhole } from '../../results/write-result.ts'
import { checkResultFile } from '../base/check-out.ts'
import { databaseFolder, type SweepContext } from '../base/context.ts'
import { makeFolder } from '../base/make-folder.ts'
import { readText } from '../base/read-text.ts'
import type { RunPlan } from '../base/run-plan.ts'
import { VersionLog, versionsPath } from '../base/version-log.ts'
import { describeCode } from '../machine/environment.ts'
import { withSweepShare } from '../measure/gates.ts'
import { runAged } from './aged/run-aged.ts'
import { runExperiment } from './experiment.ts'

export interface SweepOutcome {
  readonly results: readonly RunResult[]
  readonly resultPaths: readonly string[]
}

export async function runSweep(
  plans: readonly RunPlan[],
  context: SweepContext,
): Promise<SweepOutcome> {
  const paths = plans.map(({ id }) => join(context.outFolder, `${id}.json`))
  paths.forEach(checkResultFile)
  makeFolder(context.outFolder)
  const code = describeCode()
  const results: RunResult[] = []
  const work = plans.map(({ config }) => config.records + config.operations)
  const workTotal = work.reduce((sum, operations) => sum + operations, 0)
  let workDone = 0
  for (const [index, plan] of plans.entries()) {
    const path = paths[index]!
    const versions = context.versions ? new VersionLog() : null
    // A result alone is not what was asked for where more is to lie beside it.
    const beside = [
      ...(context.versions ? [versionsPath(path)] : []),
      ...(context.keep && plan.simulation === null
        ? [databaseFolder(context.outFolder, plan)]
        : []),
    ]
    const reusable = !context.force && beside.every((place) => existsSync(place))
    const known = reusable ? readReusable(path, plan, code.varveVersion) : null
    if (known === null) context.onRun?.(nameOf(plan))
    else context.onReuse(path)
    const before = workDone
    const result =
      known ??
      (await (plan.agedFolder === undefined ? runExperiment : runAged)(plan, {
        ...context,
        code,
        ...(versions !== null && { onEdit: (event) => versions.add(event) }),
        onProgress: (phase, done, total) =>
          context.onProgress(`${nameOf(plan)}: ${phase}`, done, total, (before + done) / workTotal),
      }))
    if (known === null && versions !== null) writeWhole(versionsPath(path), versions.text())
    if (known === null) writeResult(path, result)
    workDone += work[index]!
    results.push(result)
  }
  return { results: judgedTogether(results, paths), resultPaths: paths }
}

/** How many samples bear a claim out is known when the sweep has ended; results say it then. */
function judgedTogether(
  results: readonly RunResult[],
  paths: readonly string[],
): readonly RunResult[] {
  const groups = groupByDesign(results)
  const shares = new Map(
    groups.flatMap((group) => {
      const share = { samples: group.samples.size, runs: group.results.length }
      return group.results.map((result) => [result, share] as const)
    }),
  )
  return results.map((result, index) => {
    const gates = withSweepShare(result, shares.get(result)!)
    if (isDeepStrictEqual(gates, result.gates)) return result
    const judged = { ...result, gates }
    writeResult(paths[index]!, judged)
    return judged
  })
}

/** The result at `path` when it is of this configuration and this very code. */
function readReusable(path: string, plan: RunPlan, version: string): RunResult | null {
  if (!existsSync(path)) return null
  try {
    const known = parseResult(readText(path), path)
    const same = isDeepStrictEqual(known.config, plan.config)
    return same && known.environment.varveVersion === version ? known : null
  } catch {
    // Damaged, or of another schema: it is measured again.
    return null
  }
}

function nameOf({ config }: RunPlan): string {
  const repeat = config.repeat > 0 ? ` r${config.repeat}` : ''
  return `${config.workload.name} × ${config.strategy.name}${repeat}`
}
