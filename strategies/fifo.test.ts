import { describe, expect, test } from 'vitest'
import { ManualClock } from '../engine/base/clock.ts'
import type { LsmError } from '../engine/base/errors.ts'
import { Database } from '../engine/db/database.ts'
import { Ledger } from '../engine/storage/ledger.ts'
import { MemoryStorage } from '../engine/storage/memory-storage.ts'
import { bytes } from '../engine/testing/fixtures.ts'
import { parseVersion } from '../engine/version/text.ts'
import { WriteBatch } from '../engine/wal/write-batch.ts'
import { fifo } from './fifo.ts'
import { printSpec } from './primitives/print-spec.ts'

const TREE = `L0
  R4: 4[a,z] bytes=100 created=4000
  R3: 3[a,z] bytes=100 created=3000
L2
  R1: 1[a,m] bytes=100 created=1000; 2[n,z] bytes=100 created=2000`

const view = (nowMs: number, tree = TREE) => ({
  version: parseVersion(tree),
  memtableBytes: 100,
  state: null,
  inProgress: [],
  oldestSnapshotSeq: 0,
  nowMs,
  tableStats: () => ({ reads: 0 }),
})
const pick = (params: Record<string, number>, nowMs = 0) =>
  printSpec(fifo.create(params).pick(view(nowMs)))

describe('picks', () => {
  test('nothing while the tree is small and young', () => {
    expect(pick({ max_table_files_size: 400 })).toBe('nothing')
    expect(pick({ max_table_files_size: 400, ttl: 1 }, 2000)).toBe('nothing')
  })

  test('beyond its size, from the oldest run’s smallest key up, as much as it takes', () => {
    expect(pick({ max_table_files_size: 399 })).toBe(
      'drop L2 R1 (tables 1) -> nowhere because bytes > max_table_files_size',
    )
    expect(pick({ max_table_files_size: 150 })).toBe(
      'drop L2 R1 (tables 1, 2), L0 R3 (tables 3) -> nowhere because bytes > max_table_files_size',
    )
  })

  test('what has outlived its time, up to the first that has not', () => {
    expect(pick({ ttl: 1 }, 2001)).toBe('drop L2 R1 (tables 1) -> nowhere because age > ttl')
    expect(pick({ ttl: 1 }, 4001)).toBe(
      'drop L2 R1 (tables 1, 2), L0 R3 (tables 3) -> nowhere because age > ttl',
    )
    expect(pick({ ttl: 0 }, 1e15)).toBe('nothing')
  })

  test('a table beside a younger one waits for it: a slice of a run has no gaps', () => {
    const gap = 'L2\nR1: 1[a,b] created=1000; 2[c,d] created=9000; 3[e,f] created=1000'
    expect(printSpec(fifo.create({ ttl: 1 }).pick(view(5000, gap)))).toMatch(
      /^drop L2 R1 \(tables 1\)/,
    )
  })

  test('by size at once where age does not suffice', () => {
    expect(pick({ ttl: 1, max_table_files_size: 100 }, 2001)).toMatch(/because bytes > max/)
  })

  test('the time of the next drop is known', () => {
    expect(fifo.create({ ttl: 1 }).nextDueAt(view(1500))).toBe(2001)
    expect(fifo.create({ ttl: 0 }).nextDueAt(view(1500))).toBeNull()
  })
})

/** Writes key n at n ms, 100 bytes each, and reports what is left and what was written. */
function writeThrough(
  params: Record<string, number>,
  retention: { retentionMaxBytes?: number; retentionMaxAgeMs?: number },
  keys: number,
) {
  const clock = new ManualClock(0)
  const db = Database.open({
    storage: new MemoryStorage(new Ledger()),
    folder: '/db',
    strategy: fifo.create(params),
    options: { memtableBytes: 4096, compression: 'none', ...retention },
    clock,
  })
  for (let n = 0; n < keys; n++) {
    clock.advance(1)
    const batch = new WriteBatch()
    batch.put(bytes(`${n}`.padStart(6, '0')), new Uint8Array(94))
    db.writeSync(batch)
  }
  const left = Array.from(db.scan(), ([key]) => Number(new TextDecoder().decode(key)))
  return { left, bytes: db.version.totals.bytes, db }
}

describe('on the engine', () => {
  test('keeps the newest keys within the size the owner agreed to', () => {
    const { left, bytes: size } = writeThrough(
      { max_table_files_size: 40_000 },
      { retentionMaxBytes: 40_000 },
      2000,
    )
    expect(size).toBeLessThanOrEqual(40_000)
    expect(size).toBeGreaterThan(30_000)
    expect(left.at(-1)).toBe(1999)
    expect(left).toEqual(Array.from({ length: left.length }, (_, at) => 2000 - left.length + at))
  })

  test('keeps what is younger than the age the owner agreed to', () => {
    const { left } = writeThrough({ ttl: 0.5 }, { retentionMaxAgeMs: 500 }, 2000)
    expect(left[0]).toBeLessThan(1500)
    expect(left[0]).toBeGreaterThan(1500 - 100)
  })

  test('without the owner’s word the first drop is refused', () => {
    try {
      writeThrough({ max_table_files_size: 40_000 }, {}, 2000)
      expect.unreachable()
    } catch (error) {
      expect((error as LsmError).code).toBe('LSM_UNSAFE_COMPACTION')
      expect((error as LsmError).data.rule).toBe('drop-retention')
    }
  })
})
