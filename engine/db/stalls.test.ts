import { describe, expect, test } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import { LsmError } from '../base/errors.ts'
import { createRandom } from '../base/random.ts'
import { SLOWDOWNS } from '../scheduling/admission.ts'
import type { ExecutorParts } from '../scheduling/executor-factory.ts'
import { resultOf } from '../scheduling/inline-executor.ts'
import type { JobEnded, JobExecutor, JobOrder } from '../scheduling/job-order.ts'
import { type JobRoom, runJob } from '../scheduling/run-job.ts'
import type { StallEvent } from '../scheduling/stall-log.ts'
import { STALL_CAUSES } from '../scheduling/write-pressure.ts'
import { bytes, everyNth, openTest, text } from '../testing/fixtures.ts'
import { WriteBatch } from '../wal/write-batch.ts'
import type { OpenOptions } from './open-options.ts'

/** Runs one job at a time; each takes `jobMs` on the clock. */
class SlowExecutor implements JobExecutor {
  readonly #room: JobRoom
  readonly #clock: ManualClock
  readonly #jobMs: number
  #freeAtMs = 0
  #running = 0
  failure: Error | null = null
  waits = 0

  constructor(room: JobRoom, clock: ManualClock, jobMs: number) {
    this.#room = room
    this.#clock = clock
    this.#jobMs = jobMs
  }

  start(order: JobOrder, ended: JobEnded): void {
    this.#running++
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#clock.nowMs()) + this.#jobMs
    this.#clock.after(this.#freeAtMs - this.#clock.nowMs(), () => {
      this.#running--
      ended(this.failure ?? resultOf(() => runJob(order, this.#room)))
    })
  }

  wait(): void {
    this.waits++
    const before = this.#running
    expect(before).toBeGreaterThan(0)
    while (this.#running === before) this.#clock.advance(1)
  }

  close(): void {}
}

function open(options: OpenOptions['options'], jobMs = 100) {
  const clock = new ManualClock(1000)
  const stalls: StallEvent[] = []
  let executor!: SlowExecutor
  const strategy = { ...everyNth(4), stallLimits: () => ({ slowdownRuns: 5, stopRuns: 8 }) }
  const { db } = openTest({
    clock,
    timers: clock,
    strategy,
    options: { memtablesMax: 1, ...options },
    scheduling({ room }: ExecutorParts) {
      executor = new SlowExecutor(room, clock, jobMs)
      return executor
    },
    onEvent(event) {
      if (event.kind === 'stall') stalls.push(event)
    },
  })
  return { db, clock, stalls, executor }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const value = new Uint8Array(1000)
const keyOf = (number: number) => bytes(`k${`${number}`.padStart(4, '0')}`)

/** Promises `count` writes of a kilobyte, one after another; lists those acknowledged. */
function writeAll(db: ReturnType<typeof open>['db'], count: number) {
  const acknowledged: number[] = []
  const refused: string[] = []
  for (let number = 0; number < count; number++) {
    db.put(keyOf(number), value).then(
      () => acknowledged.push(number),
      (cause: LsmError) => refused.push(cause.code),
    )
  }
  return { acknowledged, refused }
}

describe('with background jobs', () => {
  test('promised writes wait for a flush in order, and the loop goes on', async () => {
    const { db, clock, stalls } = open({})
    const acknowledged: number[] = []
    const writer = async () => {
      for (let number = 0; number < 40; number++) {
        await db.put(keyOf(number), value)
        acknowledged.push(number)
      }
    }
    const done = writer()
    await settled()
    // Two memtables of five such writes are full: one is being flushed.
    const before = acknowledged.length
    expect(before).toBeLessThan(40)
    await settled()
    expect(acknowledged.length).toBe(before)
    expect(db.get(keyOf(0))).toEqual(value)
    while (acknowledged.length < 40) {
      clock.advance(10)
      await settled()
    }
    await done
    expect(acknowledged).toEqual(Array.from({ length: 40 }, (_, number) => number))
    expect(stalls.length).toBeGreaterThan(0)
    expect(stalls[0]).toMatchObject({ cause: 'memtables', step: 'stop', beganAtMs: 1000 })
    expect(Array.from(db.scan(), ([key]) => text(key)).length).toBe(40)
    db.close()
  })

  test('writeSync blocks until a job has made room', () => {
    const { db, stalls, executor } = open({})
    const batch = new WriteBatch()
    for (let number = 0; number < 40; number++) {
      batch.clear()
      batch.put(keyOf(number), value)
      db.writeSync(batch)
    }
    expect(executor.waits).toBeGreaterThan(0)
    expect(Array.from(db.scan()).length).toBe(40)
    db.close()
    expect(stalls.every(({ step }) => step === 'stop')).toBe(true)
  })

  test('the counters are the delays of the events', async () => {
    const { db, clock, stalls } = open({})
    const { acknowledged } = writeAll(db, 10)
    for (let number = 0; number < 60; number++) {
      await settled()
      clock.advance(7)
      db.put(keyOf(number), value).catch(() => {})
    }
    await settled()
    expect(acknowledged.length).toBe(10)
    db.close()
    const times = db.metrics().stalls!
    for (const cause of STALL_CAUSES) {
      for (const step of ['slowdown', 'stop'] as const) {
        const own = stalls.filter((stall) => stall.cause === cause && stall.step === step)
        const sum = own.reduce((ms, { delayedMs }) => ms + delayedMs, 0)
        expect(sum).toBeCloseTo(times[cause][`${step}Ms`])
      }
    }
    expect(times.memtables.stopMs).toBeGreaterThan(0)
  })

  test('a close commits the writes that wait', async () => {
    const { db } = open({})
    const { acknowledged } = writeAll(db, 40)
    await settled()
    db.close()
    await settled()
    expect(acknowledged.length).toBe(40)
  })

  test('a failed job refuses the writes that wait', async () => {
    const { db, clock, executor } = open({})
    const done: string[] = []
    const writer = async () => {
      for (let number = 0; number < 40; number++) await db.put(keyOf(number), value)
    }
    const ended = writer().catch((cause: LsmError) => done.push(cause.code))
    await settled()
    executor.failure = new LsmError('LSM_IO', 'the flush failed')
    clock.advance(100)
    await ended
    expect(done).toEqual(['LSM_READ_ONLY'])
    for (let number = 0; number < 3; number++) {
      await expect(db.put(keyOf(number), value)).rejects.toThrow(/read-only/)
    }
    expect(() => db.flush()).toThrow(expect.objectContaining({ code: 'LSM_READ_ONLY' }))
    db.close()
  })

  test.each(SLOWDOWNS)(
    'slowdown %s: equal runs stall equally, and lose nothing',
    async (slowdown) => {
      const run = async () => {
        const { db, clock, stalls } = open({ slowdown, memtablesMax: 4, softDebtBytes: 1 }, 20)
        const random = createRandom(7)
        let written = 0
        const writer = async () => {
          for (let number = 0; number < 300; number++) {
            await db.put(keyOf(random.nextBelow(200)), value)
            written++
          }
        }
        const done = writer()
        for (let step = 0; written < 300; step++) {
          expect(step).toBeLessThan(100_000)
          clock.advance(1)
          await settled()
        }
        await done
        const entries = Array.from(db.scan()).length
        db.close()
        return { stalls, entries, endedAtMs: clock.nowMs() }
      }
      const first = await run()
      expect(await run()).toEqual(first)
      expect(first.entries).toBeGreaterThan(100)
      expect(first.stalls.length).toBeGreaterThan(0)
    },
  )
})

test('inline, writers never wait and metrics have no stalls', () => {
  const { db } = openTest()
  expect(db.metrics().stalls).toBe(undefined)
  db.close()
})
