// A trace exported for RocksDB holds exactly the calls that a store gets from the runner here.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Ledger, ManualClock, MemoryStorage, systemClock } from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { OPERATION_KIND, WORKLOADS, type Workload } from '../../workloads/index.ts'
import { imported } from '../../workloads/traces/testing/imported.ts'
import type { Target } from '../base/target.ts'
import { createLiveOracle } from '../measure/live-sizes.ts'
import { OperationDriver } from '../run/operation-driver.ts'
import { VarveTarget } from '../targets/varve-target.ts'
import { writeOperations } from './trace-output.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-identical-'))
afterAll(() => rmSync(folder, { recursive: true }))

const CALLS = ['get', 'put', 'delete', 'scan'] as const
type Call = readonly [name: string, key: string, value: string]
const hex = (bytes: unknown) =>
  bytes instanceof Uint8Array ? Buffer.from(bytes).toString('hex') : ''

/** The calls a target gets while `workload` runs. */
function callsOf(workload: Workload): readonly Call[] {
  const tiering = STRATEGIES.get('tiering')!
  const ledger = new Ledger()
  const clock = new ManualClock(0)
  const target = new VarveTarget({
    storage: new MemoryStorage(ledger),
    ledger,
    folder: 'db',
    clock,
    seed: 1,
    onEvent() {},
    strategy: tiering.create(tiering.parse({})),
    strategyParameters: {},
    engineOptions: {},
  })
  const calls: Call[] = []
  const listening = new Proxy<Target>(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name, object)
      if (typeof member !== 'function') return member
      return (...given: readonly unknown[]) => {
        const call = CALLS.find((known) => known === name)
        if (call !== undefined) calls.push([call, hex(given[0]), hex(given[1])])
        return Reflect.apply(member, object, given)
      }
    },
  })
  const driver = new OperationDriver({
    target: listening,
    logicalClock: clock,
    timer: systemClock,
    liveSizes: createLiveOracle('dense', 1000),
    answers: null,
  })
  for (const stream of [workload.load, ...workload.phases.map((phase) => phase.stream)]) {
    driver.beginPhase()
    driver.step(stream, Number.POSITIVE_INFINITY, null)
  }
  target.close()
  return calls
}

/** The calls that the exported trace holds. */
async function exportedCalls(workload: Workload): Promise<readonly Call[]> {
  const out = join(folder, 'trace')
  const header = { workload: 'test', params: {}, keyNumbers: 'dense' } as const
  const request = { format: 'rocksdb', phase: 'all', compression: 'none', out, header } as const
  await writeOperations(workload, request, new AbortController().signal)
  const { phases } = await imported('rocksdb', out, [readFileSync(out)])
  const names: Readonly<Record<number, string>> = {
    [OPERATION_KIND.read]: 'get',
    [OPERATION_KIND.update]: 'put',
    [OPERATION_KIND.delete]: 'delete',
    [OPERATION_KIND.scan]: 'scan',
  }
  return phases.flatMap(({ operations }) =>
    operations.map((one) => [names[one.kind]!, hex(one.key), hex(one.value)] as const),
  )
}

describe('an exported trace', () => {
  const size = { records: 80, operations: 200, seed: 9, repeat: 0 }
  const create = (name: string, more = {}) => WORKLOADS.get(name)!.create({}, { ...size, ...more })
  const { load: nothing } = create('ycsb-c')

  test.each([
    ['ycsb-a', () => create('ycsb-a')],
    ['ycsb-f', () => create('ycsb-f')],
    ['ycsb-e', () => create('ycsb-e')],
    ['ycsb-f of bare values', () => create('ycsb-f', { valueBytes: 50 })],
    ['delete-heavy', () => create('delete-heavy')],
    [
      'ycsb-f on records that were never loaded',
      () => ({ ...create('ycsb-f'), load: { ...nothing, next: () => false } }),
    ],
  ])('of %s holds the calls of its run', async (_, workload) => {
    const calls = callsOf(workload())
    expect(calls.length).toBeGreaterThanOrEqual(200)
    expect(await exportedCalls(workload())).toEqual(calls)
  })
})
