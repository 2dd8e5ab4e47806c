/** Figures of `db_bench` 7.8.3 and of LevelDB 1.20: entries of flushes of 600,000 random puts. */
import { expect, test } from 'vitest'
import { levelDbArenaBytes, rocksDbArenaBytes } from './arena-bytes.ts'

test('RocksDB flushed 3,542 and 4,736 entries of 116 bytes from arenas of these sizes', () => {
  for (const [entries, bytes] of [
    [3542, 524_288],
    [4736, 700_000],
  ] as const) {
    expect(rocksDbArenaBytes(entries * 116, 116) / bytes).toBeCloseTo(1, 2)
  }
})

test('an arena ends at a whole block', () => {
  expect(rocksDbArenaBytes(512 * 1024, 116)).toBe(163 * 4096)
})

test('entries of more than a quarter of a block waste no block', () => {
  // Entry and header take 2032 bytes, one pointer is 8 and most nodes are aligned to 2048.
  expect(rocksDbArenaBytes(1000 * 2022, 2022) / (1000 * 2049)).toBeCloseTo(1, 2)
  // The length and trailer, then the pointer and a pointer a level.
  expect(levelDbArenaBytes(1000 * 2022, 2022) / (1000 * (2032 + 8 + 32 / 3))).toBeCloseTo(1, 2)
})
