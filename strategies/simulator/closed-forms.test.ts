import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../engine/base/clock.ts'
import type { CompactionStrategy } from '../../engine/compaction/strategy.ts'
import { rawBytes, type TableId } from '../../engine/version/table-meta.ts'
import { runCount } from '../../engine/version/version.ts'
import { copiesPreemptive } from '../model/write-cost.ts'
import { lazyLeveling } from '../whole-levels/lazy-leveling.ts'
import { leveling } from '../whole-levels/leveling.ts'
import { tiering } from '../whole-levels/tiering.ts'
import { ExactSimulator } from './exact-simulator.ts'
import { uniformKeys } from './key-model.ts'
import type { SimulatedEvent } from './simulated-event.ts'
import { StatisticalSimulator } from './statistical-simulator.ts'
import { uniqueWrites } from './testing/streams.ts'

const ENTRY_BYTES = 128
const BUFFER_ENTRIES = 32
const MEMTABLE_BYTES = BUFFER_ENTRIES * ENTRY_BYTES
const BLOCKS = { blockBytes: 4096, restartInterval: 16 }

/** In the papers' count a flush that is merged before the next one is not written. */
class PapersCount {
  bytes = 0
  #arrival = new Set<TableId>()
  #arrivalBytes = 0

  readonly add = ({ kind, edit }: SimulatedEvent) => {
    const written = edit.added.reduce((sum, { table }) => sum + rawBytes(table), 0)
    if (kind === 'flush' || kind === 'merge') this.bytes += written
    if (kind === 'flush') {
      this.#arrival = new Set(edit.added.map(({ table }) => table.id))
      this.#arrivalBytes = written
    } else if (kind === 'merge' && edit.removed.some(({ table }) => this.#arrival.has(table.id))) {
      this.bytes -= this.#arrivalBytes
      this.#arrival.clear()
    }
  }
}

interface Loaded {
  /** Raw bytes written in the papers' count ÷ user bytes. */
  readonly copies: number
  readonly runs: number
}

type Load = (strategy: CompactionStrategy, buffers: number) => Loaded

const exact: Load = (strategy, buffers) => {
  const count = new PapersCount()
  const simulator = new ExactSimulator({
    strategy,
    memtableBytes: MEMTABLE_BYTES,
    blocks: BLOCKS,
    clock: new ManualClock(),
    onEvent: count.add,
  })
  for (const { key, valueLength } of uniqueWrites(
    buffers * BUFFER_ENTRIES,
    ENTRY_BYTES,
    'hashed',
  )) {
    simulator.put(key, valueLength!)
  }
  return { copies: count.bytes / simulator.userBytes, runs: runCount(simulator.tree.version) }
}

const statistical: Load = (strategy, buffers) => {
  const count = new PapersCount()
  const keys = buffers * BUFFER_ENTRIES
  const simulator = new StatisticalSimulator({
    strategy,
    memtableBytes: MEMTABLE_BYTES,
    clock: new ManualClock(),
    seed: 1,
    insertOrder: 'hashed',
    shape: {
      model: uniformKeys(keys),
      keyBytes: 16,
      valueBytes: ENTRY_BYTES - 16,
      blocks: BLOCKS,
      keyPrefixBytes: 0,
      keyRadix: 256,
    },
    onEvent: count.add,
  })
  simulator.write({ insert: 1, update: 0, delete: 0 }, keys)
  return { copies: count.bytes / simulator.userBytes, runs: runCount(simulator.tree.version) }
}

describe.each([
  ['exact keys', exact],
  ['expected keys', statistical],
])('with %s, a load of whole buffers', (_, load) => {
  describe.each([
    { T: 4, L: 4 },
    { T: 10, L: 3 },
    { T: 2, L: 8 },
  ])('that fills $L levels of ratio $T, in the papers’ count', ({ T, L }) => {
    const buffers = T ** L - 1

    test.each([
      { module: leveling, K: 1, tolerance: 0.01 },
      { module: tiering, K: T - 1, tolerance: 0.01 },
      // The closed form leaves out that each level is the last one for a while.
      { module: lazyLeveling, K: T - 1, Z: 1, tolerance: 0.08 },
    ])(
      'costs $module.name the closed form, within $tolerance, and leaves K(L − 1) + Z runs',
      ({ module, K, Z = K, tolerance }) => {
        const { copies, runs } = load(module.create({ T }), buffers)
        const closed = (L - 1) * copiesPreemptive(T, K) + copiesPreemptive(T, Z)
        expect(Math.abs(copies / closed - 1)).toBeLessThan(tolerance)
        expect(runs).toBe(K * (L - 1) + Z)
      },
    )
  })

  test('is one tree at T = 2, whatever the policy', () => {
    const [one, ...others] = [leveling, tiering, lazyLeveling].map((module) =>
      load(module.create({ T: 2 }), 200),
    )
    expect(others).toEqual([one, one])
  })

  test('is a sorted array or a log where one level takes it all', () => {
    // Every buffer merges with all earlier ones (1 + 2 + … + 63), or none ever merges.
    expect(load(leveling.create({ T: 64 }), 63)).toEqual({ copies: 32, runs: 1 })
    expect(load(tiering.create({ T: 64 }), 63)).toEqual({ copies: 1, runs: 63 })
  })
})
