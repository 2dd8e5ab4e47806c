/** Runs from loaded trees equal the runs that do the load, and the store of trees is reliable. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Operation, type Workload } from '../../../workloads/index.ts'
import type { ExperimentContext } from '../../base/context.ts'
import { digestOf } from '../../base/digest.ts'
import type { RunPlan } from '../../base/run-plan.ts'
import { parseCommand } from '../../cli/request.ts'
import { resolvePlans } from '../../cli/resolve.ts'
import { overDefaults } from '../../cli/testing/over-defaults.ts'
import { runExperiment } from '../experiment.ts'
import { findAged, hashOfSpec, specOf } from './aged-tree.ts'
import { agedPlan, runAged } from './run-aged.ts'

const CODE = { commit: null, dirty: false, varveVersion: '0.0.0+test' }

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-aged-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const small = [
  ...['--records=600', '--operations=400', '--set=memtableBytes=32KiB', '--value-bytes=200'],
  '--strategy=leveling-partial',
]

async function planOf(...flags: string[]): Promise<RunPlan> {
  const command = parseCommand(overDefaults(small, flags))
  if (command.kind !== 'run') throw new Error('no run')
  return (await resolvePlans(command.request))[0]!
}

function context(): ExperimentContext {
  return {
    outFolder: folder,
    keep: false,
    code: CODE,
    signal: new AbortController().signal,
    terminalWritten: () => ({ bytes: 0, calls: 0 }),
    onProgress: () => {},
  }
}

/** Skips the load, as if the tree already contained it. */
function withoutLoad({ load, ...rest }: Workload): Workload {
  const operation = new Operation()
  while (load.next(operation)) load.acknowledge(operation)
  return { ...rest, load: { ...load, next: () => false } }
}

const trees = () => join(folder, 'trees')
const aged = (plan: RunPlan) => runAged(agedPlan(plan, trees(), CODE.varveVersion), context())

function contentsOf(place: string): readonly (readonly [string, string])[] {
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(place, name)).isFile())
    .map((name) => [name, digestOf([readFileSync(join(place, name))])] as const)
}

describe('a run from a loaded tree', () => {
  test('is the same whether the tree was built for it or found', async () => {
    const plan = await planOf()
    const built = await aged(plan)
    const before = contentsOf(trees())
    const found = await aged(plan)
    expect(found.deterministic).toEqual(built.deterministic)
    expect(contentsOf(trees())).toEqual(before)
    expect(readdirSync(folder)).toEqual(['trees'])
  })

  test('is the same on a deep copy: links behave like files', async () => {
    const plan = await planOf()
    const linked = await aged(plan)
    const database = join(trees(), linked.config.aged!.tree, 'db')
    const copied = await runExperiment(
      {
        ...plan,
        createWorkload: () => withoutLoad(plan.createWorkload()),
        aged: {
          clone: (target) => cpSync(database, target, { recursive: true }),
          afterLoad: (target) => target,
        },
      },
      context(),
    )
    const { ledger, counts, tableDigest, readAmplification } = linked.deterministic
    expect(copied.deterministic).toMatchObject({ counts, tableDigest, readAmplification })
    expect(copied.deterministic.ledger).toEqual(ledger)
  })

  test('equals a run with its own load, and counts only its run phase', async () => {
    const plan = await planOf()
    const plain = await runExperiment(plan, context())
    const { config, deterministic, timed, gates } = await aged(plan)
    const run = plain.deterministic.phases[1]!
    expect(config.aged).not.toBeNull()
    expect(deterministic.traceHash).toBe(plain.deterministic.traceHash)
    expect(deterministic.phases.map(({ name }) => name)).toEqual(['run', 'drain'])
    expect(deterministic.phases[0]).toMatchObject({
      operationsByKind: run.operationsByKind,
      userBytes: run.userBytes,
    })
    expect(timed.phases.map(({ name }) => name)).toEqual(['run', 'drain'])
    expect(deterministic.series[0]!.atOperation).toBeGreaterThan(600)
    expect(timed.series[0]!.atOperation).toBeGreaterThan(600)
    const { drained } = deterministic.amplification
    expect(drained.userBytes).toBe(run.userBytes)
    expect(drained.liveLogicalBytes).toBe(
      plain.deterministic.amplification.drained.liveLogicalBytes,
    )
    const { getHit, getMiss } = deterministic.readAmplification
    expect(getHit.operations).toBe(plain.deterministic.readAmplification.getHit.operations)
    expect(getMiss.operations).toBe(0)
    expect(deterministic.ledger.balance.presentAtOpenBytes).toBeGreaterThan(600 * 200)
    expect(deterministic.ledger.balance.conserved).toBe(true)
    // The account of the operating system is not checked: the test runner writes in this process
    // too.
    expect(gates.find(({ name }) => name === 'conservation')).toMatchObject({ passed: true })
  })

  test('says so in its id and its command', async () => {
    const plan = agedPlan(await planOf(), 'trees', CODE.varveVersion)
    expect(plan.id).toMatch(/-aged-r0$/)
    expect(plan.command.at(-1)).toBe('--aged=trees')
  })
})

describe('the store', () => {
  test('builds a damaged tree again', async () => {
    const plan = await planOf()
    const { config, deterministic } = await aged(plan)
    const database = join(trees(), config.aged!.tree, 'db')
    const table = readdirSync(database).find((name) => name.endsWith('.sst'))!
    rmSync(join(database, table))
    expect(findAged(trees(), config.aged!.tree)).toBeNull()
    expect((await aged(plan)).deterministic).toEqual(deterministic)
    expect(findAged(trees(), config.aged!.tree)).not.toBeNull()
  })

  test('refuses a load other than the one that made the tree', async () => {
    const plan = await planOf()
    await aged(plan)
    const other = await planOf('--records=500')
    const mixed = { ...plan, createWorkload: other.createWorkload }
    await expect(aged(mixed)).rejects.toThrow('loaded by other operations')
  })

  test('identifies a tree by exactly the settings that decide its bytes', async () => {
    const hash = async (version: string, ...flags: string[]) =>
      hashOfSpec(specOf(await planOf(...flags), version))
    const base = await hash('1')
    expect(await hash('1', '--operations=7', '--rate=100')).toBe(base)
    const others = [
      await hash('2'),
      await hash('1', '--seed=7'),
      await hash('1', '--records=601'),
      await hash('1', '--param=T=3'),
      await hash('1', '--set=blockBytes=8KiB'),
      await hash('1', '--workload=ycsb-b'),
    ]
    expect(new Set([base, ...others]).size).toBe(7)
  })
})

test.each([
  ['--target=simulator', '--aged: not with --target=simulator'],
  ['--storage=memory', '--aged: not with --storage=memory'],
])('--aged with %s is refused', (flag, line) => {
  expect(() => parseCommand(['--aged=trees', flag])).toThrow(line)
})
