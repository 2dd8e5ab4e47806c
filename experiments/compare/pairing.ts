/**
 * Owns which results may be compared, and why others may not: two sides are paired by seed and
 * repeat, and every pair must have put the same operations, loaded in the same order, to engines
 * with the same options, by the same code. What the caller asks to differ may differ; a result
 * whose own books do not balance is never compared.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../../engine/base/json.ts'
import { isPeerResult } from '../../results/peer-schema.ts'
import { UsageError } from '../cli/usage-error.ts'
import type { AnyResult } from './metrics.ts'

/** What may differ when it is asked for. */
export const ACROSS = ['engine', 'target', 'code'] as const
export type Across = (typeof ACROSS)[number]

/** Results of one configuration, by seed and repeat. */
export interface Side {
  readonly label: string
  readonly results: ReadonlyMap<string, AnyResult>
}

export interface ResultFile {
  readonly path: string
  readonly result: AnyResult
}

export interface Pair {
  readonly a: AnyResult
  readonly b: AnyResult
}

export interface ConfigDifference {
  readonly path: string
  readonly a: Json
  readonly b: Json
}

/** One side a configuration, in the order they come. Throws `UsageError`. */
export function sidesOf(files: readonly ResultFile[]): readonly Side[] {
  const groups: { config: Json; results: Map<string, AnyResult>; paths: Map<string, string> }[] = []
  for (const { path, result } of files) {
    const config = withoutSeeds(result)
    let group = groups.find((other) => isDeepStrictEqual(other.config, config))
    if (group === undefined) {
      group = { config, results: new Map(), paths: new Map() }
      groups.push(group)
    }
    const { seed, repeat } = result.config
    const key = `seed ${seed}, repeat ${repeat}`
    const other = group.paths.get(key)
    if (other === path) continue
    if (other !== undefined) throw new UsageError(`${other} and ${path}: two results of ${key}`)
    group.results.set(key, result)
    group.paths.set(key, path)
  }
  const firsts = groups.map(({ results }) => results.values().next().value!)
  return groups.map(({ results }, at) => ({ label: labelOf(firsts[at]!, firsts), results }))
}

/** Where two sides' workloads or their sizes differ, which seeds cannot pair; null: nowhere. */
export function workloadDifference(a: Side, b: Side): ConfigDifference | null {
  return differencesOf(workloadOf(a), workloadOf(b), '')[0] ?? null
}

/** Whether two sides ran the same workload at the same size, so that seeds can pair them. */
export function sharesWorkload(a: Side, b: Side): boolean {
  return workloadDifference(a, b) === null
}

function workloadOf({ results }: Side): Json {
  const { records, operations, valueBytes } = firstOf(results).config
  const workload = workloadAsked(firstOf(results))
  return { workload, records, operations, valueBytes } as unknown as Json
}

/** The pairs both sides have. Throws `UsageError` where they may not be compared. */
export function pairsOf(a: Side, b: Side, across: readonly Across[]): readonly Pair[] {
  const refuse = (why: string) => new UsageError(`${a.label} and ${b.label}: ${why}`)
  const keys = [...a.results.keys()].filter((key) => b.results.has(key))
  if (keys.length === 0) {
    throw refuse(
      `no seed in common (${[...a.results.keys()].join('; ')} against ${[...b.results.keys()].join('; ')})`,
    )
  }
  return keys.map((key) => {
    const pair = { a: a.results.get(key)!, b: b.results.get(key)! }
    const why = whyNot(pair, across)
    if (why !== null) throw refuse(`${key}: ${why}`)
    return pair
  })
}

/** Gates whose failure means that the figures themselves are wrong; a peer has no ledger. */
const BOOKS = ['conservation', 'operating-system', 'drained']

function whyNot({ a, b }: Pair, across: readonly Across[]): string | null {
  const may = (what: Across) => across.includes(what)
  const [one, two] = [a.config, b.config]
  if (one.workload.loadOrder !== two.workload.loadOrder) {
    return `loaded in different orders, ${one.workload.loadOrder} and ${two.workload.loadOrder}`
  }
  if ((one.aged === null) !== (two.aged === null)) {
    return 'one starts from a loaded tree, the other counts its load'
  }
  const traces = [a.deterministic.traceHash, b.deterministic.traceHash]
  if (traces[0] !== traces[1]) return `different operations, trace ${traces.join(' and ')}`
  if (one.target !== two.target && !may('target')) {
    return `different targets, ${one.target} and ${two.target} (--across=target allows it)`
  }
  const [engine] = differencesOf(one.engine, two.engine, '')
  if (engine !== undefined && !may('engine')) {
    return `engine option ${engine.path} is ${text(engine.a)} and ${text(engine.b)} (--across=engine allows it)`
  }
  const [old, recent] = [a.environment.varveVersion, b.environment.varveVersion]
  if (old !== recent && !may('code')) {
    return `different code, ${old} and ${recent} (--across=code allows it)`
  }
  for (const result of [a, b]) {
    const broken = brokenBooks(result)
    if (broken !== null) return broken
  }
  return null
}

function brokenBooks(result: AnyResult): string | null {
  const books = isPeerResult(result) ? ['drained'] : BOOKS
  const failed = result.gates.find(({ name, passed }) => !passed && books.includes(name))
  return failed === undefined ? null : `${result.id} fails gate ${failed.name}: ${failed.why}`
}

/** Where the configurations differ, seeds apart; paths such as `engine.memtableBytes`. */
export function configDifferences(a: Side, b: Side): readonly ConfigDifference[] {
  return differencesOf(withoutSeeds(firstOf(a.results)), withoutSeeds(firstOf(b.results)), '')
}

function firstOf(results: Side['results']): AnyResult {
  return results.values().next().value!
}

function withoutSeeds(result: AnyResult): Json {
  const { seed: _seed, repeat: _repeat, aged, ...rest } = result.config
  // A loaded tree is one of its seed.
  const start = aged === null ? 'own load' : 'loaded tree'
  return { ...rest, start, workload: workloadAsked(result) } as unknown as Json
}

/** What the values achieve is a measurement, and differs from seed to seed. */
function workloadAsked({ config }: AnyResult) {
  const { valueCompression, ...workload } = config.workload
  return { ...workload, targetRatio: valueCompression?.targetRatio ?? null }
}

function differencesOf(a: Json, b: Json, path: string): readonly ConfigDifference[] {
  if (isDeepStrictEqual(a, b)) return []
  if (!isRecord(a) || !isRecord(b)) return [{ path, a, b }]
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return keys.flatMap((key) =>
    differencesOf(a[key] ?? null, b[key] ?? null, path === '' ? key : `${path}.${key}`),
  )
}

function isRecord(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The strategy, and what tells it from others of the same name. */
function labelOf(result: AnyResult, all: readonly AnyResult[]): string {
  const { name } = result.config.strategy
  const facts = all
    .filter((other) => other !== result && other.config.strategy.name === name)
    .flatMap((other) => differencesOf(withoutSeeds(result), withoutSeeds(other), ''))
    .filter(({ a }) => !isRecord(a))
    .map(({ path, a }) => `${path.split('.').at(-1)!}=${text(a)}`)
  return [name, ...new Set(facts)].join(' ')
}

export function text(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
