/**
 * Owns a sweep: every plan in turn, each result written whole, results that are
 * already there reused. Since a result appears only when its run has ended, an interrupted sweep
 * resumes by being started again.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { parseResult } from '../results/parse-result.ts'
import type { RunResult } from '../results/schema.ts'
import { writeResult, writeWhole } from '../results/write-result.ts'
import { runAged } from './aged/run-aged.ts'
import { checkResultFile } from './cli/check-out.ts'
import { readText } from './cli/read-result.ts'
import { hashOfJson } from './digest.ts'
import { describeCode } from './environment.ts'
import { databaseFolder, type ExperimentContext, runExperiment } from './experiment.ts'
import { severalSeeds } from './gates.ts'
import { Interrupted } from './interrupted.ts'
import { makeFolder } from './make-folder.ts'
import type { RunPlan } from './run-plan.ts'
import { VersionLog, versionsPath } from './story/version-log.ts'

export interface SweepContext extends Omit<ExperimentContext, 'onProgress' | 'onEdit' | 'code'> {
  /** Every edit of the tree goes beside the result. */
  readonly versions?: boolean
  readonly force: boolean
  /** `fraction` is of the whole sweep. */
  onProgress(what: string, done: number, total: number, fraction: number): void
  onReuse(path: string): void
  /** The run `what` begins. */
  onRun?(what: string): void
}

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
      known?.result ??
      (await (plan.agedFolder === undefined ? runExperiment : runAged)(plan, {
        ...context,
        code,
        ...(versions !== null && { onEdit: (event) => versions.add(event) }),
        onProgress: (phase, done, total) =>
          context.onProgress(`${nameOf(plan)}: ${phase}`, done, total, (before + done) / workTotal),
      }))
    if (known === null && versions !== null) writeWhole(versionsPath(path), versions.text())
    if (!isDeepStrictEqual(result, known?.asWritten)) writeResult(path, result)
    workDone += work[index]!
    results.push(result)
  }
  return { results, resultPaths: paths }
}

interface Reusable {
  /** As this sweep has it: how many seeds bear a claim out is the sweep's, not the run's. */
  readonly result: RunResult
  readonly asWritten: RunResult
}

/** The result at `path` when it is of this configuration and this very code. */
function readReusable(path: string, plan: RunPlan, version: string): Reusable | null {
  if (!existsSync(path)) return null
  try {
    const asWritten = parseResult(readText(path), path)
    const same = isDeepStrictEqual(asWritten.config, plan.config)
    if (!same || asWritten.environment.varveVersion !== version) return null
    const seeds = severalSeeds(plan.repeats ?? 1)
    const gates = asWritten.gates.map((gate) => (gate.name === seeds.name ? seeds : gate))
    return { result: { ...asWritten, gates }, asWritten }
  } catch {
    // Damaged, or of another schema: it is measured again.
    return null
  }
}

function nameOf({ config }: RunPlan): string {
  const repeat = config.repeat > 0 ? ` r${config.repeat}` : ''
  return `${config.workload.name} × ${config.strategy.name}${repeat}`
}

/**
 * A chart a run, and one that compares all of them where there are several; returns the paths of
 * all files. Throws `Interrupted` on the signal.
 */
export async function writeCharts(
  results: readonly RunResult[],
  outFolder: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // Loaded after the runs: the renderer's memory is no part of what a run needs.
  const { chartFor } = await import('./charts/chart-for.ts')
  const { writeChart } = await import('./charts/render.ts')
  const paths: string[] = []
  const write = async (group: readonly RunResult[], name: string) => {
    await nextTurn()
    if (signal.aborted) throw new Interrupted('interrupted')
    paths.push(...(await writeChart(chartFor(group), join(outFolder, name))))
  }
  for (const result of results) await write([result], result.id)
  if (results.length > 1) {
    const workloads = [...new Set(results.map((result) => result.config.workload.name))]
    const hash = hashOfJson(results.map((result) => result.id)).slice(0, 8)
    await write(results, `${workloads.join('-')}-comparison-${hash}`)
  }
  return paths
}
