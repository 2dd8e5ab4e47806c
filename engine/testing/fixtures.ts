/**
 * Owns what all engine tests share: text as bytes, minimal strategies, and a database in memory
 * whose memtables are so small that a few writes make a tree.
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

/** A strategy made of its pick. */
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
 * A policy that always collects: it picks the oldest segment if there is one, and compactions move
 * the values out of the older half of the log.
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

/** Options that separate most values of the tests and keep segments small. */
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

/** Opens '/db' in memory, with memtables of 4 KiB by default. */
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
