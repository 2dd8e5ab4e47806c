/**
 * Owns a sweep: it runs plans of our engine and of peers in turn, writes each result atomically,
 * and reuses results of the same configuration and code. A result appears only when its run has
 * ended, so an interrupted sweep resumes when it is started again.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type AnyResult, groupByDesign } from '../../results/identity.ts'
import { parseAnyResult } from '../../results/parse-result.ts'
import { isPeerResult, type PeerResult } from '../../results/peer-schema.ts'
import type { RunResult } from '../../results/schema.ts'
import { writeResult, writeWhole } from '../../results/write-result.ts'
import { checkResultFile } from '../base/check-out.ts'
import { databaseFolder, type ExperimentContext, type SweepContext } from '../base/context.ts'
import { makeFolder } from '../base/make-folder.ts'
import { readText } from '../base/read-text.ts'
import type { RunPlan } from '../base/run-plan.ts'
import { VersionLog, versionsPath } from '../base/version-log.ts'
import { describeCode } from '../machine/environment.ts'
import { withSweepShare } from '../measure/gates.ts'
import { isPeerPlan, type PeerPlan } from '../targets/peers/peer-plan.ts'
import { runAged } from './aged/run-aged.ts'
import { runExperiment } from './experiment.ts'

export interface SweepOutcome {
  readonly results: readonly RunResult[]
  readonly peers: readonly PeerResult[]
  /** In the order of the plans. */
  readonly resultPaths: readonly string[]
}

export async function runSweep(
  plans: readonly (RunPlan | PeerPlan)[],
  context: SweepContext,
): Promise<SweepOutcome> {
  const paths = plans.map((plan) => resultPath(plan, context.outFolder))
  paths.forEach(checkResultFile)
  makeFolder(context.outFolder)
  const code = describeCode()
  const results: AnyResult[] = []
  const work = plans.map(({ config }) => config.records + config.operations)
  const workTotal = work.reduce((sum, operations) => sum + operations, 0)
  let workDone = 0
  for (const [index, plan] of plans.entries()) {
    const path = paths[index]!
    const isKept = context.keep && (isPeerPlan(plan) || plan.simulation === null)
    // A result is reused only if the files that belong to it exist too.
    const beside = [
      ...(context.versions && !isPeerPlan(plan) ? [versionsPath(path)] : []),
      ...(isKept ? [databaseFolder(context.outFolder, plan)] : []),
    ]
    const reusable = !context.force && beside.every((place) => existsSync(place))
    const known = reusable ? readReusable(path, plan, code.varveVersion) : null
    const before = workDone
    if (known === null) {
      context.onRun?.(nameOf(plan))
      const measured = await perform(plan, path, {
        ...context,
        code,
        onProgress: (phase, done, total) =>
          context.onProgress(`${nameOf(plan)}: ${phase}`, done, total, (before + done) / workTotal),
      })
      results.push(measured)
    } else {
      context.onReuse(path)
      results.push(known)
    }
    workDone += work[index]!
  }
  const judged = judgedTogether(results, paths)
  return {
    results: judged.filter((result): result is RunResult => !isPeerResult(result)),
    peers: judged.filter(isPeerResult),
    resultPaths: paths,
  }
}

/** Path of the result of a plan. */
export function resultPath(plan: RunPlan | PeerPlan, outFolder: string): string {
  return join(outFolder, `${plan.id}${isPeerPlan(plan) ? '.peer' : ''}.json`)
}

/** Runs the plan and writes its result, and its versions if they are requested. */
async function perform(
  plan: RunPlan | PeerPlan,
  path: string,
  context: ExperimentContext & Pick<SweepContext, 'versions'>,
): Promise<AnyResult> {
  if (isPeerPlan(plan)) {
    // Loaded only if needed.
    const { runPeer } = await import('./peer-experiment.ts')
    const result = await runPeer(plan, context)
    writeResult(path, result)
    return result
  }
  const versions = context.versions ? new VersionLog() : null
  const run = plan.agedFolder === undefined ? runExperiment : runAged
  const result = await run(plan, {
    ...context,
    ...(versions !== null && { onEdit: (event) => versions.add(event) }),
  })
  if (versions !== null) writeWhole(versionsPath(path), versions.text())
  writeResult(path, result)
  return result
}

/**
 * Judges the gate of the number of seeds again, because the number is known only when the sweep has
 * ended.
 */
function judgedTogether(
  results: readonly AnyResult[],
  paths: readonly string[],
): readonly AnyResult[] {
  const groups = groupByDesign(results.filter((result) => !isPeerResult(result)))
  const shares = new Map(
    groups.flatMap((group) => {
      const share = { samples: group.samples.size, runs: group.results.length }
      return group.results.map((result) => [result, share] as const)
    }),
  )
  return results.map((result, index) => {
    if (isPeerResult(result)) return result
    const gates = withSweepShare(result, shares.get(result)!)
    if (isDeepStrictEqual(gates, result.gates)) return result
    const judged = { ...result, gates }
    writeResult(paths[index]!, judged)
    return judged
  })
}

/** The result at `path`, if it has the plan's configuration and this version of the code. */
function readReusable(path: string, plan: RunPlan | PeerPlan, version: string): AnyResult | null {
  if (!existsSync(path)) return null
  try {
    const known = parseAnyResult(readText(path), path)
    const same = isDeepStrictEqual(known.config, plan.config)
    return same && known.environment.varveVersion === version ? known : null
  } catch {
    // Damaged, or of another schema, so it is measured again.
    return null
  }
}

function nameOf({ config }: RunPlan | PeerPlan): string {
  const repeat = config.repeat > 0 ? ` r${config.repeat}` : ''
  return `${config.workload.name} × ${config.strategy.name}${repeat}`
}
