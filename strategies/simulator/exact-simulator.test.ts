import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../engine/base/clock.ts'
import { Database } from '../../engine/db/database.ts'
import { Ledger } from '../../engine/storage/ledger.ts'
import { MemoryStorage } from '../../engine/storage/memory-storage.ts'
import { WriteBatch } from '../../engine/wal/write-batch.ts'
import { STRATEGIES } from '../catalog.ts'
import { leveling } from '../whole-levels/leveling.ts'
import { tiering } from '../whole-levels/tiering.ts'
import { ExactSimulator } from './exact-simulator.ts'
import type { Write } from './testing/both-ways.ts'
import { withRandomSoftCuts } from './testing/random-soft-cuts.ts'
import { expectSameEdits } from './testing/same-edits.ts'
import { churn, uniqueWrites, ycsbWrites } from './testing/streams.ts'

const streams: readonly (readonly [string, () => Iterable<Write>])[] = [
  ['ycsb-a', () => ycsbWrites('ycsb-a', { records: 500, operations: 2000, valueBytes: 100 }, 2)],
  ['puts and deletes', () => churn(2500, 300, 3)],
]

describe.each([...STRATEGIES])('%s', (_, module) => {
  test.each(streams)('makes the engine’s edits of %s', (_name, stream) => {
    const strategy = module.create()
    const setup = { strategy, memtableBytes: 4096, blockBytes: 512, blockRestartInterval: 4 }
    expectSameEdits(setup, stream())
  })
})

describe('random soft cuts', () => {
  const some = [
    { name: 'leveling', params: { targetTableBytes: 1024 } },
    { name: 'leveling-partial', params: { T: 3 } },
    { name: 'dynamic-leveled', params: { T: 2, targetTableBytes: 8192 } },
    { name: 'tiering', params: {} },
    { name: 'fragmented', params: {} },
  ]
  test.each(some)('of $name end the same tables as in the engine', ({ name, params }) => {
    for (let seed = 1; seed <= 6; seed++) {
      const strategy = withRandomSoftCuts(STRATEGIES.get(name)!.create(params), seed)
      const setup = { strategy, memtableBytes: 4096, blockBytes: 512 }
      expectSameEdits(setup, churn(2000, 600, seed))
      expectSameEdits(setup, uniqueWrites(600, 60, 'hashed', seed))
    }
  })
})

describe('reads', () => {
  test('find what a map finds', () => {
    const simulator = new ExactSimulator({
      strategy: leveling.create(),
      memtableBytes: 2048,
      blocks: { blockBytes: 4096, restartInterval: 16 },
      clock: new ManualClock(),
    })
    const expected = new Map<string, number>()
    const keys = new Map<string, Uint8Array>()
    for (const { key, valueLength } of churn(3000, 300, 5)) {
      keys.set(key.join(), key)
      if (valueLength === null) {
        expected.delete(key.join())
        simulator.delete(key)
      } else {
        expected.set(key.join(), valueLength)
        simulator.put(key, valueLength)
      }
    }
    expect(expected.size).toBeGreaterThan(100)
    for (const [name, key] of keys) expect(simulator.get(key), name).toBe(expected.get(name))
    expect(simulator.get(Uint8Array.of(0))).toBeUndefined()
  })

  test('probe as many runs as the engine does', () => {
    const clock = new ManualClock()
    const strategy = tiering.create()
    const options = { memtableBytes: 4096, compression: 'none' } as const
    const storage = new MemoryStorage(new Ledger())
    const database = Database.open({ storage, folder: '/db', strategy, options, clock })
    const blocks = { blockBytes: 4096, restartInterval: 16 }
    const simulator = new ExactSimulator({ strategy, memtableBytes: 4096, blocks, clock })
    const keys: Uint8Array[] = []
    for (const { key, valueLength } of churn(3000, 600, 6)) {
      keys.push(key)
      const batch = new WriteBatch()
      if (valueLength === null) {
        batch.delete(key)
        simulator.delete(key)
      } else {
        batch.put(key, new Uint8Array(valueLength))
        simulator.put(key, valueLength)
      }
      database.writeSync(batch)
    }
    database.flush()
    simulator.flush()
    for (const key of keys) {
      database.get(key)
      simulator.get(key)
    }
    expect(simulator.runsProbed).toBe(database.getCounters.runsProbed)
    expect(simulator.runsProbed).toBeGreaterThan(keys.length / 2)
    database.close()
  })
})
