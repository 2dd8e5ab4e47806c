import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../engine/base/clock.ts'
import { rawBytes, type TableId } from '../../engine/version/table-meta.ts'
import { lazyLeveling } from '../lazy-leveling.ts'
import { leveling } from '../leveling.ts'
import { copiesPreemptive } from '../model/write-cost.ts'
import { tiering } from '../tiering.ts'
import { ExactSimulator } from './exact-simulator.ts'
import { uniformKeys } from './key-model.ts'
import type { SimulatedEvent } from './simulated-tree.ts'
import { StatisticalSimulator } from './statistical-simulator.ts'
import { uniqueWrites } from './testing/streams.ts'

const ENTRY_BYTES = 128
const BUFFER_ENTRIES = 32
const MEMTABLE_BYTES = BUFFER_ENTRIES * ENTRY_BYTES
const BLOCKS = { blockBytes: 4096, restartInterval: 16 }

/** A flush that is merged before the next one comes was never written: the buffer itself was merged. */
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

type Load = (strategy: ReturnType<typeof leveling.create>, buffers: number) => number

const exact: Load = (strategy, buffers) => {
  const count = new PapersCount()
  const simulator = new ExactSimulator({
    ...{ strategy, memtableBytes: MEMTABLE_BYTES, blocks: BLOCKS, clock: new ManualClock() },
    onEvent: count.add,
  })
  for (const { key, valueLength } of uniqueWrites(
    buffers * BUFFER_ENTRIES,
    ENTRY_BYTES,
    'hashed',
  )) {
    simulator.put(key, valueLength!)
  }
  return count.bytes / simulator.userBytes
}

const statistical: Load = (strategy, buffers) => {
  const count = new PapersCount()
  const keys = buffers * BUFFER_ENTRIES
  const simulator = new StatisticalSimulator({
    ...{ strategy, memtableBytes: MEMTABLE_BYTES, clock: new ManualClock(), seed: 1 },
    insertOrder: 'hashed',
    shape: {
      ...{ model: uniformKeys(keys), keyBytes: 16, valueBytes: ENTRY_BYTES - 16, blocks: BLOCKS },
      ...{ keyPrefixBytes: 0, keyRadix: 256 },
    },
    onEvent: count.add,
  })
  simulator.write({ insert: 1, update: 0, delete: 0 }, keys)
  return count.bytes / simulator.userBytes
}

describe.each([
  ['exact keys', exact],
  ['expected keys', statistical],
])('with %s, a full tree of T^L − 1 buffers has cost in the papers’ count', (_, load) => {
  describe.each([
    { T: 4, L: 4 },
    { T: 10, L: 3 },
    { T: 2, L: 8 },
  ])('$L levels of ratio $T', ({ T, L }) => {
    const buffers = T ** L - 1

    test.each([
      { module: leveling, K: 1, tolerance: 0.01 },
      { module: tiering, K: T - 1, tolerance: 0.01 },
      // A level is for a while the last: the closed form does not know how a tree grows.
      { module: lazyLeveling, K: T - 1, Z: 1, tolerance: 0.08 },
    ])('$module.name: the closed form’s, within $tolerance', ({ module, K, Z = K, tolerance }) => {
      const copies = load(module.create({ T }), buffers)
      const closed = (L - 1) * copiesPreemptive(T, K) + copiesPreemptive(T, Z)
      expect(Math.abs(copies / closed - 1)).toBeLessThan(tolerance)
    })
  })

  test('at T = 2 whatever the policy', () => {
    const [one, ...others] = [leveling, tiering, lazyLeveling].map((module) =>
      load(module.create({ T: 2 }), 200),
    )
    expect(others).toEqual([one, one])
  })
})
