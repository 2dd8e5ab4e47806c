/**
 * Owns what engine tests share: text as bytes, a minimal strategy per layout, and opening a
 * database on memory with small memtables so that a handful of writes makes a tree.
 */

import { ManualClock } from '../base/clock.ts'
import type {
  CompactionSpec,
  CompactionStrategy,
  InputSlice,
  TreeView,
} from '../compaction/strategy.ts'
import type { ValueLogPolicy } from '../compaction/value-log-policy.ts'
import { Database } from '../db/database.ts'
import type { OpenOptions } from '../db/open-options.ts'
import { Ledger } from '../storage/ledger.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (array: Uint8Array): string => new TextDecoder().decode(array)

/** A strategy from its pick alone. */
export function strategyOf(
  name: string,
  pick: (view: TreeView) => CompactionSpec | null,
): CompactionStrategy {
  return {
    name,
    initialState: null,
    pick,
    score: () => [],
    debtBytes: () => 0,
    stallLimits: () => ({ slowdownRuns: 1000, stopRuns: 1000 }),
    nextDueAt: () => null,
    flushFilter: () => ({ bitsPerKey: 10 }),
  }
}

export const never = strategyOf('never', () => null)

/** Merges every `runs` runs of a level into one run of the next. */
export function everyNth(runs: number): CompactionStrategy {
  return strategyOf(`every-${runs}`, ({ version }) => {
    const level = version.levels.findIndex((candidate) => candidate.runs.length >= runs)
    if (level < 0) return null
    const inputs: InputSlice[] = version.levels[level]!.runs.map((run) => ({
      level,
      run: run.id,
      tables: 'all',
    }))
    return {
      kind: 'merge',
      inputs,
      outputs: [
        {
          place: { level: level + 1, after: null },
          fromKey: null,
          targetTableBytes: 2048,
          cutKeys: [],
          filter: { bitsPerKey: 10 },
        },
      ],
      nextState: null,
      reason: { trigger: 'runs', formula: 'runs ≥ n', values: { runs, level } },
    }
  })
}

/**
 * The policy that never rests: it collects the oldest segment whenever there is one, and
 * compactions empty the older half of the log. Hard on whatever must not be lost.
 */
export const restless: ValueLogPolicy = {
  name: 'restless',
  pick({ segments }) {
    const { segment } = segments[0] ?? { segment: null }
    if (segment === null) return null
    return { segment, reason: { trigger: 'always', formula: 'segments > 0', values: { segment } } }
  },
  relocateBelow: ({ segments }) => segments[segments.length >>> 1]?.segment ?? 0,
}

/** Options under which most values of tests are separated, and segments are small. */
export const RESTLESS_LOG = {
  thresholdBytes: 64,
  segmentBytes: 1024,
  gcPolicy: restless.name,
} as const

export interface TestDatabase {
  readonly db: Database
  readonly storage: MemoryStorage
  readonly clock: ManualClock
}

/** Opens '/db' on memory; memtables of 4 KiB unless told otherwise. */
export function openTest(open: Partial<OpenOptions> = {}): TestDatabase {
  const storage = (open.storage as MemoryStorage) ?? new MemoryStorage(new Ledger())
  const clock = new ManualClock(1_000)
  const db = Database.open({
    storage,
    folder: '/db',
    strategy: everyNth(3),
    clock,
    ...open,
    options: { memtableBytes: 4096, blockBytes: 256, ...open.options },
  })
  return { db, storage, clock }
}
