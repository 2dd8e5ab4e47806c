/** Owns who takes part in what: the benchmarks that a store has no call for, and why. */
import type { RaceBenchmark, RaceCompression, RacedEngine } from '../../../results/race-schema.ts'

const NO_MERGE = 'its library has no call that merges everything'
const YCSB: readonly RaceBenchmark[] = ['ycsb-a', 'ycsb-b', 'ycsb-c', 'ycsb-d', 'ycsb-e', 'ycsb-f']

type Reasons = readonly (readonly [benchmarks: readonly RaceBenchmark[], why: string])[]

const LEFT_OUT: Readonly<Partial<Record<RacedEngine, Reasons>>> = {
  'varve-threads': [
    [['put-now'], 'a loop of blocking writes would keep finished jobs from being installed'],
  ],
  leveldb: [[['put-now'], 'its writes are promises']],
  rocksdb: [[['full-merge'], NO_MERGE]],
  lmdb: [[['full-merge'], 'it has nothing to merge']],
  sqlite: [[['full-merge'], 'it has nothing to merge']],
  db_bench: [
    [['put-awaited'], 'its writes are synchronous calls'],
    [YCSB, 'it has no YCSB'],
    [['open', 'recovery'], 'it does not report the time of an open'],
    [['memory-write', 'memory-read'], 'it is no Node process'],
  ],
}

/** Why the store takes no part in the benchmark; null: it does. */
export function whyLeftOut(engine: RacedEngine, benchmark: RaceBenchmark): string | null {
  const reason = LEFT_OUT[engine]?.find(([benchmarks]) => benchmarks.includes(benchmark))
  return reason?.[1] ?? null
}

/** Whether the store's figures depend on compression; others race without it only. */
export function compresses(engine: RacedEngine, compression: RaceCompression): boolean {
  return compression === 'none' || (engine !== 'lmdb' && engine !== 'sqlite')
}

/** What nobody ran, and why. */
export const LEFT_OUT_BY_ALL = [
  {
    what: 'gets with O_DIRECT',
    why: 'only db_bench and Varve can read past the page cache; the libraries cannot',
  },
] as const
