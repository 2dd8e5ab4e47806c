/**
 * Checks peers against the contract: each answers like a map, each gets the same operations as our
 * engine, and figures without a source are null. A few hundred operations for each peer.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareBytes } from '../../../engine/base/compare.ts'
import { parseEngineOptions } from '../../../engine/index.ts'
import { hasRocksdbTools } from '../../../engine/testing/rocksdb/rocksdb-tools.ts'
import { PEER_NAMES, type PeerName, peerResultSchema } from '../../../results/peer-schema.ts'
import type { ExperimentContext } from '../../base/context.ts'
import { UsageError } from '../../base/usage-error.ts'
import type { Request } from '../../cli/request.ts'
import { parseCommand } from '../../cli/request.ts'
import { resolvePlans } from '../../cli/resolve.ts'
import { resolvePeerPlans } from '../../cli/resolve-peers.ts'
import { overDefaults } from '../../cli/testing/over-defaults.ts'
import { ScannedEntries } from '../../measure/scanned-entries.ts'
import { runExperiment } from '../../run/experiment.ts'
import { runPeer } from '../../run/peer-experiment.ts'
import { runSweep } from '../../run/sweep.ts'
import { budgetOf } from './budget.ts'
import { INTERACTIVE_PEERS } from './catalog.ts'
import { loadLibrary } from './load-library.ts'
import { ProcessWindow } from './peer-reading.ts'
import { PeerTarget } from './peer-target.ts'

let outFolder = ''
beforeAll(() => {
  outFolder = mkdtempSync(join(tmpdir(), 'varve-peers-'))
})
afterAll(() => rmSync(outFolder, { recursive: true, force: true }))

const HAS_DB_BENCH = hasRocksdbTools('db_bench')
const PEERS = PEER_NAMES.filter((name) => name !== 'db_bench' || HAS_DB_BENCH)

function requestOf(...flags: string[]): Request {
  const command = parseCommand(
    overDefaults(['--records=300', '--operations=300', '--set=memtableBytes=16KiB'], flags),
  )
  if (command.kind !== 'run') throw new Error('no run')
  return command.request
}

const context = (): ExperimentContext => ({
  outFolder,
  keep: false,
  signal: new AbortController().signal,
  code: { commit: null, dirty: false, varveVersion: '0.0.0+test' },
  terminalWritten: () => ({ bytes: 0, calls: 0 }),
  onProgress: () => {},
})

const command = fc.oneof(
  fc.record({
    do: fc.constant('put' as const),
    key: fc.nat(30),
    bytes: fc.integer({ min: 1, max: 300 }),
  }),
  fc.record({ do: fc.constant('delete' as const), key: fc.nat(30), bytes: fc.constant(0) }),
  fc.record({ do: fc.constant('get' as const), key: fc.nat(30), bytes: fc.constant(0) }),
  fc.record({
    do: fc.constant('scan' as const),
    key: fc.nat(30),
    bytes: fc.integer({ min: 1, max: 40 }),
  }),
)

const keyOf = (number: number) => new TextEncoder().encode(`key${String(number).padStart(4, '0')}`)

describe.each([...INTERACTIVE_PEERS.values()])('$name', (definition) => {
  test('answers as a map does', async () => {
    const folder = mkdtempSync(join(outFolder, 'map-'))
    const budget = budgetOf(parseEngineOptions({ memtableBytes: 16 * 1024 }), {})
    const { store, version } = await definition.open(folder, budget)
    const { quietMs } = definition
    const window = new ProcessWindow(() => 0)
    const target = new PeerTarget({ store, quietMs, window, signal: new AbortController().signal })
    const model = new Map<number, Uint8Array>()
    expect(version).toMatch(/\d+\.\d+/)
    const property = fc.asyncProperty(
      fc.array(command, { minLength: 20, maxLength: 60 }),
      async (commands) => {
        for (const { do: what, key, bytes } of commands) {
          if (what === 'put') {
            const value = new Uint8Array(bytes).fill(key + bytes)
            model.set(key, value)
            await target.put(keyOf(key), value)
          } else if (what === 'delete') {
            model.delete(key)
            await target.delete(keyOf(key))
          } else if (what === 'get') {
            const found = await target.get(keyOf(key))
            expect(found === undefined ? undefined : Uint8Array.from(found)).toEqual(model.get(key))
          } else {
            const entries = entriesFrom(model, key).slice(0, bytes)
            const shown = new ScannedEntries()
            expect(await target.scan(keyOf(key), bytes, shown)).toBe(entries.length)
            expect(shownBy(shown)).toEqual(entries)
            const sizes = entries.map(([name, value]) => name.length + value.length)
            expect(target.scannedBytes).toBe(sizes.reduce((sum, size) => sum + size, 0))
          }
        }
      },
    )
    try {
      await fc.assert(property, { numRuns: 8 })
    } finally {
      await target.close()
    }
  })
})

function entriesFrom(model: ReadonlyMap<number, Uint8Array>, from: number) {
  return [...model]
    .map(([key, value]) => [keyOf(key), value] as const)
    .sort(([a], [b]) => compareBytes(a, b))
    .filter(([key]) => compareBytes(key, keyOf(from)) >= 0)
}

function shownBy(shown: ScannedEntries) {
  return Array.from({ length: shown.count }, (_, at) => [
    Uint8Array.from(shown.key(at)),
    Uint8Array.from(shown.value(at)),
  ])
}

describe('a run', () => {
  /** Updates of fields are reads, merges and writes, in a trace too. */
  const request = (name: PeerName) => requestOf(`--target=${name}`, '--workload=ycsb-f')

  test.each(PEERS)('%s gets the same operations as our engine', async (name) => {
    const [ours] = await resolvePlans({ ...request(name), target: ['varve'] })
    const expected = await runExperiment(ours!, context())
    const [plan] = await resolvePeerPlans(request(name))
    const result = await runPeer(plan!, context())
    const { deterministic, peer } = result
    const { phases, traceHash, amplification } = expected.deterministic
    expect(deterministic.traceHash).toBe(traceHash)
    expect(deterministic.liveLogicalBytes).toBe(amplification.drained.liveLogicalBytes)
    expect(peer.drained.userBytes).toBe(amplification.drained.userBytes)
    expect(deterministic.phases.map(({ operationsByKind }) => operationsByKind)).toEqual(
      phases.filter(({ name: phase }) => phase !== 'drain').map((phase) => phase.operationsByKind),
    )
    expect(peer.drained.processBytes).toBeGreaterThan(peer.drained.userBytes)
    expect(peer.drain.converged).toBe(true)
    expect(peerResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
    const failed = result.gates.filter(({ passed }) => !passed).map((gate) => gate.name)
    expect(failed).toEqual(['equal-budgets', 'conservation', 'open-loop-latency'])
  })

  test.skipIf(!HAS_DB_BENCH).each(['dynamic-leveled', 'universal'])(
    'db_bench as %s',
    async (strategy) => {
      const flags = ['--target=db_bench', `--strategy=${strategy}`, '--workload=fillrandom']
      const [plan] = await resolvePeerPlans(requestOf(...flags, '--set=compression=none'))
      const { peer, gates } = await runPeer(plan!, context())
      expect(peer.drain.converged).toBe(true)
      expect(peer.ownCounts?.writes).toBe(300)
      expect(gates.find(({ name }) => name === 'same-operations')?.passed).toBe(true)
    },
  )

  test.each(['lmdb', 'sqlite'] as const)('%s has no tables, and reports null', async (name) => {
    const [plan] = await resolvePeerPlans(request(name))
    const { peer } = await runPeer(plan!, context())
    expect(peer.drained).toMatchObject({
      flushBytes: null,
      compactionBytes: null,
      waLsm: null,
      waRocksdb: null,
      levels: null,
    })
  })

  test.each(['delete-heavy', 'ycsb-e'])('%s gives the same result', async (workload) => {
    const request = requestOf('--target=leveldb,rocksdb,lmdb,sqlite', `--workload=${workload}`)
    const [ours] = await resolvePlans({ ...request, target: ['varve'] })
    const { traceHash, amplification } = (await runExperiment(ours!, context())).deterministic
    const { userBytes, liveLogicalBytes } = amplification.drained
    for (const plan of await resolvePeerPlans(request)) {
      const { deterministic, peer } = await runPeer(plan, context())
      expect(deterministic).toMatchObject({ traceHash, liveLogicalBytes })
      expect(peer.drained.userBytes).toBe(userBytes)
    }
  })
})

test('one sweep runs ours and theirs, and reuses both', async () => {
  const request = requestOf('--target=varve,lmdb,sqlite', '--strategy=tiering')
  const plans = [...(await resolvePlans(request)), ...(await resolvePeerPlans(request))]
  const folder = mkdtempSync(join(outFolder, 'sweep-'))
  const sweep = async (keep: boolean) => {
    const reused: string[] = []
    const fractions: number[] = []
    const outcome = await runSweep(plans, {
      ...context(),
      outFolder: folder,
      keep,
      force: false,
      onProgress: (...[, , , fraction]) => fractions.push(fraction),
      onReuse: (path) => reused.push(path),
    })
    return { ...outcome, reused, fractions }
  }
  const { results, peers, resultPaths, reused, fractions } = await sweep(false)
  expect(reused).toEqual([])
  expect(results.map(({ config }) => config.strategy.name)).toEqual(['tiering'])
  expect(peers.map(({ peer }) => peer.name)).toEqual(['lmdb', 'sqlite'])
  expect(resultPaths.map((path) => path.endsWith('.peer.json'))).toEqual([false, true, true])
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
  expect(fractions.at(-1)).toBe(1)
  expect((await sweep(false)).reused).toEqual(resultPaths)
  const kept = await sweep(true)
  expect(kept.reused).toEqual([])
  expect(readdirSync(folder).filter((name) => name.endsWith('.db'))).toHaveLength(3)
  expect((await sweep(true)).reused).toEqual(resultPaths)
})

describe('what is missing', () => {
  test('a library that is not installed gives one clear line', () => {
    expect(() => loadLibrary('leveldb', 'no-such-package')).toThrow(UsageError)
    expect(() => loadLibrary('leveldb', 'no-such-package')).toThrow(
      '--target=leveldb: package no-such-package is not installed: npm install no-such-package',
    )
  })

  test('a program that is not installed gives one clear line', async () => {
    const path = process.env.PATH
    process.env.PATH = '/nonexistent'
    try {
      const [plan] = await resolvePeerPlans(requestOf('--target=db_bench'))
      await expect(runPeer(plan!, context())).rejects.toThrow('--target=db_bench: not on the path')
    } finally {
      process.env.PATH = path
    }
  })
})

describe('requests', () => {
  test.each([
    ['--target=levldb', 'unknown target "levldb"; did you mean "leveldb"?'],
    ['--target=lmdb --strategy=tiering', '--strategy: lmdb has its own'],
    ['--target=db_bench,lmdb --strategy=universal', '--strategy: lmdb has its own'],
    [
      '--target=db_bench --strategy=tiering',
      '--strategy: db_bench has no options for "tiering", only for leveling-partial, ' +
        'dynamic-leveled, universal',
    ],
    ['--target=db_bench --rate=9', '--rate: db_bench replays a whole trace and times no operation'],
    ['--target=lmdb --until=steady', '--until: lmdb does not report when it is steady'],
    ['--target=lmdb --aged=trees', '--aged: not with --target=lmdb'],
    ['--target=sqlite --versions', '--versions: only for runs of our own engine, not of sqlite'],
    ['--target=sqlite --storage=memory', '--storage: sqlite needs files'],
  ])('%s is refused', (flags, line) => {
    expect(() => parseCommand(flags.split(' '))).toThrow(line)
  })

  test('ours and others together: each peer once, ours by strategy', async () => {
    const request = requestOf('--target=varve,leveldb', '--strategy=leveling,tiering')
    expect(await resolvePlans(request)).toHaveLength(2)
    const peers = await resolvePeerPlans(request)
    expect(peers.map(({ name }) => name)).toEqual(['leveldb'])
    expect(peers[0]!.command).toContain('--target=leveldb')
  })

  test('db_bench follows each strategy that it has options for', async () => {
    const request = requestOf('--target=varve,db_bench', '--strategy=tiering,universal')
    const [plan, ...others] = await resolvePeerPlans(request)
    expect(others).toEqual([])
    expect(plan!.follows?.name).toBe('universal')
    expect(plan!.command).toEqual(
      expect.arrayContaining(['--target=db_bench', '--strategy=universal']),
    )
    expect(plan!.config.strategy.params).toMatchObject({ strategy: 'universal', size_ratio: 1 })
    const both = requestOf('--target=db_bench,lmdb', '--param=T=7')
    const plans = await resolvePeerPlans(both)
    expect(plans.map(({ follows }) => follows?.name)).toEqual(['leveling-partial', undefined])
    expect(plans[0]!.id).not.toBe(plans[1]!.id)
  })
})
