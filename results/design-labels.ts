/**
 * Owns the labels of results that are shown together: a contender is labelled by its strategy, a
 * workload by its name, both with the settings that distinguish them from the others shown. Within
 * one set of results, two different contenders or workloads (`results/identity.ts`) never have the
 * same label.
 */
import type { Json } from '../engine/base/json.ts'
import { contenderOf, workloadAskedOf } from './identity.ts'
import type { RunResult } from './schema.ts'

/** All fields on which a label depends. Peers have them too. */
type Configured = Pick<RunResult, 'config'>
type Settings = Readonly<Record<string, Json>>

const DIGEST_DIGITS = 8

/**
 * A label for each run's contender that distinguishes it from the others: the strategy's name, and
 * those of its parameters, engine options, scheduling, start, arrivals and target that differ.
 */
export function strategyLabels<Result extends Configured>(
  results: readonly Result[],
): ReadonlyMap<Result, string> {
  const name = ({ config }: Result) => config.strategy.name
  const own = differences(results, name, ({ config }) => config.strategy.params)
  const modules = differences(results, name, moduleOf)
  const engine = differences(
    results,
    () => '',
    ({ config }) => config.engine,
  )
  const arrival = differences(results, () => '', arrivalOf)
  const scheduling = differences(results, () => '', schedulingOf)
  const start = (result: Result) => contenderOf(result).start
  // A peer is its own target, and its name already says so.
  const target = ({ config }: Result) =>
    config.target === config.strategy.name ? '' : config.target
  const places = [start, target].filter(
    (of) => new Set(results.map(of).filter((place) => place !== '')).size > 1,
  )
  return new Map(
    results.map((result) => {
      const found = [own, modules, engine, scheduling, arrival].flatMap((of) => of(result))
      const where = places.map((of) => of(result)).filter((place) => place !== '')
      return [result, [name(result), ...found, ...where].join(' ')]
    }),
  )
}

/** The same for workloads: the name, and those of the parameters and sizes that differ. */
export function workloadLabels<Result extends Configured>(
  results: readonly Result[],
): ReadonlyMap<Result, string> {
  const name = ({ config }: Result) => config.workload.name
  const own = differences(results, name, workloadSettings)
  return new Map(results.map((result) => [result, [name(result), ...own(result)].join(' ')]))
}

/** A label for each run: its strategy's label, with its workload's label if workloads differ. */
export function runLabels(results: readonly RunResult[]): ReadonlyMap<RunResult, string> {
  const strategies = strategyLabels(results)
  const workloads = workloadLabels(results)
  const one = new Set(workloads.values()).size === 1
  const seeds = new Set(results.map(({ config }) => `${config.seed}/${config.repeat}`)).size > 1
  return new Map(
    results.map((result) => {
      const { seed, repeat } = result.config
      const parts = [
        strategies.get(result)!,
        ...(one ? [] : [`on ${workloads.get(result)}`]),
        ...(seeds ? [`seed ${seed}${repeat === 0 ? '' : `/${repeat}`}`] : []),
      ]
      return [result, parts.join(' ')]
    }),
  )
}

function moduleOf({ config }: Configured): Settings {
  const { moduleDigest } = config.strategy
  return moduleDigest == null ? {} : { module: moduleDigest.slice(0, DIGEST_DIGITS) }
}

/** One client in a closed loop adds nothing to a label. */
function arrivalOf({ config }: Configured): Settings {
  if (config.arrival === null) return {}
  const { kind, rate, clients, params } = config.arrival
  return { arrival: kind, rate, clients, ...params }
}

/** The policy and its numbers are engine options where they are not the defaults. */
function schedulingOf({ config }: Configured): Settings {
  const { scheduling } = config
  if (scheduling === undefined) return { scheduling: 'inline' }
  const { executor, device } = scheduling
  return { scheduling: executor, ...(device !== undefined && { device }) }
}

function workloadSettings(result: Configured): Settings {
  const { name: _, params, until, ...rest } = workloadAskedOf(result)
  return { ...(params as Settings), ...rest, until: until === null ? null : until.state }
}

/** For each result, `key=value` for each setting that differs within its group. */
function differences<Result extends Configured>(
  results: readonly Result[],
  groupOf: (result: Result) => string,
  settings: (result: Result) => Settings,
): (result: Result) => readonly string[] {
  const flat = new Map(results.map((result) => [result, flattened(settings(result))]))
  const varied = new Map<string, ReadonlySet<string>>()
  for (const [group, members] of Map.groupBy(results, groupOf)) {
    const keys = new Set(members.flatMap((result) => [...flat.get(result)!.keys()]))
    const differ = (key: string) =>
      new Set(members.map((result) => flat.get(result)!.get(key))).size > 1
    varied.set(group, new Set([...keys].filter(differ)))
  }
  return (result) =>
    [...flat.get(result)!]
      .filter(([key]) => varied.get(groupOf(result))!.has(key))
      .map(([key, value]) => `${key}=${value}`)
}

/** Nested settings under dotted names. */
function flattened(settings: Settings): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(settings).flatMap(([key, value]): readonly (readonly [string, string])[] => {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        return [[key, jsonText(value)]]
      }
      const inner = flattened(value as Settings)
      return [...inner].map(([name, text]) => [`${key}.${name}`, text])
    }),
  )
}

export function jsonText(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
