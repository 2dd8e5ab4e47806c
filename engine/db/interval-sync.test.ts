import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { LsmError } from '../base/errors.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { FaultStorage } from '../testing/faults/fault-storage.ts'
import { bytes, openTest, text } from '../testing/fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import { IntervalSync } from './interval-sync.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

function setUp() {
  const clock = new ManualClock()
  const syncs: number[] = []
  const ends: (() => void)[] = []
  const interval = new IntervalSync({
    timers: clock,
    nowMs: () => clock.nowMs(),
    intervalMs: 100,
    sync: () => syncs.push(clock.nowMs()),
    syncAsync() {
      syncs.push(clock.nowMs())
      return new Promise((resolve) => ends.push(resolve))
    },
    failed: () => {},
  })
  return { clock, syncs, ends, interval }
}

describe('the interval', () => {
  test('starts with the first write, and gives one sync for all writes in it', async () => {
    const { clock, syncs, ends, interval } = setUp()
    clock.advance(1000)
    expect(clock.timers).toBe(0)
    for (let write = 0; write < 10; write++) {
      interval.appended()
      clock.advance(10)
    }
    expect(syncs).toEqual([1100])
    ends.shift()!()
    await settled()
    clock.advance(1000)
    expect([syncs, clock.timers]).toEqual([[1100], 0])
  })

  test('is not overtaken: the end of a slow sync starts the next', async () => {
    const { clock, syncs, ends, interval } = setUp()
    interval.appended()
    clock.advance(100)
    interval.appended()
    clock.advance(250)
    expect(syncs).toEqual([100])
    ends.shift()!()
    await settled()
    expect(syncs).toEqual([100, 350])
  })

  test('is overdue if its timer is late, and if a sync lasts a second interval', () => {
    const { clock, interval } = setUp()
    interval.appended()
    expect(interval.isOverdue).toBe(false)
    vi.spyOn(clock, 'nowMs').mockReturnValueOnce(100)
    expect(interval.isOverdue).toBe(true)
    interval.synced()
    expect(interval.isOverdue).toBe(false)
    interval.appended()
    clock.advance(100)
    interval.appended()
    clock.advance(199)
    expect(interval.isOverdue).toBe(false)
    clock.advance(1)
    expect(interval.isOverdue).toBe(true)
  })

  test('is off once something else has synced', () => {
    const { clock, syncs, interval } = setUp()
    interval.appended()
    interval.synced()
    clock.advance(1000)
    expect([syncs, clock.timers]).toEqual([[], 0])
  })

  test('is kept by callers that block the timers', () => {
    const { clock, syncs, interval } = setUp()
    interval.appended()
    interval.syncIfDue()
    expect(syncs).toEqual([])
    // The time passes, but the timer cannot fire.
    const late = new ManualClock(clock.nowMs())
    late.advance(100)
    Object.assign(clock, { nowMs: () => late.nowMs() })
    interval.syncIfDue()
    interval.syncIfDue()
    expect([syncs, clock.timers]).toEqual([[100], 0])
  })
})

/** How many of the first `count` written keys a power loss takes. */
function lostOf(count: number, storage: MemoryStorage): number {
  const rest = storage.powerLoss({ bytes: 'lost', names: 'lost' }, new Ledger())
  const { db } = openTest({ storage: rest })
  const kept = Array.from(db.scan(), ([key]) => text(key))
  db.close()
  expect(kept).toEqual(Array.from(kept, (_, number) => keyOf(number)))
  return count - kept.length
}

const keyOf = (number: number) => `k${`${number}`.padStart(3, '0')}`

describe("writes with sync: 'interval'", () => {
  for (const [name, options, writeOptions, stepMs] of [
    ['asked for by the write', {}, { sync: 'interval' }, 100],
    ['asked for by the database', { syncIntervalMs: 100 }, {}, 10],
  ] as const) {
    test(`a power loss takes the writes of one interval at most, ${name}`, async () => {
      const storage = new MemoryStorage(new Ledger())
      const clock = new ManualClock(1000)
      const { db } = openTest({ storage, options, clock, timers: clock })
      let lostMax = 0
      for (let number = 0; number < 100; number++) {
        await db.put(bytes(keyOf(number)), bytes('v'), writeOptions)
        lostMax = Math.max(lostMax, lostOf(number + 1, storage))
        clock.advance(stepMs)
        await settled()
      }
      expect(lostMax).toBe(10)
    })
  }

  test('a loop of writeSync keeps the interval, though no timer can fire', () => {
    const storage = new MemoryStorage(new Ledger())
    const timers = { after: () => () => {} }
    const { db, clock } = openTest({ storage, timers, options: { syncIntervalMs: 100 } })
    const batch = new WriteBatch()
    let lostMax = 0
    for (let number = 0; number < 100; number++) {
      batch.clear()
      batch.put(bytes(keyOf(number)), bytes('v'))
      db.writeSync(batch)
      lostMax = Math.max(lostMax, lostOf(number + 1, storage))
      clock.advance(10)
    }
    expect(lostMax).toBe(10)
  })

  test('a loop that awaits each put keeps the interval, though no timer can fire', async () => {
    const storage = new MemoryStorage(new Ledger())
    const timers = { after: () => () => {} }
    const { db, clock } = openTest({ storage, timers, options: { syncIntervalMs: 100 } })
    let lostMax = 0
    for (let number = 0; number < 100; number++) {
      await db.put(bytes(keyOf(number)), bytes('v'))
      lostMax = Math.max(lostMax, lostOf(number + 1, storage))
      clock.advance(10)
    }
    expect(lostMax).toBe(10)
  })

  test('with sync: false, nothing is synced though the database has an interval', async () => {
    const storage = new MemoryStorage(new Ledger())
    const clock = new ManualClock(1000)
    const { db } = openTest({ storage, options: { syncIntervalMs: 100 }, clock, timers: clock })
    await db.put(bytes(keyOf(0)), bytes('v'), { sync: false })
    clock.advance(1000)
    await settled()
    expect(lostOf(1, storage)).toBe(1)
  })

  test('are all durable after a close', async () => {
    const storage = new MemoryStorage(new Ledger())
    const clock = new ManualClock(1000)
    const { db } = openTest({ storage, clock, timers: clock })
    await db.put(bytes('a'), bytes('1'), { sync: 'interval' })
    expect(clock.timers).toBe(1)
    db.close()
    expect(clock.timers).toBe(0)
  })

  test('are refused after their sync failed, and the close throws the reason', async () => {
    const memory = new MemoryStorage(new Ledger())
    const storage = new FaultStorage(memory)
    const clock = new ManualClock(1000)
    const { db } = openTest({ storage: storage as never, clock, timers: clock })
    await db.put(bytes('a'), bytes('1'), { sync: 'interval' })
    storage.failWhen(({ operation, path }) => operation === 'sync' && path.endsWith('.log'), 'EIO')
    clock.advance(1000)
    await settled()
    const refused = db.put(bytes('b'), bytes('1'), { sync: 'interval' })
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'LSM_READ_ONLY' }))
    expect(clock.timers).toBe(0)
    db.close()
  })

  test('a failure that no writer has got is thrown by the close', async () => {
    const storage = new FaultStorage(new MemoryStorage(new Ledger()))
    const clock = new ManualClock(1000)
    const { db } = openTest({ storage: storage as never, clock, timers: clock })
    await db.put(bytes('a'), bytes('1'), { sync: 'interval' })
    storage.failWhen(({ operation }) => operation === 'sync', 'EIO')
    clock.advance(1000)
    await settled()
    expect(() => db.close()).toThrow(LsmError)
  })
})
