/** Owns streams for both modes: the exact mode draws every key, the statistical one only counts. */

import { expect } from 'vitest'
import { ManualClock } from '../../../engine/base/clock.ts'
import { createRandom, deriveSeed, type Random } from '../../../engine/base/random.ts'
import type { Retention } from '../../../engine/compaction/validate-spec.ts'
import { STRATEGIES } from '../../catalog.ts'
import { ExactSimulator } from '../exact-simulator.ts'
import { type KeyModel, uniformKeys, zipfianKeys } from '../key-model.ts'
import type { SimulatedTree } from '../simulated-tree.ts'
import type { WriteMix } from '../statistical-memtable.ts'
import { StatisticalSimulator } from '../statistical-simulator.ts'
import { scrambled } from './streams.ts'

/** A load of fresh keys, then writes drawn from all of them. */
export interface ComparedStream {
  readonly name: string
  readonly keys: number
  readonly insertOrder: 'hashed' | 'ordered'
  readonly run: { readonly mix: WriteMix; readonly writes: number; readonly model: Skew } | null
}

type Skew = { readonly kind: 'uniform' } | { readonly kind: 'zipfian'; readonly theta: number }

/**
 * Sizes are means over time. At one moment they depend on whether the deepest level was just merged
 * or is about to be, which a few entries more or less in a buffer decide: over seeds, the final
 * sizes of one strategy differ by up to a fifth.
 */
export interface Figures {
  readonly writeAmplification: number
  readonly rawBytes: number
  readonly tables: number
  readonly tableBytes: number
  readonly tombstones: number
}

const NO_RETENTION: Retention = { maxAgeMs: null, maxBytes: null }
const KEY_BYTES = 12
const VALUE_BYTES = 88
const MEMTABLE_BYTES = 25_600
/** Writes between two samples of the tree. */
const LOOK_WRITES = 250
const BLOCKS = { blockBytes: 4096, restartInterval: 16 }
const LOAD: WriteMix = { insert: 1, update: 0, delete: 0 }
const UPDATES: WriteMix = { insert: 0, update: 1, delete: 0 }
const DELETES: WriteMix = { insert: 0, update: 0.6, delete: 0.4 }

/**
 * Key counts are chosen away from full levels. At such a threshold (12,000 keys) one seed of the
 * exact mode merges the last level a dozen times more often than another, and a mean predicts
 * neither.
 */
export const comparedStreams: readonly ComparedStream[] = [
  { name: 'unique', keys: 60_000, insertOrder: 'hashed', run: null },
  { name: 'ordered', keys: 40_000, insertOrder: 'ordered', run: null },
  {
    name: 'uniform updates',
    keys: 12_700,
    insertOrder: 'hashed',
    run: { mix: UPDATES, writes: 50_000, model: { kind: 'uniform' } },
  },
  {
    name: 'zipfian updates',
    keys: 12_700,
    insertOrder: 'hashed',
    run: { mix: UPDATES, writes: 50_000, model: { kind: 'zipfian', theta: 0.99 } },
  },
  {
    name: 'many deletes',
    keys: 12_700,
    insertOrder: 'hashed',
    run: { mix: DELETES, writes: 50_000, model: { kind: 'uniform' } },
  },
]

/**
 * Parameters and retention for strategies that drop. Depending on the stream, size or age decides;
 * sizes are chosen away from the limit at which one more table would fit.
 */
const DROPPING: Readonly<Record<string, Dropping>> = {
  fifo: {
    params: { max_table_files_size: 1_015_000, ttl: 10 },
    retention: { maxAgeMs: 10_000, maxBytes: 1_015_000 },
  },
  'time-window': {
    params: {
      compaction_window_unit: 'MINUTES',
      compaction_window_size: 1 / 12,
      default_time_to_live: 15,
      gc_grace_seconds: 5,
    },
    retention: { maxAgeMs: 15_000, maxBytes: null },
  },
}

interface Dropping {
  readonly params: Params
  readonly retention: Retention
}

type Params = Readonly<Record<string, unknown>>

/**
 * Figures of a registered strategy with its defaults beside `given`. Seeds of the two modes are
 * unrelated.
 */
export function exactFigures(
  name: string,
  stream: ComparedStream,
  seed = 1,
  given: Params = {},
): Figures {
  const clock = new ManualClock()
  const simulator = new ExactSimulator({ ...treeOf(name, clock, given), blocks: BLOCKS })
  // The first number of a generator is too similar to its seed to serve as a salt.
  const random = createRandom(deriveSeed(seed, 'compared stream'))
  const key = new Uint8Array(KEY_BYTES)
  const view = new DataView(key.buffer)
  const salt = random.nextU32()
  const sizes = new MeanSizes(simulator.tree)
  let writes = 0
  const setKey = (index: number) => {
    if (writes++ % LOOK_WRITES === 0) sizes.look()
    view.setUint32(0, stream.insertOrder === 'hashed' ? scrambled(index ^ salt) : index)
    clock.advance(1)
  }
  for (let index = 0; index < stream.keys; index++) {
    setKey(index)
    simulator.put(key, VALUE_BYTES)
  }
  const { run } = stream
  const draw = run === null ? () => 0 : drawer(run.model, stream.keys, random)
  for (let i = 0; i < (run?.writes ?? 0); i++) {
    setKey(draw())
    if (random.nextDouble() < run!.mix.delete) simulator.delete(key)
    else simulator.put(key, VALUE_BYTES)
  }
  simulator.flush()
  return figuresOf(simulator.tree, simulator.userBytes, sizes)
}

export function statisticalFigures(
  name: string,
  stream: ComparedStream,
  seed = 1,
  given: Params = {},
): Figures {
  const simulator = new StatisticalSimulator({
    ...treeOf(name, new ManualClock(), given),
    seed,
    insertOrder: stream.insertOrder,
    shape: {
      model: modelOf(stream),
      keyBytes: KEY_BYTES,
      valueBytes: VALUE_BYTES,
      blocks: BLOCKS,
      keyPrefixBytes: 0,
      keyRadix: 256,
    },
  })
  const sizes = new MeanSizes(simulator.tree)
  const write = (mix: WriteMix, count: number) => {
    for (let left = count; left > 0; left -= LOOK_WRITES) {
      sizes.look()
      simulator.write(mix, Math.min(left, LOOK_WRITES))
    }
  }
  write(LOAD, stream.keys)
  if (stream.run !== null) write(stream.run.mix, stream.run.writes)
  simulator.flush()
  return figuresOf(simulator.tree, simulator.userBytes, sizes)
}

/** Each figure's mean over seeds 1, 2, … */
export function meanOver(seeds: number, figures: (seed: number) => Figures): Figures {
  const all = Array.from({ length: seeds }, (_, index) => figures(index + 1))
  const mean = (figure: keyof Figures) => all.reduce((sum, one) => sum + one[figure], 0) / seeds
  return {
    writeAmplification: mean('writeAmplification'),
    rawBytes: mean('rawBytes'),
    tables: mean('tables'),
    tableBytes: mean('tableBytes'),
    tombstones: mean('tombstones'),
  }
}

function treeOf(name: string, clock: ManualClock, given: Params) {
  const { params, retention } = DROPPING[name] ?? { params: {}, retention: NO_RETENTION }
  const strategy = STRATEGIES.get(name)!.create({ ...params, ...given })
  return { strategy, memtableBytes: MEMTABLE_BYTES, clock, retention }
}

function modelOf({ keys, run }: ComparedStream): KeyModel {
  return run?.model.kind === 'zipfian' ? zipfianKeys(keys, run.model.theta) : uniformKeys(keys)
}

/**
 * Draws key numbers; for a zipfian by inverting its exact distribution. Ranks are assigned to keys
 * at random. If the first loaded keys were the hottest, levels would hold different ranks, but the
 * model inserts all ranks alike.
 */
function drawer(skew: Skew, keys: number, random: Random): () => number {
  if (skew.kind === 'uniform') return () => random.nextBelow(keys)
  const keyOfRank = shuffled(keys, random)
  const sums = new Float64Array(keys)
  let sum = 0
  for (let rank = 1; rank <= keys; rank++) sums[rank - 1] = sum += rank ** -skew.theta
  return () => {
    const wanted = random.nextDouble() * sum
    let low = 0
    let high = keys - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle]! < wanted) low = middle + 1
      else high = middle
    }
    return keyOfRank[low]!
  }
}

/** The numbers below `count` in random order (Fisher and Yates). */
function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = random.nextBelow(last + 1)
    const held = order[last]!
    order[last] = order[other]!
    order[other] = held
  }
  return order
}

class MeanSizes {
  readonly #tree: SimulatedTree
  #looks = 0
  #sums = { rawBytes: 0, tables: 0, tableBytes: 0, tombstones: 0 }

  constructor(tree: SimulatedTree) {
    this.#tree = tree
  }

  look(): void {
    const { rawBytes, tables, bytes, tombstones } = this.#tree.version.totals
    this.#sums.rawBytes += rawBytes
    this.#sums.tables += tables
    this.#sums.tableBytes += bytes
    this.#sums.tombstones += tombstones
    this.#looks++
  }

  get means() {
    const { rawBytes, tables, tableBytes, tombstones } = this.#sums
    const looks = this.#looks
    return {
      rawBytes: rawBytes / looks,
      tables: tables / looks,
      tableBytes: tableBytes / looks,
      tombstones: tombstones / looks,
    }
  }
}

function figuresOf(tree: SimulatedTree, userBytes: number, { means }: MeanSizes): Figures {
  const merged = tree.mergedRawBytesByLevel.reduce((sum, level) => sum + level, 0)
  return { writeAmplification: (tree.flushedRawBytes + merged) / userBytes, ...means }
}

/** Expects each figure within a share of the expected one; tombstones may have a wider share. */
export function expectNear(
  measured: Figures,
  expected: Figures,
  share: number,
  tombstoneShare = share,
): void {
  for (const figure of ['writeAmplification', 'rawBytes', 'tableBytes'] as const) {
    expect(Math.abs(measured[figure] / expected[figure] - 1), figure).toBeLessThan(share)
  }
  const missed = Math.abs(measured.tombstones - expected.tombstones)
  expect(missed).toBeLessThanOrEqual(tombstoneShare * Math.max(expected.tombstones, 1))
}
