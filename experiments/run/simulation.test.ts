import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type RunResult, runResultSchema } from '../../results/schema.ts'
import { open } from '../../strategies/open.ts'
import { databaseFolder } from '../base/context.ts'
import { Interrupted } from '../base/interrupted.ts'
import { chartFor } from '../charts/chart-for.ts'
import { parseCommand } from '../cli/request.ts'
import { resolvePlans } from '../cli/resolve.ts'
import { runExperiment } from './experiment.ts'
import { quietContext } from './testing/quiet-context.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-simulation-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function plansFor(...flags: string[]) {
  const command = parseCommand(flags)
  if (command.kind !== 'run') throw new Error(command.kind)
  return resolvePlans(command.request)
}

async function resultFor(flags: readonly string[], signal = new AbortController().signal) {
  const [plan] = await plansFor(...flags)
  return runExperiment(plan!, { ...quietContext(folder), signal })
}

const SMALL = ['--records=2000', '--operations=3000', '--set=memtableBytes=64KiB']
const PLAIN = ['--set=compression=none', '--storage=memory']
const onEngine = (...flags: string[]) => resultFor([...SMALL, ...PLAIN, ...flags])
const simulated = (...flags: string[]) => resultFor([...SMALL, '--target=simulator', ...flags])

const failed = ({ gates }: RunResult) => gates.filter((gate) => !gate.passed).map((g) => g.name)

describe('exact keys, beside the engine on the same stream', () => {
  test.each([
    ['--strategy=leveling', '--workload=ycsb-a'],
    ['--strategy=leveling-partial', '--workload=ycsb-f'],
    ['--strategy=tiering', '--workload=ycsb-d'],
    ['--strategy=lazy-leveling', '--workload=ycsb-e'],
  ])('%s %s: every figure it has equals the engine’s', async (...flags) => {
    const [engine, simulator] = [await onEngine(...flags), await simulated(...flags)]
    const [measured, told] = [engine.deterministic, simulator.deterministic]
    expect(told.traceHash).toBe(measured.traceHash)
    expect(told.counts).toEqual(measured.counts)
    for (const state of ['burst', 'drained'] as const) {
      const [true_, ours] = [measured.amplification[state], told.amplification[state]]
      for (const figure of ['userBytes', 'flushedRawBytes', 'mergedRawBytes', 'waLsm'] as const) {
        expect(ours[figure], figure).toBe(true_[figure])
      }
      const { wal = 0 } = true_.bytesWrittenByCause
      expect(Math.abs(ours.bytesWrittenByCause.wal! / wal - 1)).toBeLessThan(0.001)
      expect(ours.liveLogicalBytes).toBe(true_.liveLogicalBytes)
    }
    expect(told.levels.map((level) => ({ ...level, bytesRead: 0 }))).toEqual(
      measured.levels.map((level) => ({ ...level, bytesRead: 0 })),
    )
    expect(measured.filters!.runs.length).toBeGreaterThan(0)
    expect(told.filters).toEqual(measured.filters)
    for (const account of ['getHit', 'getMiss', 'updateRead', 'shortScan'] as const) {
      const { operations, runsProbed } = measured.readAmplification[account]
      expect(told.readAmplification[account]).toMatchObject({ operations, runsProbed })
    }
  })

  test('the expected probes for absent keys are reported', async () => {
    const [bare, filtered] = [
      await simulated('--workload=ycsb-c', '--strategy=tiering', '--param=bitsPerKey=0'),
      await simulated('--workload=ycsb-c', '--strategy=tiering'),
    ].map(({ deterministic }) => deterministic)
    const runs = filtered!.levels.reduce((sum, level) => sum + level.runs, 0)
    expect(bare!.filters!.probesPerMiss).toBe(runs)
    const { probesPerMiss } = filtered!.filters!
    expect(filtered!.filters!.runs.length).toBe(runs)
    // 10 bits a key, and more in tables that do not fill their last block of bits.
    expect(probesPerMiss).toBeGreaterThan(0)
    expect(probesPerMiss / runs).toBeLessThan(0.012)
  })

  test('unknown figures are null, and the result is marked as simulated', async () => {
    const result = runResultSchema.parse(await simulated('--workload=ycsb-a'))
    expect(result.config.target).toBe('simulator (exact)')
    expect(failed(result)).toContain('measured')
    expect(failed(result)).not.toContain('conservation')
    expect(result.deterministic.tableDigest).toBeNull()
    expect(result.deterministic.readAmplification.getHit.blocksPerOperation).toBeNull()
    expect(result.timed.latencyByKind).toEqual({})
  })

  test('it simulates no compression, and says so', async () => {
    const { gates } = await simulated('--set=compression=zstd')
    expect(gates.find(({ name }) => name === 'measured')!.why).toMatch(
      'as if uncompressed, not zstd',
    )
  })
})

/** Space as a mean over time: at one moment it depends on when the last level was merged. */
function nearFigures({ deterministic: { amplification, series } }: RunResult) {
  const { userBytes, liveLogicalBytes, waTotal, waEntries } = amplification.drained
  const physicalBytes = series.reduce((sum, point) => sum + point.physicalBytes, 0) / series.length
  return { userBytes, liveLogicalBytes, waTotal: waTotal!, waEntries: waEntries!, physicalBytes }
}

describe('without keys, a load', () => {
  const load = ['--target=simulator', '--workload=ycsb-load', '--strategy=tiering']

  test('is near the same load with keys', async () => {
    const size = ['--set=memtableBytes=64KiB']
    const exact = await resultFor([...load, ...size, '--records=20k'])
    const { userBytes } = exact.deterministic.amplification.drained
    const statistical = await resultFor([...load, ...size, `--user-bytes=${userBytes}`])
    expect(Math.abs(statistical.config.records / 20_000 - 1)).toBeLessThan(0.001)
    for (const figure of ['waTotal', 'waEntries', 'spaceAmplification'] as const) {
      const [told, true_] = [statistical, exact].map(
        ({ deterministic }) => deterministic.amplification.drained[figure]!,
      )
      expect(Math.abs(told! / true_! - 1), figure).toBeLessThan(0.03)
    }
  })

  test('of 64 GiB fits the schema, conserves bytes and can be drawn', async () => {
    const result = runResultSchema.parse(await resultFor([...load, '--user-bytes=64GiB']))
    expect(result.config.target).toBe('simulator (statistical)')
    expect(result.config.engine.memtableBytes).toBe(64 * 2 ** 20)
    expect(result.deterministic.counts.flushes).toBe(1024)
    expect(result.deterministic.ledger.balance.conserved).toBe(true)
    expect(failed(result)).toContain('measured')
    expect(JSON.stringify(chartFor([result]))).toContain('simulated from expected numbers of keys')
    expect(result.command).toContain(`--user-bytes=${64 * 2 ** 30}`)
  })

  test.each([
    ['zipfian updates', ['--workload=ycsb-a', '--param=writeallfields=true']],
    ['a hot spot', ['--workload=ycsb-a', '--param=requestdistribution=hotspot']],
    [
      'latest, read and written',
      ['--workload=ycsb-f', '--param=requestdistribution=latest'],
      '25k',
      '40k',
    ],
    ['inserts among zipfian updates', ['--workload=ycsb-a', '--param=insertproportion=0.5']],
    ['inserts alone', ['--workload=ycsb-d', '--param=insertproportion=0.5']],
    [
      'deletes',
      ['--workload=randomwithverify', '--param=readwritepercent=10', '--param=deletepercent=30'],
    ],
    ['an empty store, then updates', ['--workload=db-bench']],
  ])(
    '%s: is near the same writes with keys',
    async (_, workload, records = '40k', operations = '60k') => {
      const size = ['--set=memtableBytes=64KiB', '--value-bytes=76', `--operations=${operations}`]
      const flags = ['--target=simulator', '--strategy=leveling', ...workload, ...size]
      const exact = await resultFor([...flags, `--records=${records}`])
      const { phases } = exact.deterministic
      const loaded = phases.find(({ userBytes }) => userBytes > 0)!.userBytes
      const statistical = await resultFor([...flags, `--user-bytes=${loaded}`])
      const [told, true_] = [statistical, exact].map(nearFigures)
      for (const [figure, value] of Object.entries(true_!)) {
        expect(Math.abs(told![figure as keyof typeof told]! / value - 1), figure).toBeLessThan(0.03)
      }
    },
  )

  test('of a mix has a run phase, whose writes and steady state are known', async () => {
    const flags = ['--workload=ycsb-a', '--strategy=tiering', '--user-bytes=4GiB']
    const result = runResultSchema.parse(await resultFor(['--target=simulator', ...flags]))
    const { records, operations } = result.config
    expect(operations).toBe(records)
    const [load, run, drain] = result.deterministic.phases
    expect([load!.name, run!.name, drain!.name]).toEqual(['load', 'run', 'drain'])
    expect(load!.operationsByKind).toEqual({ insert: records })
    expect(run!.operationsByKind).toEqual({ update: Math.round(operations / 2) })
    expect(result.deterministic.series.at(-1)!.atOperation).toBe(records + operations)
    expect(result.gates.map(({ name }) => name)).toContain('steady-state')
  })

  test('ends on an interrupt', async () => {
    const interrupt = new AbortController()
    interrupt.abort()
    const run = resultFor([...load, '--user-bytes=1GiB'], interrupt.signal)
    await expect(run).rejects.toThrow(Interrupted)
  })
})

describe('from the tree of a database', () => {
  const own = ['--strategy=tiering', '--records=5000', '--operations=0', ...PLAIN.slice(0, 1)]
  const made = async () => {
    const [plan] = await plansFor(...own, '--set=memtableBytes=64KiB')
    await runExperiment(plan!, { ...quietContext(folder), keep: true })
    return databaseFolder(folder, plan!)
  }

  test('the same strategy has nothing to do; another does what is due, and shows it', async () => {
    const from = `--from=${await made()}`
    const start = async (strategy: string, ...flags: string[]) =>
      resultFor(['--target=simulator', `--strategy=${strategy}`, from, ...flags])
    const same = await start('tiering')
    const { counts, levels, phases } = same.deterministic
    // The tree that was found counts as a flush, which writes nothing.
    expect(counts).toEqual({ flushes: 1, merges: 0, moves: 0, drops: 0 })
    expect(same.deterministic.ledger.balance.conserved).toBe(true)
    expect(levels.map(({ runs }) => runs)).toEqual(phases[0]!.shapeAtStart)
    expect(same.config.engine.memtableBytes).toBe(64 * 1024)
    const leveling = await start('leveling')
    const { deterministic } = leveling
    expect(deterministic.counts.merges).toBeGreaterThan(0)
    expect(deterministic.events.log[1]!.reason!.formula).toBeTypeOf('string')
    expect(deterministic.levels.every(({ runs }) => runs <= 1)).toBe(true)
    const entries = deterministic.levels.reduce((sum, level) => sum + level.entries, 0)
    expect(Math.abs(entries / same.config.records - 1)).toBeLessThan(0.001)
    expect(leveling.id).not.toBe(same.id)
  })

  test('a workload runs onwards, over the keys of the tree', async () => {
    const flags = ['--target=simulator', '--strategy=leveling', `--from=${await made()}`]
    const result = runResultSchema.parse(
      await resultFor([...flags, '--workload=ycsb-a', '--operations=10k']),
    )
    const { userBytes, liveLogicalBytes } = result.deterministic.amplification.drained
    // Half of the operations write a whole record.
    expect(Math.abs(userBytes / liveLogicalBytes - 1)).toBeLessThan(0.001)
    expect(result.deterministic.ledger.balance.conserved).toBe(true)
  })

  test.each([
    [['--strategy=tiering'], '--from: only with --target=simulator'],
    [['--target=simulator', '--records=5'], '--records: not with --from'],
  ])('%s: one line', async (flags, line) => {
    const plans = plansFor(...flags, `--from=${folder}`)
    await expect(plans.catch((error) => error.message)).resolves.toBe(line)
  })

  test('a folder that is no database is named', async () => {
    const plans = plansFor('--target=simulator', `--from=${folder}`)
    const line = `--from: ${folder} is not a database: it has no CURRENT file`
    await expect(plans.catch((error) => error.message)).resolves.toBe(line)
  })

  test('a tree with range deletions is refused', async () => {
    const place = join(folder, 'ranges')
    const db = open(place)
    await db.deleteRange(Uint8Array.of(1), Uint8Array.of(2))
    using _snapshot = db.snapshot()
    await db.deleteRange(Uint8Array.of(1), Uint8Array.of(3))
    db.flush()
    db.close()
    const plans = plansFor('--target=simulator', '--strategy=tiering', `--from=${place}`)
    const line = `--from: ${place} holds 2 range deletions, which the simulator does not model`
    await expect(plans.catch((error) => error.message)).resolves.toBe(line)
  })
})

test('a comparison with the engine names the target of each row and what was not measured', async () => {
  const results = [await onEngine('--workload=ycsb-a'), await simulated('--workload=ycsb-a')]
  const text = JSON.stringify(chartFor(results))
  expect(text).toContain('tiering varve')
  expect(text).toContain('tiering simulator (exact) †')
  expect(text).toContain('measured failed in 1 of 2 runs')
})

describe('mistakes', () => {
  test.each([
    [['--user-bytes=1GiB'], '--user-bytes: only with --target=simulator'],
    [
      ['--target=simulator', '--user-bytes=1GiB', '--records=5'],
      '--records: not with --user-bytes, which says how much is loaded',
    ],
    [
      ['--target=simulator', '--user-bytes=1GiB', '--param=requestdistribution=sequential'],
      'ycsb-a: without keys, the simulator does not know requestdistribution=sequential; it knows ' +
        'uniform, zipfian, hotspot, and without inserts latest and exponential',
    ],
    [
      ['--target=simulator', '--user-bytes=1GiB', '--workload=mixgraph', '--value-bytes=43'],
      'mixgraph: without keys, the simulator does not know key-ranges where neighbouring records ' +
        'have neighbouring keys; it knows uniform and scrambled; with hashed keys and without ' +
        'inserts, zipfian, hotspot, latest and exponential; to fill an empty store, sequential ' +
        'and shuffled',
    ],
    [
      ['--target=simulator', '--user-bytes=1GiB', '--workload=mixgraph'],
      'mixgraph: without keys, the simulator does not know values of 43 and of 36 bytes; it takes ' +
        'one mean size; --value-bytes sets it',
    ],
    [
      ['--target=simulator', '--user-bytes=1GiB', '--workload=readrandom', '--until=steady'],
      '--until: not with --user-bytes, which says how much is loaded',
    ],
    [
      ['--target=simulator', '--param=fieldlengthdistribution=uniform'],
      'ycsb-a: the simulator keeps no fields, so an update of one needs ' +
        'fieldlengthdistribution=constant, writeallfields=true or --value-bytes',
    ],
  ])('%s', async (flags, line) => {
    await expect(plansFor(...flags).catch((error) => error.message)).resolves.toBe(line)
  })
})
