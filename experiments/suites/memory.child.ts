/**
 * Owns the measured process of the suite `memory`: one load through the runner, as `exp` does it,
 * in a separate process whose memory holds only the load. It sends samples and the peak. It never
 * forces a collection, which would reduce the peak.
 */
import { Ledger, NodeStorage, systemClock } from '../../engine/index.ts'
import { tiering } from '../../strategies/whole-levels/tiering.ts'
import { ycsbDefinitions } from '../../workloads/ycsb/ycsb-definition.ts'
import { peakRssBytes } from '../machine/peak-rss.ts'
import { threadsRun } from '../run/background-run.ts'
import { CountedBooks } from '../run/counted-books.ts'
import { Runner } from '../run/runner.ts'
import { VarveTarget } from '../targets/varve-target.ts'

export interface MemoryLoad {
  readonly folder: string
  /** Who runs flushes and compactions. */
  readonly scheduling: 'inline' | 'threads'
  readonly records: number
  readonly valueBytes: number
  readonly seed: number
  readonly memtableBytes: number
  readonly blockCacheBytes: number
  readonly samples: number
}

export interface MemorySample extends Record<string, number> {
  readonly records: number
  readonly heapUsedBytes: number
  /** Memory outside the heap that the heap owns, such as array buffers. */
  readonly externalBytes: number
  readonly rssBytes: number
}

export type MemoryMessage =
  | { readonly kind: 'progress'; readonly records: number }
  | {
      readonly kind: 'done'
      readonly samples: readonly MemorySample[]
      /** After all modules are loaded, before anything is open. */
      readonly baselineRssBytes: number
      readonly peakRssBytes: number
      readonly cpuSeconds: number
      readonly entries: number
      readonly rawBytes: number
      readonly tables: number
    }

/** Resolves when the message has been sent; a channel that closes before loses it. */
function tell(message: MemoryMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null) => (error === null ? resolve() : reject(error))
    process.send!(message, settle)
  })
}

async function load(options: MemoryLoad): Promise<void> {
  const baselineRssBytes = process.memoryUsage.rss()
  const { folder, records, valueBytes, seed, memtableBytes, blockCacheBytes } = options
  const workload = ycsbDefinitions().find(({ name }) => name === 'ycsb-a')!
  const background = options.scheduling === 'inline' ? null : threadsRun()
  const ledger = new Ledger()
  const every = Math.ceil(records / options.samples)
  const samples: MemorySample[] = []
  const runner = new Runner({
    open: (clock, onEvent) => {
      const target = new VarveTarget({
        storage: new NodeStorage(ledger),
        strategy: tiering.create(tiering.parse({})),
        strategyParameters: {},
        engineOptions: { memtableBytes, blockCacheBytes },
        ledger,
        folder,
        clock,
        seed,
        onEvent,
        background,
      })
      return { target, books: new CountedBooks(target) }
    },
    workload: workload.create({}, { records, operations: 0, seed, repeat: 0, valueBytes }),
    records,
    operations: 0,
    timer: systemClock,
    background,
    signal: new AbortController().signal,
    onProgress: (_phase, done) => {
      if (done < (samples.length + 1) * every) return
      const { heapUsed, external, rss } = process.memoryUsage()
      samples.push({
        records: done,
        heapUsedBytes: heapUsed,
        externalBytes: external,
        rssBytes: rss,
      })
      if (samples.length % 20 === 0) void tell({ kind: 'progress', records: done })
    },
  })
  const { drained } = runner.books.measurement(await runner.run())
  const total = (pick: (level: (typeof drained.levels)[number]) => number) =>
    drained.levels.reduce((sum, level) => sum + pick(level), 0)
  const { userCPUTime, systemCPUTime } = process.resourceUsage()
  runner.target.close()
  await tell({
    kind: 'done',
    samples,
    baselineRssBytes,
    peakRssBytes: peakRssBytes(),
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    entries: total((level) => level.entries),
    rawBytes: total((level) => level.rawBytes),
    tables: total((level) => level.tables),
  })
}

await load(JSON.parse(process.argv[2]!) as MemoryLoad)
process.disconnect!()
