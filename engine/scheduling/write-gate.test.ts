import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../base/clock.ts'
import type { Slowdown } from './admission.ts'
import type { StallEvent } from './stall-log.ts'
import { WriteGate } from './write-gate.ts'
import type { WritePressure } from './write-pressure.ts'

const MiB = 1024 * 1024
const MS_BYTES = (16 * MiB) / 1000

/** One job runs; writes slow down at 8 runs of level 0 and stop at 12. */
const calm: WritePressure = {
  level0Runs: 0,
  limits: { slowdownRuns: 8, stopRuns: 12 },
  frozenMemtables: 0,
  memtablesMax: 2,
  memtableRawBytes: 0,
  memtableBytes: MiB,
  debtBytes: 0,
  softDebtBytes: 64 * MiB,
  hardDebtBytes: 128 * MiB,
  jobs: 1,
  workBytes: 0,
  workMs: 0,
  busyMs: 0,
}

function setUp(slowdown: Slowdown = 'rate') {
  const clock = new ManualClock(5000)
  const events: StallEvent[] = []
  let pressure = calm
  /** What each blocking wait changes. */
  const waits: Partial<WritePressure>[] = []
  const gate = new WriteGate({
    slowdown,
    clock,
    timers: clock,
    pressure: () => pressure,
    waitForJob() {
      clock.advance(10)
      pressure = { ...pressure, ...waits.shift() }
    },
    onEvent: (event) => events.push(event),
  })
  const change = (changes: Partial<WritePressure>) => {
    pressure = { ...pressure, ...changes }
    gate.changed()
  }
  /** When each write went on, in milliseconds since the start. */
  const went: number[] = []
  const write = (bytes: number) => {
    const resume = () => went.push(clock.nowMs() - 5000)
    if (gate.admit(bytes, resume)) resume()
  }
  return { clock, events, gate, change, went, write, waits }
}

describe('the gate', () => {
  test('lets writes go at once under the limits', () => {
    const { change, went, write, clock, events, gate } = setUp()
    change({})
    write(100 * MiB)
    expect([went, clock.timers, events]).toEqual([[0], 0, []])
    expect(gate.metrics().level0).toEqual({ slowdownMs: 0, stopMs: 0 })
  })

  test('keeps the process alive for a delayed write', () => {
    const { change, write, clock } = setUp()
    const after = vi.spyOn(clock, 'after')
    change({ level0Runs: 8 })
    write(100 * MS_BYTES)
    expect(after).toHaveBeenCalledWith(expect.anything(), expect.anything(), true)
  })

  test('delays a write in a slowdown, and reports one event for all delays', () => {
    const { change, went, write, clock, events, gate } = setUp()
    change({ level0Runs: 8 })
    write(100 * MS_BYTES)
    clock.advance(99)
    expect(went).toEqual([])
    clock.advance(1)
    expect(went).toEqual([100])
    write(50 * MS_BYTES)
    clock.advance(60)
    change({ level0Runs: 7 })
    expect(went).toEqual([100, 150])
    expect(events).toEqual([
      {
        kind: 'stall',
        cause: 'level0',
        step: 'slowdown',
        atMs: 5160,
        beganAtMs: 5000,
        endedAtMs: 5150,
        groups: 2,
        delayedMs: 150,
      },
    ])
    expect(gate.metrics().level0).toEqual({ slowdownMs: 150, stopMs: 0 })
  })

  test('ends a delay early when the slowdown is over', () => {
    const { change, went, write, clock } = setUp()
    change({ level0Runs: 8 })
    write(1000 * MS_BYTES)
    clock.advance(10)
    change({ level0Runs: 2 })
    expect([went, clock.timers]).toEqual([[10], 0])
  })

  test('holds a write while writers are stopped, and says for what', () => {
    const { change, went, write, clock, events, gate } = setUp()
    change({ level0Runs: 12 })
    write(1)
    clock.advance(500)
    change({ level0Runs: 13 })
    expect([went, clock.timers]).toEqual([[], 0])
    change({ level0Runs: 4 })
    expect(went).toEqual([500])
    expect(gate.metrics().level0).toEqual({ slowdownMs: 0, stopMs: 500 })
    expect(events).toMatchObject([
      { cause: 'level0', step: 'stop', beganAtMs: 5000, endedAtMs: 5500, groups: 1 },
    ])
  })

  test('delays a write that was stopped only then, and stops a delayed one again', () => {
    const { change, went, write, clock, events } = setUp()
    change({ level0Runs: 12 })
    write(100 * MS_BYTES)
    clock.advance(40)
    change({ level0Runs: 8 })
    clock.advance(10)
    change({ level0Runs: 12 })
    clock.advance(1000)
    expect(went).toEqual([])
    change({ level0Runs: 8 })
    expect(went).toEqual([1050])
    expect(events.map(({ step, delayedMs }) => `${step} ${Math.round(delayedMs)}`)).toEqual([
      'stop 40',
      'slowdown 167',
      'stop 843',
    ])
  })

  test('blocks for room until the stop is over; a held write may then go', () => {
    const { change, went, write, gate, waits, clock, events } = setUp()
    change({ level0Runs: 12 })
    write(1)
    waits.push({ level0Runs: 12 }, { level0Runs: 6 })
    gate.waitForRoom()
    expect([went, clock.nowMs(), waits]).toEqual([[], 5020, []])
    expect(events).toMatchObject([{ step: 'stop', groups: 2, delayedMs: 20 }])
    // Nothing is held any more.
    change({})
    clock.advance(100)
    expect(went).toEqual([])
  })

  test('does not wait for room where no job would make any', () => {
    const { change, gate, waits } = setUp()
    change({ level0Runs: 12 })
    waits.push({ jobs: 0 })
    gate.waitForRoom()
    expect(waits).toEqual([])
  })

  test('lets the held write go at the close', () => {
    const { change, went, write, gate, clock, events } = setUp('beats')
    change({ debtBytes: MiB, workBytes: MiB, busyMs: 1000 })
    write(MiB)
    clock.advance(10)
    change({ debtBytes: MiB })
    gate.close()
    expect([went, clock.timers]).toEqual([[10], 0])
    expect(events).toMatchObject([{ cause: 'debt', step: 'slowdown', delayedMs: 10 }])
  })

  test('holds nothing after the close', () => {
    const { change, went, write, gate, waits } = setUp()
    change({ level0Runs: 12 })
    gate.close()
    write(MiB)
    gate.waitForRoom()
    expect([went, waits]).toEqual([[0], []])
  })
})
