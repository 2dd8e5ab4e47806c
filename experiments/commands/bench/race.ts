/**
 * Owns a race: it runs the steps of the schedule, each in a process of its own, and makes the
 * result of their figures. Invariant: all that it writes is in `work`; a store's folder is there
 * only for the step that uses it, except those that later steps start from.
 */
import { cpSync, rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import type {
  RaceBenchmark,
  RaceCompression,
  RacedEngine,
  RaceFigure,
  RaceResult,
  WorkLeft,
} from '../../../results/race-schema.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { modulePath } from '../../base/module-path.ts'
import { UsageError } from '../../base/usage-error.ts'
import { EXIT } from '../../cli/explain.ts'
import { runChild } from '../../cli/run-child.ts'
import { describeCode, describeEnvironment } from '../../machine/environment.ts'
import { callsOf } from '../../targets/peers/calls/catalog.ts'
import { LEFT_OUT_BY_ALL, whyLeftOut } from './entrants.ts'
import { KEY_BYTES, VALUE_BYTES } from './entries.ts'
import {
  type GroupFigure,
  type GroupOutcome,
  type GroupTask,
  ON_LARGE,
  ON_LOADED,
  type RaceGroup,
  type RaceSize,
} from './group.ts'
import { nativeOptions, runNatively } from './native.ts'
import { versionOf } from './present-engines.ts'
import { gatesOf } from './race-gates.ts'
import { medianOf, ratiosOf } from './ratios.ts'
import { type Race, type Step, scheduleOf } from './schedule.ts'

export interface RacePlan extends Race {
  readonly size: RaceSize
  readonly seed: number
  /** What reproduces it. */
  readonly command: readonly string[]
}

/** Throws `Interrupted` on the signal, and the error of a process that failed. */
export async function runRace(
  plan: RacePlan,
  work: string,
  signal: AbortSignal,
  onStep: (what: string, done: number, total: number) => void,
): Promise<RaceResult> {
  const startedAt = new Date()
  const startMs = performance.now()
  const steps = scheduleOf(plan)
  if (steps.length === 0) throw new UsageError('--only: none of these stores runs such a benchmark')
  const code = describeCode()
  const environment = describeEnvironment(work, startedAt, code)
  const figures = new Figures()
  const loads: number[] = []
  for (const [index, step] of steps.entries()) {
    onStep(describe(step, plan), index, steps.length)
    loads.push(loadavg()[0]!)
    for (const figure of await runStep(step, plan, work, signal)) figures.add(step, figure)
  }
  const all = figures.all(plan.benchmarks)
  const engines = await Promise.all(plan.engines.map((engine) => entryOf(engine, plan, signal)))
  return {
    schemaVersion: 1,
    race: 'peers',
    command: [...plan.command],
    seed: plan.seed,
    environment,
    config: {
      entries: plan.size.entries,
      rounds: plan.rounds,
      keyBytes: KEY_BYTES,
      valueBytes: VALUE_BYTES,
      compressions: [...plan.compressions],
      memtableBytes: plan.size.memtableBytes,
      blockCacheBytes: plan.size.blockCacheBytes,
      largeCacheBytes: plan.size.largeCacheBytes,
      recoveryBytes: plan.size.recoveryBytes,
    },
    engines,
    leftOut: [...LEFT_OUT_BY_ALL],
    figures: [...all],
    ratios: [...ratiosOf(all)],
    gates: [...gatesOf({ plan, engines, figures: all, loads, cores: environment.cores })],
    wallSeconds: (performance.now() - startMs) / 1000,
  }
}

function describe({ name, engine, compression, round }: Step, { rounds }: RacePlan): string {
  const isLoad = name === 'load' || name === 'load-large'
  return isLoad
    ? `${name}: ${engine}, ${compression}`
    : `round ${round + 1} of ${rounds}, ${compression}, ${name}: ${engine}`
}

async function runStep(
  step: Step,
  { size, seed }: RacePlan,
  work: string,
  signal: AbortSignal,
): Promise<readonly GroupFigure[]> {
  const { name, engine, compression } = step
  const folderOf = (purpose: string) => join(work, `${engine}-${compression}-${purpose}`)
  const group = name as RaceGroup
  const isLarge = ON_LARGE.has(group) || name === 'load-large'
  const folder = folderOf(isLarge ? 'large' : name === 'load' ? 'loaded' : 'run')
  if (ON_LOADED.has(group)) cpSync(folderOf('loaded'), folder, { recursive: true })
  else makeFolder(folder)
  const task: GroupTask = { ...step, folder, size, seed }
  try {
    return engine === 'db_bench' ? await runNatively(task, signal) : await runApart(task, signal)
  } finally {
    if (folder === folderOf('run')) rmSync(folder, { recursive: true, force: true })
  }
}

/** The task in a new process. Throws the error that the process reports. */
async function runApart(task: GroupTask, signal: AbortSignal): Promise<readonly GroupFigure[]> {
  const script = modulePath(import.meta, 'group.child')
  const { code, output } = await runChild(
    ['--disable-warning=ExperimentalWarning', script, JSON.stringify(task)],
    signal,
    true,
  )
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  if (code === EXIT.usage) throw new UsageError(line)
  const outcome = outcomeIn(line)
  const isDone = outcome !== null && (code === EXIT.done || outcome.endsInCrash === true)
  if (!isDone) throw new Error(`${task.engine}, ${task.name}: ${line || `ended with ${code}`}`)
  return outcome.figures
}

function outcomeIn(line: string): GroupOutcome | null {
  try {
    return JSON.parse(line) as GroupOutcome
  } catch {
    return null
  }
}

/** The figures of all rounds, by store, compression and benchmark. */
class Figures {
  readonly #rounds = new Map<
    string,
    {
      readonly engine: RacedEngine
      readonly compression: RaceCompression
      readonly benchmark: RaceBenchmark
      readonly values: number[]
      workLeft: WorkLeft | null
    }
  >()

  add({ engine, compression }: Step, { benchmark, value, workLeft }: GroupFigure): void {
    const key = `${engine} ${compression} ${benchmark}`
    const known = this.#rounds.get(key)
    if (known === undefined) {
      this.#rounds.set(key, { engine, compression, benchmark, values: [value], workLeft })
      return
    }
    known.values.push(value)
    known.workLeft = workLeft
  }

  /** Those of `benchmarks`; others were run only because these need them. */
  all(benchmarks: readonly RaceBenchmark[]): readonly RaceFigure[] {
    return [...this.#rounds.values()]
      .filter(({ benchmark }) => benchmarks.includes(benchmark))
      .map(({ engine, compression, benchmark, values, workLeft }) => ({
        engine,
        compression,
        benchmark,
        rounds: values,
        median: medianOf(values),
        workLeft,
      }))
  }
}

async function entryOf(
  engine: RacedEngine,
  { size, compressions, benchmarks }: RacePlan,
  signal: AbortSignal,
): Promise<RaceResult['engines'][number]> {
  const compression = compressions.at(-1)!
  const { memtableBytes, blockCacheBytes } = size
  const budget = { memtableBytes, blockCacheBytes, compression, synced: false }
  const settings =
    engine === 'db_bench'
      ? nativeOptions({ size, compression }).settings
      : (await callsOf(engine)).settings(budget)
  return {
    engine,
    version: await versionOf(engine, signal),
    settings: [...settings] as RaceResult['engines'][number]['settings'],
    leftOut: benchmarks.flatMap((benchmark) => {
      const why = whyLeftOut(engine, benchmark)
      return why === null ? [] : [{ benchmark, why }]
    }),
  }
}
