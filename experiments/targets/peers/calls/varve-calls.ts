/**
 * Owns Varve in the races, opened as a program opens it: by `open`, with its default strategy. Only
 * the full merge needs another one, which merges all runs into one.
 */
import { z } from 'zod'
import { type Database, WriteBatch } from '../../../../engine/index.ts'
import type { PeerSetting } from '../../../../results/peer-schema.ts'
import type { RacedEngine } from '../../../../results/race-schema.ts'
import {
  type CompactionStrategy,
  defineStrategy,
  levelAt,
  runCount,
  wholeRuns,
} from '../../../../strategies/index.ts'
import { open } from '../../../../strategies/open.ts'
import { mergeIntoOldest } from '../../../../strategies/primitives/specs.ts'
import { setting } from '../setting.ts'
import {
  BITS_PER_KEY,
  BLOCK_BYTES,
  type CallBudget,
  type CallDefinition,
  type CallStore,
  type Tally,
} from './call-store.ts'

type Scheduling = 'inline' | 'threads'

export const VARVE_INLINE_CALLS = definitionOf('varve-inline', 'inline')
export const VARVE_THREADS_CALLS = definitionOf('varve-threads', 'threads')

function definitionOf(name: RacedEngine, scheduling: Scheduling): CallDefinition {
  return {
    name,
    quietMs: 0,
    settings: (budget) => settingsOf(budget, scheduling),
    open: async (folder, budget) => new VarveCalls(folder, budget, scheduling),
    version: () => `Varve, ${scheduling === 'inline' ? 'jobs inline' : 'jobs in threads'}`,
  }
}

function settingsOf(budget: CallBudget, scheduling: Scheduling): readonly PeerSetting[] {
  const { memtableBytes, blockCacheBytes, compression } = budget
  const shared = { memtableBytes, blockCacheBytes, blockBytes: BLOCK_BYTES, compression }
  return [
    ...Object.entries(shared).map(([name, value]) => setting(name, value, value)),
    setting('bitsPerKey', BITS_PER_KEY, BITS_PER_KEY),
    setting('strategy', 'leveling-partial', 'leveling-partial'),
    setting('scheduling', scheduling, scheduling),
  ]
}

/** Everything in one run of the last level: what a full merge leaves. */
const FULL_MERGE = defineStrategy({
  name: 'full-merge',
  description: 'Merges all runs into one of the last level',
  params: z.object({}),
  primitives: {
    trigger: ['sorted runs'],
    layout: 'leveling',
    granularity: ['all'],
    movement: ['not applicable (entire runs)'],
  },
  pick(view) {
    const { version, inProgress } = view
    if (inProgress.length > 0 || runCount(version) < 2) return null
    const last = Math.max(version.levels.length - 1, 1)
    const above = version.levels.slice(0, last).flatMap(({ runs }, level) => wholeRuns(level, runs))
    return mergeIntoOldest(
      view,
      last,
      above,
      levelAt(version, last).runs,
      { targetTableBytes: 0, bitsPerKey: BITS_PER_KEY },
      {
        trigger: 'sorted runs',
        formula: 'runs ≥ 2',
        values: { runs: runCount(version) },
      },
    )
  },
})

class VarveCalls implements CallStore {
  readonly putNow: CallStore['putNow']
  readonly #open: (strategy?: CompactionStrategy) => Database
  readonly #synced: boolean
  readonly #batch = new WriteBatch()
  #database: Database

  constructor(folder: string, budget: CallBudget, scheduling: Scheduling) {
    const { memtableBytes, blockCacheBytes, compression, synced } = budget
    this.#open = (strategy) =>
      open(folder, {
        scheduling,
        ...(strategy !== undefined && { strategy }),
        options: { memtableBytes, blockCacheBytes, blockBytes: BLOCK_BYTES, compression },
      })
    this.#synced = synced
    this.#database = this.#open()
    // In threads a loop of blocking writes would never let a job's end be installed.
    this.putNow = scheduling === 'inline' ? (key, value) => this.#putNow(key, value) : null
  }

  putBatch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number) {
    const batch = this.#batch
    batch.clear()
    for (let at = 0; at < count; at++) batch.put(keys[at]!, values[at]!)
    return this.#database.write(batch)
  }

  deleteBatch(keys: readonly Uint8Array[], count: number) {
    const batch = this.#batch
    batch.clear()
    for (let at = 0; at < count; at++) batch.delete(keys[at]!)
    return this.#database.write(batch)
  }

  put(key: Uint8Array, value: Uint8Array) {
    return this.#synced ? this.#database.put(key, value, SYNCED) : this.#database.put(key, value)
  }

  #putNow(key: Uint8Array, value: Uint8Array): void {
    const batch = this.#batch
    batch.clear()
    batch.put(key, value)
    this.#database.writeSync(batch)
  }

  get(key: Uint8Array) {
    return this.#database.get(key)
  }

  getMany(keys: readonly Uint8Array[]) {
    return this.#database.getMany(keys)
  }

  scan(reverse: boolean, tally: Tally): void {
    for (const [, value] of this.#database.scan({ reverse })) tally.add(value)
  }

  walk(reverse: boolean, tally: Tally): void {
    using cursor = this.#database.cursor()
    if (reverse) {
      for (cursor.seekToLast(); cursor.valid; cursor.prev()) {
        tally.add(cursor.valueBytes, cursor.valueStart)
      }
      return
    }
    for (cursor.seekToFirst(); cursor.valid; cursor.next()) {
      tally.add(cursor.valueBytes, cursor.valueStart)
    }
  }

  seek(from: Uint8Array, entries: number, tally: Tally): void {
    using cursor = this.#database.cursor()
    let left = entries
    for (cursor.seek(from); cursor.valid; cursor.next()) {
      tally.add(cursor.valueBytes, cursor.valueStart)
      if (--left === 0) break
    }
  }

  /** The merge runs with the tree as it is, in the executor of the store. */
  merge(): void {
    this.#database.close()
    this.#database = this.#open(FULL_MERGE.create())
    this.#database.flush()
  }

  settle(): void {
    this.#database.flush()
  }

  busy(): boolean {
    return false
  }

  debtBytes(): number {
    return this.#database.metrics().debtBytes
  }

  close(): void {
    this.#database.close()
  }
}

const SYNCED = { sync: true } as const
