import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { RunResult } from '../../results/schema.ts'
import {
  ImportReport,
  importFiles,
  Operation,
  pumpWorkload,
  TraceWriter,
  ycsbText,
} from '../../workloads/index.ts'
import type { RunPlan } from '../base/run-plan.ts'
import { parseCommand } from '../cli/request.ts'
import { resolvePlans } from '../cli/resolve.ts'
import { runExperiment } from '../run/experiment.ts'
import { quietContext } from '../run/testing/quiet-context.ts'
import { Recording } from './recording.ts'
import { writeChunks } from './trace-output.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-replay-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'trace')

async function planOf(...flags: string[]): Promise<RunPlan> {
  const command = parseCommand(['--storage=memory', '--set=memtableBytes=32KiB', ...flags])
  if (command.kind !== 'run') throw new Error(command.kind)
  const [plan] = await resolvePlans(command.request)
  return plan!
}

function run(plan: RunPlan): Promise<RunResult> {
  return runExperiment(plan, quietContext(folder))
}

async function recorded(plan: RunPlan, to = path): Promise<RunResult> {
  using recording = new Recording(to, plan)
  const result = await run(recording.plan)
  recording.finish()
  return result
}

describe('replaying a recorded trace', () => {
  test('gives the deterministic figures of the run that recorded it', async () => {
    const proportion = fc.integer({ min: 0, max: 3 })
    const flags = fc.record({
      workload: fc.constantFrom('ycsb-a', 'ycsb-d', 'ycsb-e', 'ycsb-f'),
      strategy: fc.constantFrom('leveling', 'tiering', 'lazy-leveling'),
      seed: fc.nat(1e9),
      valueBytes: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
      insertproportion: proportion,
      updateproportion: proportion,
      fieldlengthdistribution: fc.constantFrom('constant', 'uniform'),
    })
    await fc.assert(
      fc.asyncProperty(flags, async ({ workload, strategy, seed, valueBytes, ...params }) => {
        const common = [`--strategy=${strategy}`, `--seed=${seed}`]
        const original = await planOf(
          ...[...common, `--workload=${workload}`, '--records=200', '--operations=300'],
          ...(valueBytes === undefined ? [] : [`--value-bytes=${valueBytes}`]),
          ...Object.entries(params).map(([name, value]) => `--param=${name}=${value}`),
        )
        const result = await recorded(original)
        const replay = await run(await planOf(...common, `--trace=${path}`))
        expect(replay.deterministic).toEqual(result.deterministic)
        expect(replay.config).toMatchObject({ records: 200, operations: 300 })
      }),
      { numRuns: 8 },
    )
  })

  test.each(['delete-heavy', 'mixgraph', 'fillrandom'])('%s: the same', async (workload) => {
    const sizes = ['--records=300', '--operations=400']
    const plan = await planOf(`--workload=${workload}`, ...sizes)
    const result = await recorded(plan)
    const replay = await run(await planOf(`--trace=${path}`))
    expect(replay.deterministic).toEqual(result.deterministic)
  })

  test('and recording it again gives the same trace', async () => {
    const again = join(folder, 'again')
    await recorded(await planOf('--workload=ycsb-f', '--records=100', '--operations=100'))
    await recorded(await planOf(`--trace=${path}`), again)
    const operations = (file: string) => readFileSync(file).length
    expect(operations(again)).toBeGreaterThan(0)
    const [first, second] = [path, again].map((file) => planOf(`--trace=${file}`))
    expect((await run(await second!)).deterministic).toEqual(
      (await run(await first!)).deterministic,
    )
  })

  test('is named by its content, not by its file', async () => {
    await recorded(await planOf('--workload=ycsb-a', '--records=50', '--operations=50'))
    const first = await planOf(`--trace=${path}`)
    await recorded(await planOf('--workload=ycsb-a', '--records=50', '--operations=51'))
    const second = await planOf(`--trace=${path}`)
    expect(second.id).not.toBe(first.id)
    expect(second.command).toContain(`--trace=${path}`)
  })
})

describe('a run of an imported text', () => {
  test('builds the same tables as the run that the text was exported from', async () => {
    const plan = await planOf('--workload=ycsb-a', '--records=200', '--operations=400')
    const text = join(folder, 'text')
    await writeChunks(ycsbText(plan.createWorkload()), text)
    const header = { workload: 'imported-ycsb', params: {}, keyNumbers: 'hashed' } as const
    const writer = new TraceWriter(path, header)
    const report = new ImportReport({ errorsMax: 0, onMalformed() {} })
    writer.finish(await importFiles('ycsb', [text], writer, report))
    const [original, replay] = [await run(plan), await run(await planOf(`--trace=${path}`))]
    const { deterministic } = replay
    expect(deterministic.tableDigest).toBe(original.deterministic.tableDigest)
    expect(deterministic.ledger).toEqual(original.deterministic.ledger)
  })
})

test('a run that fails leaves no trace', async () => {
  const plan = await planOf('--workload=ycsb-a', '--records=50', '--operations=50')
  const signal = AbortSignal.abort()
  const lost = join(folder, 'lost')
  const attempt = async () => {
    using recording = new Recording(lost, plan)
    await runExperiment(recording.plan, {
      outFolder: folder,
      keep: false,
      signal,
      onProgress() {},
      code: { commit: null, dirty: false, varveVersion: 'test' },
      terminalWritten: () => recording.written,
    })
    recording.finish()
  }
  await expect(attempt()).rejects.toThrow('interrupted')
  expect(() => readFileSync(lost)).toThrow('ENOENT')
})

test('a trace made without a run equals the one that a run records', async () => {
  const plan = await planOf('--workload=ycsb-e', '--records=100', '--operations=100')
  const result = await recorded(plan)
  const { name, params } = plan.config.workload
  const writer = new TraceWriter(path, { workload: name, params, keyNumbers: 'dense' })
  pumpWorkload(plan.createWorkload(), writer, new Operation())
  writer.finish()
  const replay = await run(await planOf(`--trace=${path}`))
  expect(replay.deterministic).toEqual(result.deterministic)
})
