/**
 * The engine in logical time, in drawn interleavings and in threads, under every policy: the same
 * answers as a map, whatever order the jobs end in, and the same times in equal runs.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { systemTimers, type Timers } from '../../engine/base/clock.ts'
import { createRandom, deriveSeed } from '../../engine/base/random.ts'
import { Database } from '../../engine/db/database.ts'
import type { ExecutorFactory } from '../../engine/scheduling/executor-factory.ts'
import type { JobOrder, JobOutcome } from '../../engine/scheduling/job-order.ts'
import { runJob } from '../../engine/scheduling/run-job.ts'
import { jobWork } from '../../engine/scheduling/virtual/job-work.ts'
import { SeededExecutor } from '../../engine/scheduling/virtual/seeded-executor.ts'
import { VirtualClock } from '../../engine/scheduling/virtual/virtual-clock.ts'
import { VirtualExecutor } from '../../engine/scheduling/virtual/virtual-executor.ts'
import { Ledger } from '../../engine/storage/ledger.ts'
import { MemoryStorage } from '../../engine/storage/memory-storage.ts'
import { NodeStorage } from '../../engine/storage/node-storage.ts'
import type { Storage } from '../../engine/storage/storage.ts'
import { WriteBatch } from '../../engine/wal/write-batch.ts'
import { STRATEGIES } from '../catalog.ts'
import { SCHEDULING_POLICIES, schedulingPolicyOf } from './index.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const keyOf = (number: number) => `k${String(number).padStart(3, '0')}`
const text = (array: Uint8Array) => new TextDecoder().decode(array)

interface Setting {
  readonly policy: string
  readonly strategy: string
  readonly seed: number
  readonly operations: number
}

interface Stage {
  readonly storage: Storage
  readonly folder: string
  readonly clock: VirtualClock
  readonly timers: Timers
  readonly scheduling: 'threads' | ExecutorFactory
  /** Called before each write. */
  readonly between: () => Promise<void> | void
}

/** A database in memory and in logical time. */
const inMemory = () => {
  const clock = new VirtualClock({ startMs: 1_000 })
  return { storage: new MemoryStorage(new Ledger()), folder: '/db', clock, timers: clock }
}

/** Writes drawn keys and compares with a map. Returns the events with their times. */
async function play(
  { policy, strategy, seed, operations }: Setting,
  { storage, folder, clock, timers, scheduling, between }: Stage,
): Promise<readonly string[]> {
  const random = createRandom(deriveSeed(seed, 'operations'))
  const oracle = new Map<string, string>()
  const log: string[] = []
  const open = (how: Stage['scheduling'] | 'inline') =>
    Database.open({
      storage,
      folder,
      strategy: STRATEGIES.get(strategy)!.create({}),
      clock,
      timers,
      options: {
        memtableBytes: 4096,
        blockBytes: 256,
        compression: 'none',
        memtablesMax: 2,
        backgroundJobs: 4,
        scheduling: policy,
      },
      scheduling: how,
      schedulingPolicy: schedulingPolicyOf(policy),
      onEvent: (event) => log.push(`${clock.elapsedNs()} ${event.kind}`),
    })
  const check = (db: Database) => {
    const found = [...db.scan({})].map(([key, value]) => `${text(key)}=${text(value)}`)
    const wanted = [...oracle].map(([key, value]) => `${key}=${value}`).sort()
    expect(found, `seed ${seed}`).toEqual(wanted)
  }
  {
    using db = open(scheduling)
    for (let at = 0; at < operations; at++) {
      await between()
      const key = keyOf(random.nextBelow(300))
      const batch = new WriteBatch()
      if (random.nextBelow(8) === 0) {
        batch.delete(bytes(key))
        oracle.delete(key)
      } else {
        const value = `${at}`.padEnd(100, '.')
        batch.put(bytes(key), bytes(value))
        oracle.set(key, value)
      }
      db.writeSync(batch)
      const probe = keyOf(random.nextBelow(300))
      const found = db.get(bytes(probe))
      expect(found && text(found), `seed ${seed}, ${probe}`).toBe(oracle.get(probe))
    }
    check(db)
    db.flush()
    check(db)
  }
  using db = open('inline')
  check(db)
  return log
}

/** A write every 0.1 ms, on a device that a load of this kind keeps busy. */
async function playVirtual(setting: Setting) {
  const stage = inMemory()
  const { clock } = stage
  let overlap = 0
  const scheduling: ExecutorFactory = ({ room, policy, limitBytesPerSecond, workers, pressure }) =>
    new VirtualExecutor({
      clock,
      device: { readBytesPerMs: 8000, writeBytesPerMs: 4000, latencyMs: 0.05, perFileMs: 0.1 },
      work: jobWork(room),
      policy: {
        ...policy!,
        plan(view) {
          overlap = Math.max(overlap, view.jobs.length)
          return policy!.plan(view)
        },
      },
      workers,
      limitBytesPerSecond,
      pressure,
      measureEveryMs: 5,
    })
  const between = () => clock.runUntil(clock.elapsedNs() + 100_000)
  const log = await play(setting, { ...stage, scheduling, between })
  return { log, overlap }
}

/** Jobs work and end at drawn moments between the writes. */
function playSeeded(setting: Setting): Promise<readonly string[]> {
  const random = createRandom(deriveSeed(setting.seed, 'jobs'))
  const stage = inMemory()
  const { clock } = stage
  let executor: SeededExecutor<JobOrder, JobOutcome> | null = null
  const scheduling: ExecutorFactory = ({ room, workers }) => {
    const run = (order: JobOrder) => runJob(order, room)
    executor = new SeededExecutor(run, random, workers, room.makeCall)
    return executor
  }
  const between = () => {
    clock.runUntil(clock.elapsedNs() + 100_000)
    if (random.nextBelow(20) === 0) executor!.turn()
  }
  return play(setting, { ...stage, scheduling, between })
}

const policies = [...SCHEDULING_POLICIES.keys()]
const strategies = ['leveling', 'tiering', 'leveling-partial', 'universal']
const pairs = policies.flatMap((policy) =>
  strategies.map((strategy) => [policy, strategy] as const),
)

test.each(pairs)(
  '%s and %s answer as a map does in logical time, the same twice',
  async (policy, strategy) => {
    const setting = { policy, strategy, seed: 1, operations: 600 }
    const run = await playVirtual(setting)
    expect(run.log.length).toBeGreaterThan(15)
    expect(run.overlap).toBeGreaterThan(1)
    expect(await playVirtual(setting)).toEqual(run)
  },
)

test.each([...STRATEGIES.keys()])('jobs of %s may end in any order', async (strategy) => {
  for (let seed = 1; seed <= 2; seed++) {
    const setting = { policy: 'fair', strategy, seed, operations: 600 }
    expect(await playSeeded(setting)).toEqual(await playSeeded(setting))
  }
})

test.each(policies)('%s answers as a map does in threads', async (policy) => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-policies-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const log = await play(
    { policy, strategy: 'leveling-partial', seed: 1, operations: 600 },
    {
      storage: new NodeStorage(),
      folder,
      clock: new VirtualClock(),
      timers: systemTimers,
      scheduling: 'threads',
      between: () => nextTurn(),
    },
  )
  expect(log.length).toBeGreaterThan(10)
})
