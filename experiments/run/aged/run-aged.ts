/**
 * Owns a run that starts from a loaded tree. The load is done once, in a separate run, whose
 * database is drained, closed and kept; each run opens a clone of it. The operations of the load
 * are still generated, for the random numbers after them, the trace hash and the account of live
 * data, but they reach no database. So all figures are those of the run phases, and they are the
 * same whether the tree was built for this run or found.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunResult } from '../../../results/schema.ts'
import type { OperationStream, Workload } from '../../../workloads/index.ts'
import { databaseFolder, type ExperimentContext } from '../../base/context.ts'
import { makeFolder } from '../../base/make-folder.ts'
import type { RunPlan } from '../../base/run-plan.ts'
import { TraceHash } from '../../measure/trace-hash.ts'
import { runExperiment } from '../experiment.ts'
import { type AgedTree, addAged, cloneAged, findAged, hashOfSpec, specOf } from './aged-tree.ts'
import { TargetAfterLoad } from './target-after-load.ts'

/** The plan as a run from the tree of its load in `folder`. */
export function agedPlan(plan: RunPlan, folder: string, varveVersion: string): RunPlan {
  const tree = hashOfSpec(specOf(plan, varveVersion))
  return {
    ...plan,
    id: plan.id.replace(/-r\d+$/, '-aged$&'),
    config: { ...plan.config, aged: { tree } },
    command: [...plan.command, `--aged=${folder}`],
    agedFolder: folder,
  }
}

/** Like `runExperiment`, for a plan that `agedPlan` made. */
export async function runAged(plan: RunPlan, context: ExperimentContext): Promise<RunResult> {
  const folder = plan.agedFolder!
  const spec = specOf(plan, context.code.varveVersion)
  const hash = hashOfSpec(spec)
  const tree = findAged(folder, hash) ?? (await build(plan, folder, hash, spec, context))
  const load = { passing: true }
  const result = await runExperiment(
    {
      ...plan,
      createWorkload: () => {
        load.passing = true
        const workload = plan.createWorkload()
        return { ...workload, load: passingLoad(workload.load, load, tree) }
      },
      aged: {
        clone: (target) => cloneAged(folder, hash, target),
        afterLoad: (target) => new TargetAfterLoad(target, load),
      },
    },
    context,
  )
  return withoutLoad(result, tree)
}

/** Runs only the load and moves the resulting database into the store. */
async function build(
  plan: RunPlan,
  folder: string,
  hash: string,
  spec: ReturnType<typeof specOf>,
  context: ExperimentContext,
): Promise<AgedTree> {
  makeFolder(folder)
  const outFolder = mkdtempSync(join(folder, '.building-'))
  const { onProgress } = context
  try {
    const loadOnly: RunPlan = {
      ...plan,
      config: { ...plan.config, operations: 0, arrival: null, until: null },
      createWorkload: (): Workload => ({ ...plan.createWorkload(), phases: [] }),
    }
    const { deterministic } = await runExperiment(loadOnly, {
      ...context,
      outFolder,
      keep: true,
      onEdit: () => {},
      onProgress: (phase, done, total) => onProgress(`aging, ${phase}`, done, total),
    })
    addAged(folder, hash, databaseFolder(outFolder, plan), {
      spec,
      loadTraceHash: deterministic.traceHash,
      loadOperations: plan.config.records,
    })
  } finally {
    rmSync(outFolder, { recursive: true, force: true })
  }
  const built = findAged(folder, hash)
  if (built === null) throw new Error(`${join(folder, hash)}: the tree is not as it was written`)
  return built
}

/** The load's stream. At its end it throws if the tree was made by another load. */
function passingLoad(
  stream: OperationStream,
  load: { passing: boolean },
  { loadTraceHash }: AgedTree,
): OperationStream {
  const hash = new TraceHash()
  return {
    expected: stream.expected,
    fieldNames: stream.fieldNames,
    next(operation) {
      if (stream.next(operation)) {
        hash.addOperation(operation)
        return true
      }
      if (load.passing && hash.digest() !== loadTraceHash) {
        throw new Error(`the tree was loaded by other operations: trace ${loadTraceHash}`)
      }
      load.passing = false
      return false
    },
    acknowledge: (operation) => stream.acknowledge(operation),
    writeValue: (operation, target, offset) => stream.writeValue(operation, target, offset),
    value: (operation) => stream.value(operation),
  }
}

/** Drops the load's figures, because they would only show how fast keys are generated. */
function withoutLoad(result: RunResult, { loadOperations }: AgedTree): RunResult {
  const { deterministic, timed } = result
  const ofRun = ({ atOperation }: { readonly atOperation: number }) => atOperation > loadOperations
  const isRun = ({ name }: { readonly name: string }) => name !== 'load'
  return {
    ...result,
    deterministic: {
      ...deterministic,
      phases: deterministic.phases.filter(isRun),
      series: deterministic.series.filter(ofRun),
    },
    timed: { ...timed, phases: timed.phases.filter(isRun), series: timed.series.filter(ofRun) },
  }
}
