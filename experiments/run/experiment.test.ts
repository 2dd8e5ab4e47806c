import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Database, Ledger, NodeStorage, verifyDatabase } from '../../engine/index.ts'
import { hasDirectReads } from '../../engine/storage/testing/has-direct-reads.ts'
import { contradictionsIn } from '../../results/consistency/contradictions.ts'
import { type RunResult, runResultSchema } from '../../results/schema.ts'
import { mergeField, Operation } from '../../workloads/index.ts'
import { databaseFolder, type ExperimentContext } from '../base/context.ts'
import { Interrupted } from '../base/interrupted.ts'
import type { RunPlan } from '../base/run-plan.ts'
import { parseCommand } from '../cli/request.ts'
import { resolvePlans } from '../cli/resolve.ts'
import { overDefaults } from '../cli/testing/over-defaults.ts'
import { runExperiment } from './experiment.ts'
import { quietContext } from './testing/quiet-context.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-experiment-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function plansFor(...flags: string[]): Promise<readonly RunPlan[]> {
  const small = ['--records=1000', '--operations=1000', '--set=memtableBytes=64KiB']
  const command = parseCommand(overDefaults([...small, '--storage=memory'], flags))
  if (command.kind !== 'run') throw new Error(command.kind)
  return resolvePlans(command.request)
}

function run(plan: RunPlan, change: Partial<ExperimentContext> = {}): Promise<RunResult> {
  return runExperiment(plan, { ...quietContext(folder), ...change })
}

async function resultFor(...flags: string[]): Promise<RunResult> {
  const [plan] = await plansFor(...flags)
  return run(plan!)
}

function readCellsOf({ deterministic }: RunResult) {
  return deterministic.ledger.cells.filter(({ direction }) => direction === 'read')
}

describe('deterministic figures', () => {
  test('one seed twice: equal to the bit', async () => {
    const [first, second] = [await resultFor(), await resultFor()]
    expect(second.deterministic).toEqual(first.deterministic)
    expect(second.id).toBe(first.id)
  })

  test('do not depend on where the bytes are stored', async () => {
    const memory = await resultFor()
    const disk = await resultFor('--storage=node')
    expect(disk.deterministic).toEqual(memory.deterministic)
  })

  test('of an encrypted run: entries as without, and every byte of the frames counted', async () => {
    const plain = await resultFor('--storage=node')
    const encrypted = await resultFor('--storage=node', '--set=encryption=aes-256-gcm')
    const again = await resultFor('--set=encryption=aes-256-gcm')
    expect(again.deterministic).toEqual(encrypted.deterministic)
    const wanted = ['conservation', 'answers', 'operating-system']
    const gates = encrypted.gates.filter(({ name }) => wanted.includes(name))
    expect(gates.map(({ passed }) => passed)).toEqual([true, true, true])
    const [before, after] = [plain, encrypted].map(
      ({ deterministic }) => deterministic.amplification.drained,
    )
    expect(after!.waEntries).toBe(before!.waEntries)
    expect(after!.physicalBytes).toBeGreaterThan(before!.physicalBytes)
    expect(after!.waTotal).toBeGreaterThan(before!.waTotal!)
    await expect(plansFor('--set=encryption=aes-256-gcm', '--target=simulator')).rejects.toThrow(
      '--set=encryption: not with --target=simulator, which writes no files',
    )
  })

  test.skipIf(!hasDirectReads())('of direct reads: as through the page cache', async () => {
    const plain = await resultFor('--storage=node')
    const direct = await resultFor('--storage=node', '--set=directReads=true')
    // Only the folder's record of its options differs.
    expect(direct.deterministic.tableDigest).toBe(plain.deterministic.tableDigest)
    expect(readCellsOf(direct)).toEqual(readCellsOf(plain))
    expect(direct.config.engine.directReads).toBe(true)
    const readBytes = (result: RunResult) => result.timed.operatingSystem!.readBytes
    expect(readBytes(direct), 'whole blocks').toBeGreaterThan(readBytes(plain))
    const failed = direct.gates.filter(({ passed }) => !passed).map(({ name }) => name)
    for (const name of ['conservation', 'answers', 'operating-system']) {
      expect(failed).not.toContain(name)
    }
    const why = (result: RunResult) =>
      result.gates.find(({ name }) => name === 'dataset-beyond-cache')!.why
    expect(why(plain)).toMatch(/the page cache may hold every file$/)
    expect(why(direct)).toMatch(/reads avoid the page cache$/)
    await expect(plansFor('--set=directReads=true', '--target=simulator')).rejects.toThrow(
      '--set=directReads: not with --target=simulator, which reads no files',
    )
    await expect(plansFor('--set=directReads=true', '--storage=memory')).rejects.toThrow(
      '--set=directReads: not with --storage=memory, which has no page cache',
    )
  })

  test('do not depend on wall time: a strategy sees one millisecond per operation', async () => {
    const [plan] = await plansFor()
    const times: number[] = []
    const createStrategy = () => {
      const strategy = plan!.createStrategy()
      return {
        ...strategy,
        pick(view: Parameters<typeof strategy.pick>[0]) {
          times.push(view.nowMs - Date.UTC(2026, 0, 1))
          return strategy.pick(view)
        },
      }
    }
    const { deterministic } = await run({ ...plan!, createStrategy })
    const flushes = deterministic.events.log.filter((event) => event.kind === 'flush')
    // A flush happens within its operation, which counts as done only afterwards.
    const expected = flushes.map((event) => Math.min(event.atOperation + 1, 2000))
    expect([...new Set(times)]).toEqual(expected)
  })

  test('another seed or repeat gives another stream and other tables', async () => {
    const base = await resultFor()
    const [, repeated] = await plansFor('--repeat=2')
    for (const other of [await resultFor('--seed=43'), await run(repeated!)]) {
      expect(other.deterministic.traceHash).not.toBe(base.deterministic.traceHash)
      expect(other.deterministic.tableDigest).not.toBe(base.deterministic.tableDigest)
      expect(other.id).not.toBe(base.id)
    }
  })

  test('strategies share the stream and differ in cost', async () => {
    const tiering = await resultFor('--strategy=tiering')
    const leveling = await resultFor('--strategy=leveling')
    expect(leveling.deterministic.traceHash).toBe(tiering.deterministic.traceHash)
    const wa = ({ deterministic }: RunResult) => deterministic.amplification.drained.waLsm!
    expect(wa(leveling)).toBeGreaterThan(wa(tiering))
  })
})

describe('a result', () => {
  test('fits the schema, and its bytes are conserved', async () => {
    const result = await resultFor()
    runResultSchema.parse(result)
    const { deterministic, gates } = result
    expect(deterministic.ledger.balance.conserved).toBe(true)
    const verdict = Object.fromEntries(gates.map(({ name, passed }) => [name, passed]))
    expect(verdict).toMatchObject({ conservation: true, drained: true })
  })

  test('divides the work of the value log among the phases', async () => {
    const log = ['--set=valueLog.thresholdBytes=100', '--set=valueLog.gcPolicy=fifo']
    const small = ['--set=valueLog.segmentBytes=64KiB', '--set=memtableBytes=32KiB']
    const result = await resultFor('--operations=5000', '--strategy=leveling', ...log, ...small)
    expect(contradictionsIn(result)).toEqual([])
    const { phases, valueLog: whole } = result.deterministic
    const [load, ran] = phases.map(({ valueLog }) => valueLog!)
    // Nothing is overwritten in the load, so everything that is moved is moved later.
    expect(load).toMatchObject({ waLog: 1, segmentsCollected: 0 })
    expect(ran!.segmentsCollected).toBeGreaterThan(0)
    expect(ran!.waLog).toBeGreaterThan(whole!.waLog!)
    const bare = await resultFor()
    expect(bare.deterministic.phases.map(({ valueLog }) => valueLog)).toEqual([null, null, null])
  })

  test('counts every operation of every phase, and its series ends drained', async () => {
    const { deterministic } = await resultFor()
    const [load, ran, drain] = deterministic.phases
    expect(load!.operationsByKind).toEqual({ insert: 1000 })
    const { read = 0, update = 0 } = ran!.operationsByKind
    expect(read + update).toBe(1000)
    expect(drain!.operationsByKind).toEqual({})
    const { getHit, updateRead } = deterministic.readAmplification
    expect([getHit.operations, updateRead.operations]).toEqual([read, update])
    const { drained } = deterministic.amplification
    const userBytes = deterministic.phases.reduce((sum, phase) => sum + phase.userBytes, 0)
    expect(drained.userBytes).toBe(userBytes)
    expect(deterministic.series.at(-1)).toMatchObject({
      atOperation: 2000,
      physicalBytes: drained.physicalBytes,
    })
    expect(deterministic.events.log.map((event) => event.atOperation)).toEqual(
      deterministic.events.log.map((event) => event.atOperation).toSorted((a, b) => a - b),
    )
  })

  test('--value-bytes: blind puts of exactly this many bytes', async () => {
    const { deterministic } = await resultFor('--value-bytes=50', '--param=zeropadding=19')
    expect(deterministic.readAmplification.updateRead.operations).toBe(0)
    const { liveLogicalBytes } = deterministic.amplification.drained
    expect(liveLogicalBytes).toBe(1000 * (50 + 'user'.length + 19))
  })

  test('a scan returns the entries it asks for', async () => {
    const { deterministic } = await resultFor('--workload=ycsb-e', '--operations=300')
    const { shortScan, longScan } = deterministic.readAmplification
    expect(shortScan.operations + longScan.operations).toBe(
      deterministic.phases[1]!.operationsByKind.scan,
    )
    expect(shortScan.bytesReturned / shortScan.operations).toBeGreaterThan(20_000)
  })
})

test('a kept database holds every record of the stream, and nothing else', async () => {
  const [plan] = await plansFor('--storage=node', '--workload=ycsb-f', '--records=400')
  const { deterministic } = await run(plan!, { keep: true })
  const shadow = replay(plan!)
  using database = Database.open({
    storage: new NodeStorage(new Ledger()),
    folder: databaseFolder(folder, plan!),
    strategy: plan!.createStrategy(),
  })
  let bytes = 0
  for (const [key, value] of database.scan()) {
    const name = new TextDecoder().decode(key)
    expect(Buffer.compare(shadow.get(name)!, value), name).toBe(0)
    shadow.delete(name)
    bytes += key.length + value.length
  }
  expect(shadow.size, 'records that are missing').toBe(0)
  expect(deterministic.amplification.drained.liveLogicalBytes).toBe(bytes)
})

/** The stream applied to a map. */
function replay(plan: RunPlan): Map<string, Uint8Array> {
  const { load, phases } = plan.createWorkload()
  const shadow = new Map<string, Uint8Array>()
  const operation = new Operation()
  for (const stream of [load, ...phases.map((phase) => phase.stream)]) {
    while (stream.next(operation)) {
      const name = new TextDecoder().decode(operation.key)
      if (operation.valueLength > 0) {
        const value = stream.value(operation).slice()
        const field = stream.fieldNames[operation.fieldIndex]
        shadow.set(name, field === undefined ? value : mergeField(shadow.get(name)!, field, value))
      }
      stream.acknowledge(operation)
    }
  }
  return shadow
}

const rests = () => null

describe('the folder', () => {
  const smallOnDisk = () => plansFor('--storage=node', '--records=200', '--operations=600')

  test('is gone after a run and after an interrupt', async () => {
    const [plan] = await smallOnDisk()
    const path = databaseFolder(folder, plan!)
    await run(plan!)
    expect(existsSync(path)).toBe(false)
    const interrupt = new AbortController()
    const interrupted = run(plan!, {
      signal: interrupt.signal,
      keep: true,
      onProgress: (phase) => phase === 'run' && interrupt.abort(),
    })
    await expect(interrupted).rejects.toThrow(Interrupted)
    expect(existsSync(path)).toBe(false)
  })

  test('of a strategy that picks unsafely is kept on demand, and can be read back', async () => {
    const module = join(
      import.meta.dirname,
      '../../strategies/conformance/broken/newest-run-down.ts',
    )
    const flags = [`--strategy=${module}`, '--storage=node', '--records=1000']
    const [plan] = await plansFor(...flags)
    await expect(run(plan!, { keep: true })).rejects.toThrow(
      /rule recency: table \d+ of level 0 would pass table \d+/,
    )
    const storage = new NodeStorage(new Ledger())
    const path = databaseFolder(folder, plan!)
    expect(verifyDatabase(storage, path)).toMatchObject({ faults: [] })
    const strategy = plan!.createStrategy()
    using database = Database.open({
      storage,
      folder: path,
      strategy: { ...strategy, pick: rests },
    })
    const { load } = plan!.createWorkload()
    const operation = new Operation()
    let found = 0
    for (let at = 0; load.next(operation); at++, load.acknowledge(operation)) {
      const value = database.get(operation.key)
      if (value === undefined) continue
      expect(value).toEqual(load.value(operation))
      found++
      expect(found, 'records after one that is missing').toBe(at + 1)
    }
    // Two memtables of 64 KiB had to be full for the first pick.
    expect(found).toBeGreaterThan(100)
  })

  test('of a killed run is emptied, of a living run is not touched', async () => {
    const [plan] = await smallOnDisk()
    const path = databaseFolder(folder, plan!)
    mkdirSync(path)
    writeFileSync(join(path, '000007.sst'), 'what a killed run left')
    await run(plan!)
    mkdirSync(path)
    writeFileSync(join(path, '000007.sst'), 'of a living run')
    const lock = new NodeStorage(new Ledger()).lock(path)
    await expect(run(plan!)).rejects.toMatchObject({ code: 'LSM_LOCKED' })
    expect(readdirSync(path)).toContain('000007.sst')
    lock.release()
  })
})
