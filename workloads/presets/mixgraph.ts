/**
 * Owns `mixgraph`, the model of Facebook's social graph store: key ranges of two-term exponential
 * hotness, power-law keys within, generalised Pareto sizes of values and scans (Cao, Dong, Vemuri &
 * Du, "Characterizing, Modeling, and Benchmarking RocksDB Key-Value Workloads at Facebook", FAST
 * 2020, §7; RocksDB's `MixGraph`, tools/db_bench_tool.cc). As in RocksDB, one number determines an
 * operation's kind, key and size. Defaults are the published fit with key ranges ("prefix_dist",
 * RocksDB wiki, "RocksDB Trace, Replay, Analyzer, and Workload Generation"), because db_bench's own
 * defaults read uniformly.
 *
 * The load generator receives the sine of the rate. In a closed loop it has no effect.
 */

import { z } from 'zod'
import { dbBenchKeys } from './db-bench.ts'
import { definePreset, type SpecPreset } from './preset.ts'

const real = z.number()
const ratio = z.number().min(0).max(1)
const term = (name: string) => real.describe(`${name} of range hotness a·e^(bx) + c·e^(dx)`)

const params = z.strictObject({
  key_size: z.int().min(1).max(255).default(48).describe('bytes of a key'),
  value_size: z.int().min(0).max(1e6).default(43).describe('bytes of a value loaded'),
  compression_ratio: ratio.default(0.5).describe('compressed ÷ raw'),
  keyrange_num: z.int().min(1).max(1e6).default(30).describe('key ranges'),
  keyrange_dist_a: term('a').default(14.18),
  keyrange_dist_b: term('b').default(-2.917),
  keyrange_dist_c: term('c').default(0.0164),
  keyrange_dist_d: term('d').default(-0.08082),
  key_dist_a: z.number().min(0).default(0.002312).describe('a of key hotness a·x^b; 0: uniform'),
  key_dist_b: z.number().min(0).default(0.3467).describe('b of key hotness a·x^b'),
  value_theta: real.default(0).describe('location of value sizes (generalised Pareto)'),
  value_k: real.default(0.2615).describe('shape of value sizes'),
  value_sigma: z.number().positive().default(25.45).describe('scale of value sizes'),
  mix_max_value_size: z
    .int()
    .min(10)
    .max(2 ** 20)
    .default(1024)
    .describe('larger sizes wrap'),
  iter_theta: real.default(0).describe('location of scan lengths (generalised Pareto)'),
  iter_k: real.default(2.517).describe('shape of scan lengths'),
  iter_sigma: z.number().positive().default(14.236).describe('scale of scan lengths'),
  mix_max_scan_len: z.int().min(1).max(1e6).default(10_000).describe('longer scans wrap'),
  mix_get_ratio: ratio.default(0.85).describe('share of reads'),
  mix_put_ratio: ratio.default(0.14).describe('share of writes'),
  mix_seek_ratio: ratio.default(0.01).describe('share of scans'),
  sine_a: real.default(1000).describe('a of the rate a·sin(bt + c) + d operations/s, open loop'),
  sine_b: real.default(0.000073).describe('b of the rate'),
  sine_c: real.default(0).describe('c of the rate'),
  sine_d: real.default(4500).describe('d of the rate'),
})

type Params = z.output<typeof params>

function keysOf(given: Params) {
  const { key_dist_a: keyA, key_dist_b: keyB } = given
  const [a, b] = [given.keyrange_dist_a, given.keyrange_dist_b]
  const [c, d] = [given.keyrange_dist_c, given.keyrange_dist_d]
  if (keyA === 0 || keyB === 0) return { distribution: 'uniform' as const }
  if ([a, b, c, d].every((value) => value === 0)) {
    return { distribution: 'power' as const, a: keyA, b: keyB }
  }
  const ranges = given.keyrange_num
  return { distribution: 'key-ranges' as const, ranges, a, b, c, d, keyA, keyB }
}

/** RocksDB raises smaller values to this size. */
const VALUE_BYTES_MIN = 10

export const MIXGRAPH_PRESET: SpecPreset = definePreset({
  name: 'mixgraph',
  family: 'db_bench',
  description: 'Facebook’s social graph: 85 % get, 14 % put, 1 % scan, hot key ranges',
  params,
  source: 'Cao et al., FAST 2020; RocksDB wiki, prefix_dist',
  sources: {
    compression_ratio: 'RocksDB tools/db_bench_tool.cc',
    mix_max_value_size: 'RocksDB tools/db_bench_tool.cc',
    mix_max_scan_len: 'RocksDB tools/db_bench_tool.cc',
  },
  spec: (given) => ({
    keys: dbBenchKeys(given.key_size),
    values: { bytes: given.value_size, compressionRatio: given.compression_ratio },
    load: { order: 'random' },
    phases: [
      {
        name: 'mixgraph',
        keys: keysOf(given),
        oneDraw: true,
        steps: [
          { operation: 'read', weight: given.mix_get_ratio },
          {
            operation: 'update',
            weight: given.mix_put_ratio,
            valueBytes: {
              distribution: 'pareto',
              location: given.value_theta,
              scale: given.value_sigma,
              shape: given.value_k,
              min: VALUE_BYTES_MIN,
              max: given.mix_max_value_size,
              beyond: 'modulo',
            },
          },
          {
            operation: 'scan',
            weight: given.mix_seek_ratio,
            scanLength: {
              distribution: 'pareto',
              location: given.iter_theta,
              scale: given.iter_sigma,
              shape: given.iter_k,
              min: 1,
              max: given.mix_max_scan_len,
              beyond: 'modulo',
            },
          },
        ],
        sineRate: { a: given.sine_a, b: given.sine_b, c: given.sine_c, d: given.sine_d },
      },
    ],
  }),
})
