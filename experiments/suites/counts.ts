/**
 * Owns the suite `counts`: it loads whole buffers of unique keys into the engine and accounts for
 * every buffer written. The engine's raw bytes must be exactly the integers of `counts-oracle.ts`,
 * in the level-0-run convention and, computed from its event log, in the papers' convention. The
 * drained tree must have the number of runs of the papers' formula. Two shapes that mean the same
 * tree must give the same files.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '../../engine/base/assert.ts'
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { quotient, sum } from '../measure/figures.ts'
import { countedSuite, type Task } from './counted-suite.ts'
import { type CountShape, closedFormCopies, countBuffers } from './counts-oracle.ts'
import { type BufferLoad, KEY_BYTES, type LoadedTree, loadBuffers } from './load-buffers.ts'
import { type CountedContext, equalClaim, withinClaim } from './suite.ts'

/** A load of F = T^levels − 1 buffers. */
export interface Scenario {
  readonly name: string
  readonly T: number
  readonly levels: number
  readonly memtableBytes: number
  readonly entryBytes: number
  readonly keyOrder: BufferLoad['keyOrder']
  readonly storage: 'node' | 'memory'
}

interface Policy {
  readonly strategy: string
  readonly shape: CountShape
}

interface Plan {
  readonly scenario: Scenario
  readonly policy: Policy
}

interface CountedRun extends Plan {
  readonly tree: LoadedTree
  readonly run: SuiteRun
}

const KiB = 1024
const SMALL = { memtableBytes: 4 * KiB, entryBytes: 128, storage: 'memory' } as const

export const counts = countedSuite<Plan, CountedRun>({
  name: 'counts',
  fullSeconds: 330,
  fullRssBytes: 330e6,
  description:
    'buffers written by whole-level policies, against an independent count and the closed forms',
  columns: [
    { heading: 'closed form', figure: 'closedFormBuffers' },
    { heading: 'papers', figure: 'papersBuffersExpected' },
    { heading: 'engine', figure: 'papersBuffers' },
    { heading: 'level-0 run', figure: 'levelZeroRunBuffersExpected' },
    { heading: 'engine', figure: 'levelZeroRunBuffers' },
    { heading: 'WA entries', figure: 'waEntries' },
    { heading: 'WA lsm', figure: 'waLsm' },
    { heading: 'runs', figure: 'runs' },
  ],
  tasksOf: (scale) => scenariosOf(scale).flatMap(tasksOf),
  perform: async ({ name, plan }, context) => {
    const startMs = performance.now()
    const tree = await loadFresh(plan, context)
    const seconds = (performance.now() - startMs) / 1e3
    return { ...plan, tree, run: runOf(name, plan, tree, seconds) }
  },
  conclude: (counted) => ({ runs: counted.map(({ run }) => run), claims: claimsOf(counted) }),
})

function scenariosOf(scale: SuiteScale): readonly Scenario[] {
  const small = (T: number, levels: number) =>
    (['hashed', 'sequential'] as const).map((keyOrder) => ({
      ...SMALL,
      name: `T=${T} F=${T ** levels - 1} ${keyOrder}`,
      T,
      levels,
      keyOrder,
    }))
  const smoke = [...small(4, 3), ...small(2, 6)]
  if (scale === 'smoke') return smoke
  return [
    ...smoke,
    ...small(4, 4),
    { ...LARGE, name: 'S4', T: 4, levels: 4, memtableBytes: 1024 * KiB, entryBytes: 128 },
    { ...LARGE, name: 'S10', T: 10, levels: 3, memtableBytes: 256 * KiB, entryBytes: 1024 },
  ]
}

const LARGE = { keyOrder: 'hashed', storage: 'node' } as const

/** The named policies, and the points of the fluid tree that are compared with them. */
function policiesOf(T: number): readonly Policy[] {
  const policy = (strategy: string, K: number, Z: number) => ({ strategy, shape: { T, K, Z } })
  const fluids = [1, 2, 3].filter((K) => K < T).map((K) => policy('fluid', K, K))
  const lazy = T === 4 ? [policy('fluid', T - 1, 1)] : []
  return [
    policy('leveling', 1, 1),
    policy('lazy-leveling', T - 1, 1),
    policy('tiering', T - 1, T - 1),
    ...fluids,
    ...lazy,
  ]
}

function tasksOf(scenario: Scenario): readonly Task<Plan>[] {
  return policiesOf(scenario.T).map((policy) => ({
    name: `${scenario.name} ${nameOf(policy)}`,
    work: bytesWritten(scenario, policy.shape),
    plan: { scenario, policy },
  }))
}

function bytesWritten({ T, levels, memtableBytes }: Scenario, shape: CountShape): number {
  return countBuffers(shape, T ** levels - 1).levelZeroRunBuffers * memtableBytes
}

async function loadFresh(
  { scenario, policy }: Plan,
  { outFolder, seed, signal, onShare }: CountedContext,
): Promise<LoadedTree> {
  const { strategy, shape } = policy
  const module = STRATEGIES.get(strategy)
  assert(module !== undefined, `no strategy ${strategy}`)
  const params = strategy === 'fluid' ? { ...shape } : { T: shape.T }
  const { T, levels, memtableBytes, entryBytes, keyOrder, storage } = scenario
  const buffers = T ** levels - 1
  const folder = storage === 'memory' ? null : mkdtempSync(join(outFolder, '.suite-counts-'))
  try {
    return await loadBuffers({
      strategy: module.create(module.parse(params)),
      buffers,
      memtableBytes,
      entryBytes,
      keyOrder,
      folder,
      seed,
      signal,
      onProgress: (done) => onShare(done / buffers),
    })
  } finally {
    if (folder !== null) rmSync(folder, { recursive: true })
  }
}

function runOf(
  name: string,
  { scenario, policy }: Plan,
  tree: LoadedTree,
  wallSeconds: number,
): SuiteRun {
  const { T, levels, memtableBytes, entryBytes, keyOrder, storage } = scenario
  const buffers = T ** levels - 1
  const expected = countBuffers(policy.shape, buffers)
  const copies = closedFormCopies(policy.shape, levels)
  const rawBytesWritten = tree.flushedRawBytes + tree.mergedRawBytes
  return {
    name,
    params: {
      strategy: policy.strategy,
      ...policy.shape,
      buffers,
      memtableBytes,
      entryBytes,
      keyBytes: KEY_BYTES,
      keyOrder,
      storage,
    },
    figures: {
      closedFormBuffers: copies === null ? null : copies * buffers,
      papersBuffersExpected: expected.papersBuffers,
      papersBuffers: tree.papersRawBytes / memtableBytes,
      levelZeroRunBuffersExpected: expected.levelZeroRunBuffers,
      levelZeroRunBuffers: rawBytesWritten / memtableBytes,
      waEntries: quotient(rawBytesWritten, tree.userBytes),
      waLsm: quotient(tree.tableBytesWritten, tree.userBytes),
      userBytes: tree.userBytes,
      flushedRawBytes: tree.flushedRawBytes,
      mergedRawBytes: tree.mergedRawBytes,
      tableBytesWritten: tree.tableBytesWritten,
      runs: sum(tree.runsByLevel),
      runsByLevel: tree.runsByLevel.join(' '),
      tableDigest: tree.tableDigest,
    },
    series: [],
    wallSeconds,
  }
}

function nameOf({ strategy, shape }: Policy): string {
  return strategy === 'fluid' ? `fluid K=${shape.K} Z=${shape.Z}` : strategy
}

function claimsOf(counted: readonly CountedRun[]): readonly Claim[] {
  const byScenario = [...Map.groupBy(counted, ({ scenario }) => scenario.name).values()]
  return [...counted.flatMap(exactClaims), ...byScenario.flatMap(scenarioClaims)]
}

const ORACLE = 'independent count, counts-oracle.ts'
const RUNS = "K(L − 1) + Z, Dostoevsky (SIGMOD '18) Eq 11"

function exactClaims({ scenario, policy, tree, run }: CountedRun): readonly Claim[] {
  const { T, levels, memtableBytes } = scenario
  const { K, Z } = policy.shape
  const buffers = T ** levels - 1
  const expected = countBuffers(policy.shape, buffers)
  const written = (tree.flushedRawBytes + tree.mergedRawBytes) / memtableBytes
  const papers = tree.papersRawBytes / memtableBytes
  const equal = (what: string, measured: number, value: number, source: string) =>
    equalClaim(`${run.name}: ${what}`, measured, value, source)
  return [
    equal('buffers put', tree.userBytes / memtableBytes, buffers, 'F = T^L − 1'),
    equal('buffers written, level-0 run', written, expected.levelZeroRunBuffers, ORACLE),
    equal("buffers written, papers' count", papers, expected.papersBuffers, ORACLE),
    equal('runs after the drain', sum(tree.runsByLevel), K * (levels - 1) + Z, RUNS),
  ]
}

/**
 * Known values of the three named policies, independent of how they are counted; the engine must
 * give the same.
 */
const KNOWN: Readonly<Record<string, readonly (readonly [string, number, number])[]>> = {
  'T=4 F=63': [
    ['leveling', 288, 335],
    ['lazy-leveling', 207, 224],
    ['tiering', 144, 159],
  ],
  'T=4 F=255': [
    ['leveling', 1536, 1727],
    ['lazy-leveling', 1023, 1088],
    ['tiering', 768, 831],
  ],
}

/**
 * Lazy leveling exceeds its closed form by 6 or 7 %, because each level of a growing tree is the
 * last one for a while.
 */
const closedFormTolerance = (strategy: string) => (strategy === 'lazy-leveling' ? 0.08 : 0.01)
const RATIO_TOLERANCE = 0.12

function scenarioClaims(counted: readonly CountedRun[]): readonly Claim[] {
  const { name, T, levels } = counted[0]!.scenario
  const find = (strategy: string, K: number, Z: number) =>
    counted.find(
      ({ policy }) => policy.strategy === strategy && policy.shape.K === K && policy.shape.Z === Z,
    )
  const large = counted[0]!.scenario.storage === 'node'
  const same = (a: CountedRun | undefined, b: CountedRun | undefined, source: string) =>
    a === undefined || b === undefined ? [] : identityClaims(a, b, source)
  const named = (strategy: string) => counted.find(({ policy }) => policy.strategy === strategy)
  const limit = 'Dostoevsky §4: a point of the Fluid LSM-tree'
  const binary = 'Dostoevsky §4: at T = 2 the policies meet'
  return [
    ...same(named('leveling'), find('fluid', 1, 1), limit),
    ...same(named('tiering'), find('fluid', T - 1, T - 1), limit),
    ...same(named('lazy-leveling'), find('fluid', T - 1, 1), limit),
    ...(T === 2 ? same(named('leveling'), named('tiering'), binary) : []),
    ...(T === 2 ? same(named('leveling'), named('lazy-leveling'), binary) : []),
    ...knownClaims(counted, `T=${T} F=${T ** levels - 1}`),
    ...(large ? counted.flatMap(closedFormClaims) : []),
    ...(name === 'S10' ? ratioClaims(counted) : []),
  ]
}

/** Equal trees: equal files, equal decisions, equal bytes moved. */
function identityClaims(a: CountedRun, b: CountedRun, source: string): readonly Claim[] {
  const what = `${a.run.name} = ${nameOf(b.policy)}`
  const equal = (part: string, key: 'tableDigest' | 'eventDigest' | 'ledgerDigest') =>
    equalClaim(`${what}: ${part}`, b.tree[key], a.tree[key], source)
  return [
    equal('tables', 'tableDigest'),
    equal('flushes, merges and moves', 'eventDigest'),
    equal('ledger without manifest and options', 'ledgerDigest'),
  ]
}

function knownClaims(counted: readonly CountedRun[], key: string): readonly Claim[] {
  return (KNOWN[key] ?? []).flatMap(([strategy, papers, levelZeroRun]) => {
    const { run } = counted.find(({ policy }) => policy.strategy === strategy)!
    const { papersBuffers, levelZeroRunBuffers } = run.figures
    const source = 'strategies/README.md, Counting'
    return [
      equalClaim(`${run.name}: papers' count`, papersBuffers!, papers, source),
      equalClaim(`${run.name}: level-0 run`, levelZeroRunBuffers!, levelZeroRun, source),
    ]
  })
}

function closedFormClaims({ policy, run }: CountedRun): readonly Claim[] {
  const { papersBuffers, closedFormBuffers } = run.figures
  if (typeof closedFormBuffers !== 'number' || policy.strategy === 'fluid') return []
  return [
    withinClaim(
      `${run.name}: closed form`,
      Number(papersBuffers),
      closedFormBuffers,
      closedFormTolerance(policy.strategy),
      '(T − 1)(T − 1 + K)/(2KT) a level; lazy runs over while a level is briefly last',
    ),
  ]
}

function ratioClaims(counted: readonly CountedRun[]): readonly Claim[] {
  const papers = (strategy: string) =>
    Number(counted.find(({ policy }) => policy.strategy === strategy)!.run.figures.papersBuffers)
  const source = 'closed forms at T = 10, L = 3'
  const ratio = (name: string, strategy: string, expected: number) =>
    withinClaim(
      `S10 ${name}`,
      papers(strategy) / papers('tiering'),
      expected,
      RATIO_TOLERANCE,
      source,
    )
  return [
    ratio('leveling ÷ tiering', 'leveling', 5),
    ratio('lazy-leveling ÷ tiering', 'lazy-leveling', 2.5),
  ]
}
