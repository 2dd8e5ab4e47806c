/**
 * Owns which results may be compared, and why others may not. A side is the results of one design
 * (`results/identity.ts`). Two sides are comparable if they ran one workload at the same size, from
 * the same start, with the same engine options, on the same target; the caller may allow some of
 * these to differ. Sides are paired by sample: both results of a pair ran the same operations. A
 * result whose own books do not balance is never paired.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../../engine/base/json.ts'
import { canonicalJson } from '../../results/canonical-json.ts'
import { strategyLabels, workloadLabels } from '../../results/design-labels.ts'
import {
  type AnyResult,
  contenderOf,
  designOf,
  groupByDesign,
  sampleKey,
  workloadAskedOf,
} from '../../results/identity.ts'
import { isPeerResult } from '../../results/peer-schema.ts'

/** Conditions that may differ if the user allows it. */
export const ACROSS = ['engine', 'target', 'code'] as const
export type Across = (typeof ACROSS)[number]

/** Results of one design. */
export interface Side {
  readonly id: string
  /** The version of the code if the sides differ in it, else empty. */
  readonly code: string
  readonly results: readonly AnyResult[]
  /** Repeats by sample key. */
  readonly samples: ReadonlyMap<string, readonly AnyResult[]>
}

export interface ResultFile {
  readonly path: string
  readonly result: AnyResult
}

/** The results of both sides on one sample: one repeat or several. */
export interface Pair {
  readonly a: readonly AnyResult[]
  readonly b: readonly AnyResult[]
}

export interface ConfigDifference {
  readonly path: string
  readonly a: Json
  readonly b: Json
}

/** One side for each design, in order; if code may differ, one for each design and version. */
export function sidesOf(results: readonly AnyResult[], across: readonly Across[]): readonly Side[] {
  const severalCodes = new Set(results.map(codeOf)).size > 1
  const groups = groupByDesign(results).map((group) => ({ ...group, code: '' }))
  if (!severalCodes || !across.includes('code')) return groups
  return groups.flatMap((group) =>
    [...Map.groupBy(group.results, codeOf)].map(([code, own]) => ({
      id: group.id,
      code,
      results: own,
      samples: Map.groupBy(own, sampleKey),
    })),
  )
}

/** The labels that distinguish each side from the others: its contender's and its workload's. */
export function labelsOf(sides: readonly Side[]): ReadonlyMap<Side, SideLabel> {
  const firsts = sides.map(({ results }) => results[0]!)
  const [contenders, workloads] = [strategyLabels(firsts), workloadLabels(firsts)]
  return new Map(
    sides.map((side, at) => [
      side,
      {
        contender: `${contenders.get(firsts[at]!)!} ${side.code}`.trim(),
        workload: workloads.get(firsts[at]!)!,
      },
    ]),
  )
}

/**
 * A title for each group of comparable sides: its workload and the conditions in which the groups
 * differ, such as `ycsb-a aged`. No two groups have the same title.
 */
export function titlesOf(
  groups: readonly (readonly Side[])[],
  across: readonly Across[],
): ReadonlyMap<readonly Side[], string> {
  const firsts = groups.map(([first]) => first!.results[0]!)
  const workloads = workloadLabels(firsts)
  const conditions = groups.map(([first]) => conditionsOf(first!, across))
  const varied = new Set(
    conditions.flatMap((own) => differencesOf(conditions[0]!, own, '').map(({ path }) => path)),
  )
  const places = [...varied].filter((path) => !path.startsWith('workload.'))
  return new Map(
    groups.map((group, at) => {
      const found = places.map((path) => {
        const value = text(valueAt(conditions[at]!, path))
        return path.startsWith('engine.') ? `${path.slice('engine.'.length)}=${value}` : value
      })
      return [group, [workloads.get(firsts[at]!)!, ...found].join(' ')]
    }),
  )
}

/** The value at a path of `differencesOf`: names without dots, joined by dots. */
function valueAt(value: Json, path: string): Json {
  return path.split('.').reduce<Json>((at, key) => (isRecord(at) ? (at[key] ?? null) : null), value)
}

export interface SideLabel {
  readonly contender: string
  readonly workload: string
}

function codeOf({ environment }: AnyResult): string {
  return environment.varveVersion
}

/** The conditions that must be equal for two sides to be compared. */
function conditionsOf(
  { results }: Side,
  across: readonly Across[],
): Readonly<Record<string, Json>> {
  const workload = workloadAskedOf(results[0]!)
  const { engine, target, start, scheduling = null } = contenderOf(results[0]!)
  return {
    workload: workload as unknown as Json,
    start,
    ...(across.includes('target') ? {} : { target }),
    ...(across.includes('engine')
      ? {}
      : { engine: engine as Json, scheduling: scheduling as Json }),
  }
}

/** Groups of sides that may be compared with each other, in the order of their first sides. */
export function comparableSides(
  sides: readonly Side[],
  across: readonly Across[],
): readonly (readonly Side[])[] {
  const key = (side: Side) => canonicalJson(conditionsOf(side, across))
  return [...Map.groupBy(sides, key).values()]
}

/** Why a side is comparable with none of `others`: its difference from the most similar one. */
export function whyAlone(side: Side, others: readonly Side[], across: readonly Across[]): string {
  const own = `${labelsOf([side]).get(side)!.contender} (${side.results[0]!.id})`
  const differences = others.map((other) => ({
    other,
    found: differencesOf(conditionsOf(side, across), conditionsOf(other, across), ''),
  }))
  const [nearest] = differences.toSorted((a, b) => a.found.length - b.found.length)
  if (nearest === undefined) return `${own}: there are no other results`
  const labels = labelsOf([side, nearest.other])
  const [mine, its] = [labels.get(side)!, labels.get(nearest.other)!]
  return (
    `${mine.contender} on ${mine.workload} (${side.results[0]!.id}) with ` +
    `${its.contender} on ${its.workload}: ${wordsOf(nearest.found[0]!)}`
  )
}

/** Describes one condition in which two sides differ. */
function wordsOf({ path, a, b }: ConfigDifference): string {
  const values = `${text(a)} and ${text(b)}`
  const [what, ...rest] = path.split('.')
  if (what === 'start') return `different starts, ${values}`
  if (what === 'target') return `different targets, ${values} (--across=target allows it)`
  if (what === 'scheduling') {
    return `different scheduling, ${values} (--across=engine allows it)`
  }
  if (what === 'engine') {
    return `engine option ${rest.join('.')} is ${values} (--across=engine allows it)`
  }
  return `different workloads, ${path} is ${values}`
}

export interface Pairing {
  readonly pairs: readonly Pair[]
  /** Samples that only one of the sides has. */
  readonly unpaired: number
  /** Samples that both sides have but that may not be compared, with the reason. */
  readonly leftOut: readonly string[]
}

/** The pairs of two sides; if there is none, `why` gives the reason. */
export function pairsOf(
  a: Side,
  b: Side,
  across: readonly Across[],
): Pairing | { readonly why: string } {
  const leftOut: string[] = []
  const pairs: Pair[] = []
  const shared = [...a.samples.keys()].filter((key) => b.samples.has(key))
  for (const key of shared) {
    const pair = { a: a.samples.get(key)!, b: b.samples.get(key)! }
    const codes = new Set([...pair.a, ...pair.b].map(codeOf))
    if (codes.size > 1 && !across.includes('code')) {
      const [old, recent] = codes
      const why = `different code, ${old} and ${recent} (--across=code allows it)`
      leftOut.push(`${seedsText(pair.a)}: ${why}`)
    } else pairs.push(pair)
  }
  if (pairs.length > 0) {
    return { pairs, unpaired: a.samples.size + b.samples.size - 2 * shared.length, leftOut }
  }
  return { why: leftOut[0] ?? whyUnpaired(a, b) }
}

function whyUnpaired(a: Side, b: Side): string {
  const seedOf = ({ config }: AnyResult) => `seed ${config.seed}, repeat ${config.repeat}`
  for (const one of a.results) {
    const other = b.results.find((result) => seedOf(result) === seedOf(one))
    if (other === undefined) continue
    return `different operations under ${seedOf(one)}, trace ${sampleKey(one)} and ${sampleKey(other)}`
  }
  return `no seed in common (${seedsText(a.results)} against ${seedsText(b.results)})`
}

function seedsText(results: readonly AnyResult[]): string {
  const seeds = new Set(results.map(({ config }) => `${config.seed}/${config.repeat}`))
  return `seed/repeat ${[...seeds].join(', ')}`
}

/** If one of these gates fails, the figures themselves are wrong. A peer has no ledger. */
const BOOKS = ['conservation', 'operating-system', 'drained']

/** Why a result may not be compared with any other; null if it may. */
export function brokenBooks(result: AnyResult): string | null {
  const books = isPeerResult(result) ? ['drained'] : BOOKS
  const failed = result.gates.find(({ name, passed }) => !passed && books.includes(name))
  return failed === undefined ? null : `${result.id} fails gate ${failed.name}: ${failed.why}`
}

/** The differences of two designs, by paths such as `engine.memtableBytes`. */
export function configDifferences(a: Side, b: Side): readonly ConfigDifference[] {
  const [one, two] = [a, b].map(({ results }) => {
    const { contender, workload } = designOf(results[0]!)
    return { ...contender, workload } as unknown as Json
  })
  return differencesOf(one!, two!, '')
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

/** A setting as text: `kind=constant rate=500`; an unset one is "none". */
export function text(value: Json): string {
  if (value === null) return 'none'
  if (!isRecord(value)) return typeof value === 'string' ? value : JSON.stringify(value)
  const parts = Object.entries(value).map(([key, inner]) => `${key}=${text(inner)}`)
  return parts.length === 0 ? 'none' : parts.join(' ')
}
