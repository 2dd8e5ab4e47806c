/**
 * Owns `defineStrategy`: it makes a strategy's module from a name, parameters, the four primitives
 * and `pick`. The module parses the parameters and creates the strategy. Only `pick` must be
 * written; every other member has a default that follows from it, so scores, debt and stall limits
 * never contradict the picks. Every strategy also takes `filterAlloc`, which is applied here.
 */

import type { z } from 'zod'
import type { Json } from '../engine/base/json.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  FilterPolicy,
  LevelScore,
  StallLimits,
  TreeView,
} from '../engine/compaction/strategy.ts'
import { checkedFilter, checkedPick } from '../engine/compaction/strategy-answers.ts'
import { levelAt } from '../engine/version/version.ts'
import {
  allocatedFlushFilter,
  type FilterAllocationName,
  withAllocatedFilters,
} from './filters/tree-filters.ts'
import { parseParams } from './parameters.ts'
import { ifFree } from './primitives/busy.ts'
import { filterAlloc } from './primitives/shared-parameters.ts'
import { inputBytes, placesOf } from './primitives/specs.ts'

/**
 * The design space of Sarkar et al. (PVLDB 14): when to compact (trigger), in which shape (layout),
 * how much at once (granularity), and which data (movement). A strategy has one layout; of the
 * others it may have several, in order of priority.
 */
export interface Primitives {
  readonly trigger: readonly string[]
  readonly layout: string
  readonly granularity: readonly string[]
  readonly movement: readonly string[]
}

/** What `defineStrategy` takes. What is optional is derived from `pick` where it is left out. */
export interface StrategyDefinition<Params extends z.ZodObject, State extends Json> {
  readonly name: string
  /** One line for lists of strategies. */
  readonly description: string
  /** Every parameter has a default, and a description that names the source of that default. */
  readonly params: Params
  readonly primitives: Primitives
  /** The state before the first pick; null when left out. */
  readonly initialState?: State
  /** Whether it ever drops data. If so, tests check it against the retention, not for equality. */
  readonly drops?: boolean
  /** Number of resting runs allowed, relative to the stall limits; 1 when left out. */
  readonly runsSlack?: number
  pick(view: TreeView<State>, params: z.output<Params>): CompactionSpec<State> | null
  score?(view: TreeView<State>, params: z.output<Params>): readonly LevelScore[]
  debtBytes?(view: TreeView<State>, params: z.output<Params>): number
  stallLimits?(view: TreeView<State>, params: z.output<Params>): StallLimits
  nextDueAt?(view: TreeView<State>, params: z.output<Params>): number | null
  flushFilter?(view: TreeView<State>, params: z.output<Params>): FilterPolicy
}

/** What `--strategy=` names: the parameters, the factory, and the primitives as data. */
export interface StrategyModule {
  readonly name: string
  readonly description: string
  readonly params: z.ZodObject
  readonly primitives: Primitives
  readonly drops: boolean
  readonly runsSlack: number
  /** All parameters, defaults filled in; `LSM_INVALID_ARGUMENT` names the one that is wrong. */
  parse(raw?: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>
  /** The strategy under these parameters; errors as `parse`. */
  create(raw?: Readonly<Record<string, unknown>>): CompactionStrategy
}

type AllParams<Params extends z.ZodObject> = z.output<Params> & {
  readonly filterAlloc: FilterAllocationName
}

/** The common default of LSM engines: about one false positive in a hundred lookups. */
const DEFAULT_BITS_PER_KEY = 10

/** LevelDB's and RocksDB's level-0 trigger, for strategies that declare none. */
const DEFAULT_TRIGGER_RUNS = 4

/** Makes a strategy module, the thing that `--strategy=` names, from its definition. */
export function defineStrategy<Params extends z.ZodObject, State extends Json>(
  definition: StrategyDefinition<Params, State>,
): StrategyModule {
  const params = definition.params.safeExtend({ filterAlloc })
  const parse = (raw: Readonly<Record<string, unknown>> = {}) =>
    parseParams({ name: definition.name, params }, raw) as AllParams<Params>
  return {
    name: definition.name,
    description: definition.description,
    params,
    primitives: definition.primitives,
    drops: definition.drops ?? false,
    runsSlack: definition.runsSlack ?? 1,
    parse,
    create: (raw) => createStrategy(definition, parse(raw)),
  }
}

function createStrategy<Params extends z.ZodObject, State extends Json>(
  definition: StrategyDefinition<Params, State>,
  params: AllParams<Params>,
): CompactionStrategy<State> {
  const { name } = definition
  const { filterAlloc } = params
  // Picks used here are checked here. The engine checks the answers of `pick` itself.
  const checked = (spec: unknown, { memtableBytes }: TreeView<State>) =>
    checkedPick(name, spec, memtableBytes) as CompactionSpec<State> | null
  const pick = (view: TreeView<State>) => {
    const answer = definition.pick(view, params)
    if (filterAlloc === 'uniform') return answer
    const spec = checked(answer, view)
    return spec === null ? null : withAllocatedFilters(view, spec, filterAlloc)
  }
  const due = (view: TreeView<State>) => ifFree(view, checked(pick(view), view))
  const triggerRuns = numberIn(params, 'l0Trigger') ?? numberIn(params, 'T') ?? DEFAULT_TRIGGER_RUNS
  const bitsPerKey = numberIn(params, 'bitsPerKey') ?? DEFAULT_BITS_PER_KEY
  return {
    name,
    initialState: definition.initialState ?? (null as State),
    pick,
    score: (view) =>
      definition.score?.(view, params) ??
      scoresAround(view, due(view), (level) => {
        return levelAt(view.version, level).runs.length / triggerRuns
      }),
    debtBytes: (view) => definition.debtBytes?.(view, params) ?? debtBeside(view, due(view)),
    stallLimits: (view) =>
      definition.stallLimits?.(view, params) ??
      stallsAbove(runsStaying(view, due), Math.max(triggerRuns, DEFAULT_TRIGGER_RUNS)),
    nextDueAt: (view) => definition.nextDueAt?.(view, params) ?? null,
    flushFilter(view) {
      const budget = definition.flushFilter?.(view, params) ?? { bitsPerKey }
      return allocatedFlushFilter(view, checkedFilter(name, budget), filterAlloc)
    },
  }
}

/**
 * Scores that agree with the picks. A level that the due spec reads from scores 1 or more; any
 * other scores below 1, however full it is.
 */
export function scoresAround(
  view: TreeView,
  due: CompactionSpec | null,
  fullness: (level: number) => number,
): readonly LevelScore[] {
  const dueLevels = new Set(due?.inputs.map((input) => input.level))
  return view.version.levels.map((_, level) => ({
    level,
    score: dueLevels.has(level) ? Math.max(fullness(level), 1) : Math.min(fullness(level), 0.99),
  }))
}

/** The same view without running jobs. What they do has not been done, so it is due again. */
export function whenIdle<State extends Json>(view: TreeView<State>): TreeView<State> {
  return {
    version: view.version,
    memtableBytes: view.memtableBytes,
    state: view.state,
    inProgress: [],
    oldestSnapshotSeq: view.oldestSnapshotSeq,
    nowMs: view.nowMs,
    tableStats: (id) => view.tableStats(id),
  }
}

/**
 * The most that running merges, and the spec that is due beside them, will write. Each table counts
 * once, because the spec takes no table of a running job. The debt is higher if more specs follow.
 */
export function debtBeside(view: TreeView, due: CompactionSpec | null): number {
  return [...view.inProgress, due].reduce(
    (sum, spec) => sum + (spec?.kind === 'merge' ? inputBytes(view.version, spec.inputs) : 0),
    0,
  )
}

/**
 * LevelDB's limits, 8 and 12 for a trigger of 4, above a number of runs that stay in level 0. The
 * number must not grow with the runs that wait for their merges, or writers would never slow down.
 */
export function stallsAbove(staying: number, triggerRuns: number): StallLimits {
  return { slowdownRuns: staying + 2 * triggerRuns, stopRuns: staying + 3 * triggerRuns }
}

/** Picks that one answer of stall limits asks for. */
const DUE_MAX = 8

/**
 * Runs that stay in level 0 once all is done that is due on the tree, were no job running. Each
 * spec is taken to run beside those before it.
 */
function runsStaying<State extends Json>(
  view: TreeView<State>,
  dueIn: (view: TreeView<State>) => CompactionSpec<State> | null,
): number {
  let runs = levelAt(view.version, 0).runs.length
  const specs: CompactionSpec<State>[] = []
  while (specs.length < DUE_MAX) {
    const state = specs.at(-1)?.nextState ?? view.state
    const spec = dueIn({ ...whenIdle(view), state, inProgress: [...specs] })
    if (spec === null) break
    specs.push(spec)
    runs -= spec.inputs.filter(({ level, tables }) => level === 0 && tables === 'all').length
    runs += placesOf(spec).filter(({ level }) => level === 0).length
  }
  return runs
}

function numberIn(params: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = params[name]
  return typeof value === 'number' ? value : undefined
}
