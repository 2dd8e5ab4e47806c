/** Runs against a peer that is a map in memory, so that no library of another store is needed. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { contradictionsIn } from '../../results/consistency/contradictions.ts'
import { type PeerResult, peerResultSchema } from '../../results/peer-schema.ts'
import type { ExperimentContext } from '../base/context.ts'
import type { EntrySink } from '../base/target.ts'
import { parseCommand } from '../cli/request.ts'
import { resolvePlans } from '../cli/resolve.ts'
import { resolvePeerPlans } from '../cli/resolve-peers.ts'
import { overDefaults } from '../cli/testing/over-defaults.ts'
import {
  addEntry,
  NO_STATISTICS,
  type PeerDefinition,
  type PeerStore,
} from '../targets/peers/peer-store.ts'
import { runExperiment } from './experiment.ts'
import { runPeer } from './peer-experiment.ts'

const outFolder = mkdtempSync(join(tmpdir(), 'varve-peer-run-'))
afterAll(() => rmSync(outFolder, { recursive: true }))

const SMALL = ['--records=300', '--operations=400', '--set=memtableBytes=16KiB', '--target=leveldb']
const ours = ['--target=varve', '--storage=memory', '--strategy=tiering']

async function requestOf(flags: readonly string[]) {
  const command = parseCommand(overDefaults(SMALL, flags))
  if (command.kind !== 'run') throw new Error(command.kind)
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

/** A map; every other write is a promise. */
class MapStore implements PeerStore {
  readonly entries = new Map<string, Uint8Array>()
  #writes = 0

  put(key: Uint8Array, value: Uint8Array) {
    this.entries.set(nameOf(key), value.slice())
    return this.#answer()
  }

  delete(key: Uint8Array) {
    this.entries.delete(nameOf(key))
    return this.#answer()
  }

  get(key: Uint8Array) {
    return this.entries.get(nameOf(key))
  }

  async scan(from: Uint8Array, entries: number, sink: EntrySink) {
    const names = [...this.entries.keys()].filter((name) => name >= nameOf(from)).sort()
    for (const name of names.slice(0, entries)) {
      addEntry(sink, Buffer.from(name, 'latin1'), this.entries.get(name)!)
    }
  }

  busy() {
    return false
  }

  statistics() {
    return NO_STATISTICS
  }

  close() {}

  #answer() {
    return ++this.#writes % 2 === 0 ? Promise.resolve() : undefined
  }
}

const nameOf = (key: Uint8Array) => Buffer.from(key).toString('latin1')

/** Loses every write after the first few. */
class ForgetfulStore extends MapStore {
  override put(key: Uint8Array, value: Uint8Array) {
    if (this.entries.size < 250) return super.put(key, value)
    return undefined
  }
}

/** A get answers with a changed value. */
class LyingStore extends MapStore {
  override get(key: Uint8Array) {
    const value = super.get(key)?.slice()
    if (value !== undefined) value[value.length - 1]! ^= 1
    return value
  }
}

function definitionOf(store: PeerStore): PeerDefinition {
  return {
    name: 'leveldb',
    description: 'a map',
    settings: () => [{ name: 'x', varve: 1, peer: 1, equal: true, note: '' }],
    latencyIncludes: 'the call',
    drainedBy: 'nothing works in the background',
    quietMs: 0,
    counters: {},
    open: async (folder) => {
      writeFileSync(join(folder, 'data'), 'x'.repeat(1000))
      return { store, version: 'map 1.0' }
    },
  }
}

async function run(store: PeerStore, ...flags: string[]): Promise<PeerResult> {
  const [plan] = await resolvePeerPlans(await requestOf(flags))
  return runPeer(plan!, context(), definitionOf(store))
}

const gate = ({ gates }: PeerResult, name: string) => gates.find((one) => one.name === name)!

test.each(['ycsb-a', 'ycsb-d', 'ycsb-e', 'ycsb-f', 'delete-heavy'])(
  '%s gives a peer the same operations as our engine',
  async (workload) => {
    const result = await run(new MapStore(), `--workload=${workload}`)
    const [plan] = await resolvePlans(await requestOf([`--workload=${workload}`, ...ours]))
    const { deterministic } = await runExperiment(plan!, context())
    const { readAmplification, phases, amplification } = deterministic
    expect(result.deterministic.traceHash).toBe(deterministic.traceHash)
    expect(result.deterministic.phases).toEqual(
      phases
        .filter(({ name }) => name !== 'drain')
        .map(({ name, operationsByKind, userBytes }) => ({ name, operationsByKind, userBytes })),
    )
    expect(result.deterministic.liveLogicalBytes).toBe(amplification.drained.liveLogicalBytes)
    const counted = Object.entries(readAmplification).map(([name, account]) => {
      const { operations, bytesReturned } = account
      return [name, { operations, bytesReturned }]
    })
    expect(result.deterministic.reads).toEqual(Object.fromEntries(counted))
    expect(gate(result, 'answers')).toMatchObject({ passed: true })
    expect(contradictionsIn(result)).toEqual([])
    expect(peerResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result)
  },
)

test('a peer does not report its jobs, so stalls are unknown and not zero', async () => {
  const { timed } = await run(new MapStore())
  expect(timed.events).toEqual([])
  for (const point of timed.series) {
    expect(point).toMatchObject({ stallSeconds: null, stalledOperations: null })
  }
  expect(timed.slowest.length).toBeGreaterThan(0)
  expect(timed.gcSeconds).not.toBeNull()
})

test('an open loop has intended latencies and arrivals', async () => {
  const result = await run(new MapStore(), '--rate=2000', '--arrival=poisson')
  expect(result.timed).toMatchObject({
    arrival: 'open',
    arrivals: { kind: 'poisson', clients: 1, sustainablePerSecond: null },
  })
  expect(result.seeds).toEqual({ arrivals: expect.any(Number) })
  expect(result.gates.map(({ name }) => name)).toContain('overload')
  expect(gate(result, 'open-loop-latency').why).toContain('The sustainable rate is unknown')
  const { overloaded } = result.timed.arrivals!
  if (!overloaded) expect(Object.keys(result.timed.intendedLatencyByKind!)).toContain('read')
  expect(contradictionsIn(result)).toEqual([])
})

test('the sustainable rate is measured first, in a separate folder', async () => {
  const stores: string[] = []
  const [plan] = await resolvePeerPlans(await requestOf(['--rate=20%']))
  const definition = definitionOf(new MapStore())
  const result = await runPeer(plan!, context(), {
    ...definition,
    open: (folder, budget) => {
      stores.push(folder)
      return definitionOf(new MapStore()).open(folder, budget)
    },
  })
  expect(stores).toHaveLength(2)
  expect(new Set(stores).size).toBe(2)
  expect(stores.some(existsSync)).toBe(false)
  const { sustainablePerSecond } = result.timed.arrivals!
  expect(sustainablePerSecond).toBeGreaterThan(0)
  expect(result.command).toContain('--rate=20%')
  expect(readdirSync(outFolder)).toEqual([])
})

test('several clients in a closed loop queue behind each other', async () => {
  const result = await run(new MapStore(), '--clients=3')
  expect(result.timed).toMatchObject({ arrival: 'closed', arrivals: { clients: 3 } })
  expect(result.timed.intendedLatencyByKind).not.toBeNull()
})

test.each([
  [
    'loses writes that are never read',
    new ForgetfulStore(),
    '--workload=ycsb-load',
    /in the drained tree/,
  ],
  ['answers wrongly', new LyingStore(), '--workload=ycsb-c', /by a get after/],
])('a peer that %s fails the gate of answers', async (_, store, workload, why) => {
  const result = await run(store, workload)
  expect(gate(result, 'answers')).toMatchObject({ passed: false, why: expect.stringMatching(why) })
})

test('a write that fails ends the run with its error, and the folder is removed', async () => {
  const store = new MapStore()
  store.put = () => Promise.reject(new Error('disk full'))
  await expect(run(store)).rejects.toThrow('disk full')
  expect(readdirSync(outFolder)).toEqual([])
})
