import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Slowdown } from '../../../engine/scheduling/admission.ts'
import { VirtualClock } from '../../../engine/scheduling/virtual/virtual-clock.ts'
import { EMPTY_VERSION, runCount } from '../../../engine/version/version.ts'
import { STRATEGIES } from '../../catalog.ts'
import { defineStrategy } from '../../define-strategy.ts'
import { fair } from '../../scheduling/fair.ts'
import { uniformKeys } from '../key-model.ts'
import { VirtualClients, type VirtualClientsOptions } from './virtual-clients.ts'
import { VirtualStore, type VirtualStoreOptions } from './virtual-store.ts'

const MS = 1e6
const WRITE_BYTES = 100
const WRITE_NS = 1000

const tiering = STRATEGIES.get('tiering')!
const idle = defineStrategy({
  name: 'idle',
  description: 'Never merges',
  params: z.object({}),
  primitives: tiering.primitives,
  pick: () => null,
})

type Setting = Partial<VirtualStoreOptions> &
  Partial<Pick<VirtualClientsOptions, 'writes' | 'reads' | 'logChunkBytes'>>

/** A store whose flushes take 10 ms each, and what its clients see up to `untilMs`. */
function play(setting: Setting, untilMs: number) {
  const clock = new VirtualClock()
  const writes: { atMs: number; latencyMs: number; processingMs: number }[] = []
  const reads: { atMs: number; latencyMs: number }[] = []
  const stops: (readonly [cause: string, fromMs: number, untilMs: number])[] = []
  const delays: number[] = []
  const store = new VirtualStore({
    clock,
    strategy: idle.create(),
    shape: {
      model: uniformKeys(1000),
      keyBytes: 10,
      valueBytes: WRITE_BYTES - 10,
      keyPrefixBytes: 0,
      keyRadix: 256,
      blocks: { blockBytes: 4096, restartInterval: 16 },
    },
    seed: 1,
    start: { version: EMPTY_VERSION, nextNumber: 1, nextRun: 1, nextSeq: 1 },
    memtableBytes: 4 * WRITE_BYTES,
    memtablesMax: 1,
    device: { readBytesPerMs: 1e12, writeBytesPerMs: 1e12, latencyMs: 1, perFileMs: 10 },
    policy: fair(),
    workers: 4,
    limitBytesPerSecond: null,
    measureEveryMs: 1000,
    slowdown: 'rate',
    countRuns: runCount,
    runLimits: { slowdownRuns: 1000, stopRuns: 1000 },
    ...setting,
  })
  const clients = new VirtualClients({
    store,
    clock,
    writes: everyMs(1),
    reads: null,
    writeBytes: WRITE_BYTES,
    writeNs: WRITE_NS,
    logChunkBytes: 0,
    ...setting,
    observer: {
      onWrite: (atNs, latencyNs, processingNs) => {
        writes.push({
          atMs: atNs / MS,
          latencyMs: latencyNs / MS,
          processingMs: processingNs / MS,
        })
      },
      onRead: (atNs, latencyNs) => reads.push({ atMs: atNs / MS, latencyMs: latencyNs / MS }),
      onStop: (cause, fromNs, toNs) => stops.push([cause, fromNs / MS, toNs / MS]),
      onDelay: (_cause, ns) => delays.push(ns / MS),
    },
  })
  clients.run(untilMs * MS)
  return { writes, reads, stops, delays, store }
}

/** An arrival at 1·gap, 2·gap … milliseconds. */
function everyMs(gap: number) {
  let arrived = 0
  return { nextNs: () => Math.round(++arrived * gap * MS) }
}

describe('the writer', () => {
  test('stops while a full memtable waits for the flush of another, and then catches up', () => {
    const { writes, stops } = play({}, 30)
    // Four writes fill a memtable. The fifth freezes it at 5 ms, and its flush ends at 15 ms.
    expect(stops.slice(0, 2)).toEqual([
      ['memtables', 9, expect.closeTo(15, 3)],
      ['memtables', expect.closeTo(15.004, 3), expect.closeTo(25, 3)],
    ])
    expect(writes[7]).toEqual({ atMs: 8.001, latencyMs: 0.001, processingMs: 0.001 })
    // The ninth waits itself; the tenth has waited for the ninth.
    expect(writes[8]!.latencyMs).toBeCloseTo(6.001, 3)
    expect(writes[8]!.processingMs).toBeCloseTo(6.001, 3)
    expect(writes[9]!.latencyMs).toBeCloseTo(5.002, 3)
    expect(writes[9]!.processingMs).toBeCloseTo(0.001, 6)
  })

  test('a closed system counts from the answer before', () => {
    const { writes } = play({ writes: null }, 30)
    expect(writes[3]).toEqual({ atMs: 0.004, latencyMs: 0.001, processingMs: 0.001 })
    // The ninth write is stopped until the first flush has ended.
    expect(writes[8]!.latencyMs).toBeCloseTo(10 - 0.008 + 0.004 + 0.001, 3)
  })

  test('stops at the limit of runs until a merge ends', () => {
    const { stops } = play(
      {
        memtablesMax: 8,
        strategy: tiering.create({ T: 4 }),
        device: { readBytesPerMs: 1e12, writeBytesPerMs: 1e12, latencyMs: 0, perFileMs: 1 },
        runLimits: { slowdownRuns: 4, stopRuns: 4 },
      },
      60,
    )
    expect(stops.length).toBeGreaterThan(2)
    expect(new Set(stops.map(([cause]) => cause))).toEqual(new Set(['level0']))
  })

  test.each<Slowdown>(['rate', 'debt', 'beats', 'spring'])(
    '%s: equal runs are equal',
    (slowdown) => {
      const setting = (): Setting => ({
        slowdown,
        memtablesMax: 2,
        strategy: tiering.create({ T: 3 }),
        device: { readBytesPerMs: 1e4, writeBytesPerMs: 400, latencyMs: 0, perFileMs: 1 },
        runLimits: { slowdownRuns: 3, stopRuns: 8 },
        logChunkBytes: 1000,
        writes: everyMs(0.7),
        reads: {
          arrivals: everyMs(0.9),
          work: { readBytes: 4096, writtenBytes: 0, operations: 1, files: 0 },
        },
      })
      const { store, ...seen } = play(setting(), 300)
      const { store: other, ...again } = play(setting(), 300)
      expect(again).toEqual(seen)
      expect(other.workBytes).toBe(store.workBytes)
      expect(seen.writes.length * WRITE_BYTES).toBe(store.simulator.userBytes)
      expect(seen.delays.length).toBeGreaterThan(0)
      for (const { latencyMs, processingMs } of seen.writes) {
        expect(latencyMs).toBeGreaterThanOrEqual(processingMs)
        expect(processingMs).toBeGreaterThanOrEqual(WRITE_NS / MS)
      }
      const answers = seen.writes.map(({ atMs }) => atMs)
      expect(answers).toEqual(answers.toSorted((a, b) => a - b))
    },
  )
})

test('reads share the device with jobs, and wait for its answer', () => {
  const reads = () => ({
    arrivals: everyMs(3),
    work: { readBytes: 1000, writtenBytes: 0, operations: 1, files: 0 },
  })
  const device = { readBytesPerMs: 1000, writeBytesPerMs: 1e12, latencyMs: 1, perFileMs: 10 }
  const alone = play({ device, writes: everyMs(100), reads: reads() }, 20)
  expect(alone.reads[0]).toEqual({ atMs: 5, latencyMs: 2 })
  // A flush from 5 ms on halves the rate of the read that arrives at 6 ms.
  const beside = play({ device, reads: reads() }, 20)
  expect(beside.reads[0]).toEqual({ atMs: 5, latencyMs: 2 })
  expect(beside.reads[1]!.latencyMs).toBeCloseTo(3, 3)
})
