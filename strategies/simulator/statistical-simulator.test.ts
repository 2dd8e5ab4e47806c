import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setParanoid } from '../../engine/base/assert.ts'
import { ManualClock } from '../../engine/base/clock.ts'
import { STRATEGIES } from '../catalog.ts'
import { uniformKeys, zipfianKeys } from './key-model.ts'
import { KEY_SPACE, keyAt, positionOf } from './key-space.ts'
import type { SimulatedEvent } from './simulated-event.ts'
import { StatisticalSimulator } from './statistical-simulator.ts'
import {
  type ComparedStream,
  comparedStreams,
  exactFigures,
  expectNear,
  type Figures,
  meanOver,
  statisticalFigures,
} from './testing/two-modes.ts'

const LOAD = { insert: 1, update: 0, delete: 0 }

function simulatorOf(
  name: string,
  keys: number,
  seed: number,
  onEvent: (event: SimulatedEvent) => void = () => {},
): StatisticalSimulator {
  return new StatisticalSimulator({
    strategy: STRATEGIES.get(name)!.create(),
    memtableBytes: 25_600,
    clock: new ManualClock(),
    seed,
    insertOrder: 'hashed',
    onEvent,
    shape: {
      model: uniformKeys(keys),
      keyBytes: 12,
      valueBytes: 88,
      keyPrefixBytes: 0,
      keyRadix: 256,
      blocks: { blockBytes: 4096, restartInterval: 16 },
    },
  })
}

describe('the statistical mode against the exact one', () => {
  test.each(comparedStreams)('$name: within 3 % where whole levels are merged', (stream) => {
    for (const name of ['leveling', 'tiering']) {
      expectNear(statisticalFigures(name, stream), exactFigures(name, stream), 0.03)
    }
  })

  test('ends tables at soft keys: within 5 %, and as much below a merge without them', () => {
    const stream = comparedStreams.find(({ name }) => name === 'unique')!
    const modes = [exactFigures, statisticalFigures].map((figures) =>
      ['none', 'rocksdb', 'leveldb'].map((softCuts) => {
        // Four tables a memtable: then a merge writes several, each with soft keys of its own.
        const params = { softCuts, targetTableBytes: 6400 }
        return meanOver(3, (seed) => figures('leveling-partial', stream, seed, params))
      }),
    )
    const [exact, statistical] = modes
    for (const [at, expected] of exact!.entries()) {
      const { writeAmplification, tables } = statistical![at]!
      expect(Math.abs(writeAmplification / expected.writeAmplification - 1)).toBeLessThan(0.05)
      expect(Math.abs(tables / expected.tables - 1)).toBeLessThan(0.05)
    }
    for (const [without, rocksdb] of modes) {
      expect(rocksdb!.writeAmplification / without!.writeAmplification).toBeLessThan(0.85)
    }
  })

  test('tells apart what only the key model tells apart', () => {
    const named = (name: string): ComparedStream => comparedStreams.find((s) => s.name === name)!
    const [uniform, zipfian] = ['uniform updates', 'zipfian updates'].map((name) =>
      statisticalFigures('leveling', named(name)),
    ) as [Figures, Figures]
    expect(zipfian.writeAmplification).toBeLessThan(0.8 * uniform.writeAmplification)
  })
})

describe('the statistical mode', () => {
  beforeAll(() => setParanoid(true))
  afterAll(() => setParanoid(false))

  test.each([...STRATEGIES.keys()])(
    '%s: no entry of a load is lost, disjoint runs throughout',
    (name) => {
      const simulator = simulatorOf(name, 20_000, 1)
      simulator.write(LOAD, 20_000)
      simulator.flush()
      // Each merge rounds its last table to whole entries. A strategy that drops loses entries.
      if (STRATEGIES.get(name)!.drops) return
      expect(Math.abs(simulator.tree.version.totals.entries - 20_000)).toBeLessThan(60)
      expect(simulator.userBytes).toBe(2_000_000)
    },
  )

  test('is deterministic for a seed, which scatters the borders of tables', () => {
    const edits = (seed: number) => {
      const events: unknown[] = []
      const simulator = simulatorOf('leveling-partial', 12_000, seed, (event) => events.push(event))
      simulator.write(LOAD, 12_000)
      return events
    }
    expect(edits(1)).toEqual(edits(1))
    expect(edits(1)).not.toEqual(edits(2))
  })

  test('fills memtables with as many writes, more or fewer, as deletes among them make room for', () => {
    const mix = { insert: 0, update: 0.6, delete: 0.4 }
    const simulator = simulatorOf('tiering', 5_000, 1)
    const rooms = Array.from({ length: 500 }, () => {
      const room = simulator.roomFor(mix)
      simulator.write(mix, room)
      return room
    })
    // A write has 12 + 0.6 · 88 bytes on average. A delete, of which the number is binomial, has 88
    // less.
    const bytes = 64.8
    const mean = rooms.reduce((sum, room) => sum + room, 0) / rooms.length
    const variance = rooms.reduce((sum, room) => sum + (room - mean) ** 2, 0) / rooms.length
    const expected = (25_600 / bytes) * 0.6 * 0.4 * (88 / bytes) ** 2
    expect(Math.abs(mean / (25_600 / bytes) - 1)).toBeLessThan(0.005)
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.2)
    expect(Math.abs(simulator.userBytes / simulator.writes / bytes - 1)).toBeLessThan(0.003)
  })

  test('counts whole buffers of unique keys as the papers’ trees do', () => {
    // T = 4, 63 buffers, every flush written as a run of level 0.
    for (const [name, buffers] of [
      ['leveling', 335],
      ['lazy-leveling', 224],
      ['tiering', 159],
    ] as const) {
      const simulator = simulatorOf(name, 63 * 256, 1)
      simulator.write(LOAD, 63 * 256)
      const { flushedRawBytes, mergedRawBytesByLevel } = simulator.tree
      const written = mergedRawBytesByLevel.reduce((sum, bytes) => sum + bytes, flushedRawBytes)
      expect(written / 25_600, name).toBe(buffers)
    }
  })
})

describe('key models', () => {
  test('a zipfian model shares out all keys and all updates, as the true weights do', () => {
    const theta = 0.99
    const { classes } = zipfianKeys(10_000, theta)
    expect(classes.reduce((sum, { keys }) => sum + keys, 0)).toBe(10_000)
    expect(classes.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12)
    const weights = Array.from({ length: 10_000 }, (_, rank) => (rank + 1) ** -theta)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    let from = 0
    for (const { keys, weight } of classes) {
      const true_ = weights.slice(from, from + keys).reduce((sum, one) => sum + one, 0) / total
      expect(Math.abs(weight / true_ - 1)).toBeLessThan(1e-4)
      from += keys
    }
  })

  test('positions are keys whose bytes sort as numbers', () => {
    const position = fc
      .nat(2 ** 31 - 1)
      .chain((high) => fc.nat(2 ** 21).map((low) => high * 2 ** 21 + low))
    fc.assert(
      fc.property(position, position, (a, b) => {
        expect(positionOf(keyAt(a))).toBe(a)
        const order = Buffer.compare(keyAt(a), keyAt(b))
        expect(order).toBe(Math.sign(a - b))
      }),
    )
    expect(positionOf(Uint8Array.of(0xff))).toBe(KEY_SPACE)
  })
})
