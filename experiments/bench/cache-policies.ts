/**
 * Measures how many block accesses of workloads each cache policy finds in its cache, and writes
 * the table into the decision about policies: `npm run bench:caches`. All counts follow from the
 * seed, so a run on another machine writes the same table. LRU and W-TinyLFU are measured here
 * only; the engine does not have them.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BlockCache } from '../../engine/cache/block-cache.ts'
import { ClockEviction } from '../../engine/cache/clock-eviction.ts'
import type { Eviction } from '../../engine/cache/eviction.ts'
import { S3FifoEviction } from '../../engine/cache/s3-fifo-eviction.ts'
import { writeWhole } from '../../results/write-result.ts'
import { WORKLOADS, type Workload } from '../../workloads/index.ts'
import { formatBytes } from '../base/units.ts'
import { type BlockAccesses, recordAccesses, replayAccesses } from './block-accesses.ts'
import { LruEviction } from './evictions/lru-eviction.ts'
import { TinyLfuEviction } from './evictions/tiny-lfu-eviction.ts'

export const POLICIES: Readonly<Record<string, () => Eviction>> = {
  lru: () => new LruEviction(),
  clock: () => new ClockEviction(),
  's3-fifo': () => new S3FifoEviction(),
  'w-tinylfu': () => new TinyLfuEviction(),
}

/** What is read: a workload of the catalogue, and its parameters. */
interface MeasuredStream {
  readonly title: string
  readonly workload: string
  readonly params?: Readonly<Record<string, number | string>>
}

const READS = { read: 1, update: 0 }
const SCANS = { read: 0.998, update: 0, scan: 0.002, scan_length: 4000 }
const MIXGRAPH_SCANS = { mix_get_ratio: 0.75, mix_put_ratio: 0.05, mix_seek_ratio: 0.2 }

export const STREAMS: readonly MeasuredStream[] = [
  { title: 'YCSB A: half reads, half updates', workload: 'ycsb-a' },
  { title: 'YCSB B: 95 % reads, 5 % updates', workload: 'ycsb-b' },
  { title: 'YCSB C: reads', workload: 'ycsb-c' },
  { title: 'YCSB D: reads of the newest, 5 % inserts', workload: 'ycsb-d' },
  { title: 'YCSB E: short scans, 5 % inserts', workload: 'ycsb-e' },
  { title: 'YCSB F: half reads, half read-modify-writes', workload: 'ycsb-f' },
  { title: 'mixgraph', workload: 'mixgraph' },
  { title: 'mixgraph with 20 % scans', workload: 'mixgraph', params: MIXGRAPH_SCANS },
  { title: 'skewed reads, long scans between', workload: 'mix', params: SCANS },
  { title: 'skewed reads that drift', workload: 'mix', params: { ...READS, drift: 0.3 } },
  { title: 'uniform reads', workload: 'mix', params: { ...READS, distribution: 'uniform' } },
]

export interface CacheSize {
  readonly records: number
  readonly operations: number
  readonly valueBytes: number
  readonly memtableBytes: number
  readonly capacities: readonly number[]
}

const SIZE: CacheSize = {
  records: 40_000,
  operations: 80_000,
  valueBytes: 400,
  memtableBytes: 1024 * 1024,
  capacities: [512 * 1024, 2 * 1024 * 1024, 4 * 1024 * 1024],
}

/** Hits by policy, for each capacity. */
export interface StreamHits {
  readonly title: string
  readonly accesses: number
  readonly hits: Readonly<Record<string, readonly number[]>>
}

export function workloadOf(
  { workload, params = {} }: MeasuredStream,
  { records, operations, valueBytes }: CacheSize,
): Workload {
  const context = { records, operations, valueBytes, seed: 42, repeat: 0 }
  return WORKLOADS.get(workload)!.create(params, context)
}

export function recordStream(stream: MeasuredStream, size: CacheSize): Promise<BlockAccesses> {
  return recordAccesses(workloadOf(stream, size), size.memtableBytes)
}

/** The hits of every policy on one stream. */
export async function measureStream(stream: MeasuredStream, size: CacheSize): Promise<StreamHits> {
  const recorded = await recordStream(stream, size)
  const hits: Record<string, number[]> = {}
  let accesses = 0
  for (const [policy, create] of Object.entries(POLICIES)) {
    hits[policy] = size.capacities.map((capacityBytes) => {
      const cache = new BlockCache(capacityBytes, create())
      replayAccesses(recorded, cache)
      accesses = cache.hits + cache.misses
      return cache.hits
    })
  }
  return { title: stream.title, accesses, hits }
}

const DOCS = join(import.meta.dirname, '../../docs/decisions')
/** The counts from which the table is made. */
export const FIGURES_PATH = join(DOCS, 'cache-eviction.json')
export const DECISION_PATH = join(DOCS, 'cache-eviction.md')
const BEGIN = '<!-- bench:caches -->'
const END = '<!-- /bench:caches -->'

export interface CacheFigures {
  readonly size: CacheSize
  readonly streams: readonly StreamHits[]
}

/** The decision with the table of `figures` between its marks. */
export function decisionText(decision: string, { size, streams }: CacheFigures): string {
  const [before, rest] = decision.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`cache-eviction.md: no ${BEGIN} with its ${END}`)
  const policies = Object.keys(POLICIES)
  const tables = size.capacities.map((capacityBytes, index) => {
    const rows = streams.map(({ title, accesses, hits }) => {
      const shares = policies.map((policy) => hits[policy]![index]! / accesses)
      const best = Math.max(...shares)
      const cells = shares.map((share) => {
        const text = (100 * share).toFixed(1)
        return text === (100 * best).toFixed(1) ? `**${text}**` : text
      })
      return `| ${title} | ${cells.join(' | ')} |`
    })
    return [
      `| ${formatBytes(capacityBytes)} | ${policies.join(' | ')} |`,
      `|---|${policies.map(() => '--:|').join('')}`,
      ...rows,
      '',
    ].join('\n')
  })
  return `${before}${BEGIN}\n\n${tables.join('\n')}\n${END}${after}`
}

/** JSON as the formatter of this repository writes it: lists of numbers on one line. */
export function figuresText(figures: CacheFigures): string {
  const text = JSON.stringify(figures, null, 2)
  const lines = text.replace(/\[[\d,\s]+\]/g, (list) =>
    list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  )
  return `${lines}\n`
}

async function main(): Promise<void> {
  const streams: StreamHits[] = []
  for (const stream of STREAMS) {
    streams.push(await measureStream(stream, SIZE))
    process.stderr.write(`${stream.title}\n`)
  }
  const figures: CacheFigures = { size: SIZE, streams }
  writeWhole(FIGURES_PATH, figuresText(figures))
  writeWhole(DECISION_PATH, decisionText(readFileSync(DECISION_PATH, 'utf8'), figures))
}

if (import.meta.main) await main()
