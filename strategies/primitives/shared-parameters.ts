/** Owns the parameters that strategies of several families declare alike. */

import { z } from 'zod'
import type { TreeView } from '../../engine/compaction/strategy.ts'

export const SOFT_CUT_RULES = ['rocksdb', 'leveldb', 'none'] as const

export type SoftCutRule = (typeof SOFT_CUT_RULES)[number]

export const bitsPerKey = z
  .number()
  .min(0)
  .max(64)
  .default(10)
  .describe(
    'Filter bits per distinct key, over the whole tree; 0: no filters. 10 is what the RocksDB ' +
      'and LevelDB manuals recommend, and what Dostoevsky and Sarkar et al. measure with.',
  )

/** `defineStrategy` declares it for every strategy. */
export const filterAlloc = z
  .enum(['uniform', 'monkey'])
  .default('uniform')
  .describe(
    'How filter bits are divided: uniform, as many in every run (LevelDB, RocksDB), or monkey, ' +
      'with the fewest false positives for the memory (Monkey, SIGMOD ’17).',
  )

export const targetTableBytes = z
  .int()
  .min(0)
  .default(0)
  .describe(
    'Raw bytes at which an output table is closed; 0: the memtable size. RocksDB: 64 MB, equal ' +
      'to its memtable; LevelDB: 2 MB.',
  )

export const softCuts = z
  .enum(SOFT_CUT_RULES)
  .default('rocksdb')
  .describe(
    'Where an output table may end early: rocksdb, at the borders of tables one level deeper, so ' +
      'that later merges meet fewer of them, with tables of half to twice the target size ' +
      '(RocksDB since 7.8; Pebble similarly); leveldb, where ten of them were passed; ' +
      'none, nowhere.',
  )

/** The size ratio. `elsewhere` names other defaults, such as 'LevelDB, RocksDB: 10'. */
export function sizeRatio(elsewhere: string) {
  return z
    .int()
    .min(2)
    .max(1000)
    .default(4)
    .describe(`Size ratio between levels. 4 here for every strategy; ${elsewhere}.`)
}

export const sizing = z
  .enum(['static', 'dynamic'])
  .default('static')
  .describe(
    'What a level above the deepest may hold: a power of T memtables (static, as Monkey and ' +
      'Dostoevsky count), or its share of what the deepest holds now (dynamic: RocksDB, Dong et ' +
      'al.), which keeps space within T/(T − 1) where the deepest is one run.',
  )

export const l0Trigger = z
  .int()
  .min(1)
  .max(1000)
  .default(4)
  .describe('Runs in level 0 that start a compaction. LevelDB, RocksDB: 4.')

export const baseBytes = z
  .int()
  .min(0)
  .default(0)
  .describe(
    'Level i may hold baseBytes · T^i raw bytes; 0: the memtable size. RocksDB: 256 MB in level ' +
      '1, four memtables, as here with T = 4; LevelDB: 10 MB.',
  )

export const densityThreshold = z
  .number()
  .positive()
  .max(1)
  .default(0.5)
  .describe(
    'Share of tombstones from which a table goes first (density). 0.5: half of its entries; ' +
      'Sarkar et al. name no figure.',
  )

export const deleteTtlMs = z
  .number()
  .positive()
  .default(10_000)
  .describe(
    'Time in ms from the delete to the end of its tombstone, split over the levels. Lethe: D_th, ' +
      'a sixth to a half of its runs. 10 seconds suit a run of half a minute; a service: days.',
  )

export function tableBytes(view: TreeView, params: { readonly targetTableBytes: number }): number {
  return params.targetTableBytes === 0 ? view.memtableBytes : params.targetTableBytes
}
