/**
 * Owns a sweep: it runs plans of our engine and of peers in turn, or several at once in other
 * processes. It writes each result atomically, and reuses results of the same configuration and
 * code. A result appears only when its run has ended, so an interrupted sweep resumes when it is
 * started again.
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
import {
  type Code,
  databaseFolder,
  type ExperimentContext,
  type SweepContext,
} from '../base/context.ts'
import { makeFolder } from '../base/make-folder.ts'
import { readText } from '../base/read-text.ts'
import type { RunPlan } from '../base/run-plan.ts'
import { VersionLog, versionsPath } from '../base/version-log.ts'
import type { OrderListener } from '../machine/crew.ts'
import { describeCode } from '../machine/environment.ts'
import { sum } from '../measure/figures.ts'
import { ALONE_GATE, withSweepShare } from '../measure/gates.ts'
import { isPeerPlan, type PeerPlan } from '../targets/peers/peer-plan.ts'
import { runAged } from './aged/run-aged.ts'
import { runExperiment } from './experiment.ts'

export interface SweepOutcome {
  readonly results: readonly RunResult[]
  readonly peers: readonly PeerResult[]
  /** In the order of the plans. */
  readonly resultPaths: readonly string[]
}

/** Performs the plans at these indices of a sweep in other processes, several at once. */
export type PerformBeside = (
  indices: readonly number[],
  listener: OrderListener<void>,
) => Promise<unknown>

/**
 * Runs the plans in turn, or with `beside` at once, which must call `performPlan` for each index.
 */
export async function runSweep(
  plans: readonly (RunPlan | PeerPlan)[],
  context: SweepContext,
  beside: PerformBeside | null = null,
): Promise<SweepOutcome> {
  const paths = plans.map((plan) => resultPath(plan, context.outFolder))
  paths.forEach(checkResultFile)
  makeFolder(context.outFolder)
  const code = describeCode()
  const sweep = { plans, paths, context, code }
  const results = beside === null ? await inTurn(sweep) : await atOnce(sweep, beside)
  const judged = judgedTogether(results, paths)
  return {
    results: judged.filter((result): result is RunResult => !isPeerResult(result)),
    peers: judged.filter(isPeerResult),
    resultPaths: paths,
  }
}

interface Sweep {
  readonly plans: readonly (RunPlan | PeerPlan)[]
  /** Of the results, in the order of the plans. */
  readonly paths: readonly string[]
  readonly context: SweepContext
  readonly code: Code
}

async function inTurn(sweep: Sweep): Promise<readonly AnyResult[]> {
  const { plans, paths, context, code } = sweep
  const results: AnyResult[] = []
  const work = plans.map(workOf)
  const workTotal = sum(work)
  let workDone = 0
  for (const [index, plan] of plans.entries()) {
    const path = paths[index]!
    const known = reusableResult(sweep, index)
    const before = workDone
    if (known === null) {
      context.onRun?.(nameOf(plan))
      const measured = await performPlan(plan, {
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
    context.onResult?.(results.at(-1)!)
    workDone += work[index]!
  }
  return results
}

/** What is told is in the order of the plans. */
async function atOnce(sweep: Sweep, beside: PerformBeside): Promise<readonly AnyResult[]> {
  const { plans, paths, context } = sweep
  // A plan that is there twice takes the result of its first run.
  const isRepeated = (index: number) => paths.indexOf(paths[index]!) < index
  const due = [...plans.keys()].filter((index) => {
    return !isRepeated(index) && reusableResult(sweep, index) === null
  })
  const workTotal = sum(plans.map(workOf))
  const done = plans.map((plan, index) => (due.includes(index) ? 0 : workOf(plan)))
  const results: AnyResult[] = []
  const take = (index: number) => {
    const path = paths[index]!
    results[index] = parseAnyResult(readText(path), path)
    context.onResult?.(results[index])
  }
  let told = 0
  const tellReusedBefore = (end: number) => {
    for (; told < end; told++) {
      if (due.includes(told)) continue
      context.onReuse(paths[told]!)
      take(told)
    }
  }
  await beside(due, {
    onProgress: (place, { what, done: count, total }) => {
      const index = due[place]!
      done[index] = count
      const name = `${nameOf(plans[index]!)}: ${what}`
      context.onProgress(name, count, total, sum(done) / workTotal)
    },
    onEnded: (place, { seconds }) => {
      const index = due[place]!
      done[index] = workOf(plans[index]!)
      tellReusedBefore(index)
      context.onEnded?.(nameOf(plans[index]!), seconds)
      take(index)
    },
  })
  tellReusedBefore(plans.length)
  return results
}

function workOf({ config }: RunPlan | PeerPlan): number {
  return config.records + config.operations
}

/** Path of the result of a plan. */
export function resultPath(plan: RunPlan | PeerPlan, outFolder: string): string {
  return join(outFolder, `${plan.id}${isPeerPlan(plan) ? '.peer' : ''}.json`)
}

/** Runs the plan and writes its result, and its versions if they are requested. */
export async function performPlan(
  plan: RunPlan | PeerPlan,
  context: ExperimentContext & Pick<SweepContext, 'versions'>,
): Promise<AnyResult> {
  const path = resultPath(plan, context.outFolder)
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

/**
 * The result that exists for the plan at `index`, if it has the plan's configuration and this
 * version of the code, and if the files that belong to it exist too. A result whose times were
 * taken beside other runs is not reused where runs are done in turn.
 */
function reusableResult({ plans, paths, context, code }: Sweep, index: number): AnyResult | null {
  const plan = plans[index]!
  const path = paths[index]!
  const isKept = context.keep && (isPeerPlan(plan) || plan.simulation === null)
  const files = [
    path,
    ...(context.versions && !isPeerPlan(plan) ? [versionsPath(path)] : []),
    ...(isKept ? [databaseFolder(context.outFolder, plan)] : []),
  ]
  if (context.force || !files.every((file) => existsSync(file))) return null
  try {
    const known = parseAnyResult(readText(path), path)
    const same = isDeepStrictEqual(known.config, plan.config)
    const isAlone =
      (context.runsAtOnce ?? 1) > 1 || known.gates.every(({ name }) => name !== ALONE_GATE)
    return same && isAlone && known.environment.varveVersion === code.varveVersion ? known : null
  } catch {
    // Damaged, or of another schema, so it is measured again.
    return null
  }
}

function nameOf({ config }: RunPlan | PeerPlan): string {
  const repeat = config.repeat > 0 ? ` r${config.repeat}` : ''
  return `${config.workload.name} × ${config.strategy.name}${repeat}`
}
