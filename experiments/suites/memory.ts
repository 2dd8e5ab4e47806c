/**
 * Owns the suite `memory`: a load many times larger than any budget, once with inline scheduling
 * and once with jobs in threads, each in a separate process (`memory.child.ts`). Its peak must stay
 * within the sum of the budgets. Its memory must not grow with the data by more than what open
 * tables pin.
 *
 * Budgets: two memtables (one fills while one is flushed), the block cache, indexes and filters of
 * open tables, the oracle of live sizes, and one allowance for everything else, from the runtime
 * and the program's code to garbage that is not collected yet.
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Claim, SuiteRun, SuiteScale } from '../../results/suite-schema.ts'
import { Interrupted } from '../base/interrupted.ts'
import { modulePath } from '../base/module-path.ts'
import { childEnvironment } from '../machine/child-environment.ts'
import type { MemoryLoad, MemoryMessage, MemorySample } from './memory.child.ts'
import { atMostClaim, type Suite, type SuiteContext, type SuiteFindings } from './suite.ts'

type Done = Extract<MemoryMessage, { readonly kind: 'done' }>

/** As `npm run exp` sets them: garbage is collected before it fills the memory. */
export const NODE_FLAGS = ['--max-semi-space-size=2', '--heap-growing-percent=50']

const MiB = 1024 * 1024
const MB = 1e6

const SCHEDULINGS: readonly MemoryLoad['scheduling'][] = ['inline', 'threads']
const RECORDS: Readonly<Record<SuiteScale, number>> = { smoke: 100_000, full: 10_000_000 }
const SAMPLES: Readonly<Record<SuiteScale, number>> = { smoke: 100, full: 1000 }
/**
 * From here on the peak with threads is judged. A thread takes about 20 MB whatever the load, so a
 * small load says little about the goal, which is one for ten million records.
 */
const THREADS_PEAK_RECORDS = 10_000_000
/** In a smaller load the threads start late, which would count as growth with the data. */
const THREADS_GROWTH_RECORDS = 1_000_000
/** Number of samples kept in the result. */
const SERIES_POINTS = 100

const ALLOWANCE_BYTES = 150 * MB
/** Noise of the least heap in a third of the load, after subtracting the pinned bytes. */
const HEAP_NOISE_BYTES = 8 * MB
/** Noise of the median resident size: the allocator returns memory late. */
const RSS_NOISE_BYTES = 32 * MB

export const memory: Suite = {
  name: 'memory',
  fullSeconds: 900,
  description: 'peak and growth of memory over a load of small records, against its budgets',
  columns: [
    { heading: 'peak RSS', figure: 'peakRssBytes' },
    { heading: 'budgets', figure: 'budgetBytes' },
    { heading: 'before', figure: 'baselineRssBytes' },
    { heading: 'pinned', figure: 'pinnedBytes' },
    { heading: 'CPU s', figure: 'cpuSeconds' },
  ],
  run: (context) => measureMemory(context, RECORDS[context.scale]),
}

type Load = Omit<MemoryLoad, 'folder'>

/** The suite with another number of records. */
export async function measureMemory(
  context: SuiteContext,
  records: number,
): Promise<SuiteFindings> {
  const runs: SuiteRun[] = []
  const claims: Claim[] = []
  for (const [index, scheduling] of SCHEDULINGS.entries()) {
    const startMs = performance.now()
    const load = loadOf(context, records, scheduling)
    const done = await runChild(load, context, index / SCHEDULINGS.length)
    const run = runOf(load, done, (performance.now() - startMs) / 1e3)
    runs.push(run)
    claims.push(...claimsOf(run, done.samples))
  }
  return { runs, claims }
}

function loadOf(
  { scale, seed }: SuiteContext,
  records: number,
  scheduling: MemoryLoad['scheduling'],
): Load {
  return {
    scheduling,
    records,
    valueBytes: 100,
    seed,
    memtableBytes: MiB,
    blockCacheBytes: 8 * MiB,
    samples: SAMPLES[scale],
  }
}

async function runChild(
  load: Load,
  { outFolder, signal, onProgress }: SuiteContext,
  shareBefore: number,
): Promise<Done> {
  const folder = mkdtempSync(join(outFolder, '.suite-memory-'))
  const script = modulePath(import.meta, 'memory.child')
  const child = fork(script, [JSON.stringify({ ...load, folder })], {
    execArgv: NODE_FLAGS,
    env: childEnvironment(),
  })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  const interrupt = () => child.kill('SIGKILL')
  signal.addEventListener('abort', interrupt)
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('message', (message: MemoryMessage) => {
        if (message.kind === 'done') resolve(message)
        else {
          const { records } = message
          const share = shareBefore + records / load.records / SCHEDULINGS.length
          onProgress(`memory: load ${load.scheduling}`, records, load.records, share)
        }
      })
      child.on('exit', (code) => {
        if (signal.aborted) reject(new Interrupted('interrupted'))
        else reject(new Error(`the load ended early, exit code ${code}`))
      })
    })
  } finally {
    signal.removeEventListener('abort', interrupt)
    await ended
    rmSync(folder, { recursive: true })
  }
}

function runOf(load: Load, done: Done, wallSeconds: number): SuiteRun {
  const { samples, kind: _, ...figures } = done
  const budgets = {
    memtablesBytes: 2 * load.memtableBytes,
    blockCacheBytes: load.blockCacheBytes,
    pinnedBytes: pinnedBytes(done.entries, done.rawBytes),
    oracleBytes: load.records * Uint32Array.BYTES_PER_ELEMENT,
    allowanceBytes: ALLOWANCE_BYTES,
  }
  const budgetBytes = Object.values(budgets).reduce((sum, bytes) => sum + bytes, 0)
  const every = Math.ceil(samples.length / SERIES_POINTS)
  return {
    name: `load of ${load.records} records, ${load.scheduling}`,
    params: { ...load, strategy: 'tiering', workload: 'ycsb-a' },
    figures: { ...figures, ...budgets, budgetBytes },
    series: samples.filter((_sample, index) => index % every === every - 1),
    wallSeconds,
  }
}

const FILTER_BITS = 10
const BLOCK_BYTES = 4096
/** Size of a decoded index entry, one for each block: four doubles, a u32 and a separator key. */
const INDEX_ENTRY_BYTES = 36 + 24

/** Bytes of indexes and filters of tables with this many entries and raw bytes. */
function pinnedBytes(entries: number, rawBytes: number): number {
  const filters = (entries * FILTER_BITS) / 8
  return Math.ceil(filters + (rawBytes / BLOCK_BYTES) * INDEX_ENTRY_BYTES)
}

function claimsOf(
  { name, params, figures }: SuiteRun,
  samples: readonly MemorySample[],
): readonly Claim[] {
  const third = Math.floor(samples.length / 3)
  const middle = samples.slice(third, 2 * third)
  const last = samples.slice(2 * third)
  const heldBytes = (sample: MemorySample) => sample.heapUsedBytes + sample.externalBytes
  const grown = (2 * Number(figures.pinnedBytes)) / 3
  const least = (part: readonly MemorySample[]) => Math.min(...part.map(heldBytes))
  const median = (part: readonly MemorySample[]) =>
    part.map(({ rssBytes }) => rssBytes).sort((a, b) => a - b)[part.length >> 1]!
  const source = 'last third of the load against the middle third, with what its tables pin'
  const peak = atMostClaim(
    `${name}: peak RSS`,
    Number(figures.peakRssBytes),
    Number(figures.budgetBytes),
    'the sum of the budgets',
  )
  const records = params.scheduling === 'inline' ? Number.POSITIVE_INFINITY : Number(params.records)
  if (records < THREADS_GROWTH_RECORDS) return []
  return [
    ...(records >= THREADS_PEAK_RECORDS ? [peak] : []),
    atMostClaim(
      `${name}: least heap`,
      least(last),
      Math.ceil(least(middle) + grown + HEAP_NOISE_BYTES),
      source,
    ),
    atMostClaim(
      `${name}: median RSS`,
      median(last),
      Math.ceil(median(middle) + grown + RSS_NOISE_BYTES),
      source,
    ),
  ]
}
