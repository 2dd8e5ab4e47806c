/**
 * Measures cached random gets in reader threads: `node experiments/bench/reader-threads.ts
 * [seconds] [writes a second]`. One thread, two threads, and two threads beside a writer take
 * turns; it prints the medians of gets a second, and how they compare with one thread.
 */

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createRandom, Database, WriteBatch } from '../../engine/index.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { readInteger } from '../cli/arguments.ts'
import type { GettingData } from './reader-threads.worker.ts'

const RECORDS = 50_000
const VALUE_BYTES = 100
const ROUNDS = 9
const MiB = 1024 * 1024
/** The writer writes what is due at this interval. */
const TICK_MS = 2

const seconds = readInteger('seconds', process.argv[2] ?? '1', [1, 3600])
const writesPerSecond = readInteger('writes', process.argv[3] ?? '2000', [1, 1e9])

const folder = mkdtempSync(join(tmpdir(), 'varve-readers-'))
const db = Database.open({
  folder,
  strategy: STRATEGIES.get('leveling')!.create(),
  scheduling: 'threads',
  options: { blockCacheBytes: 256 * MiB },
})
const random = createRandom(1)

function put(number: number): void {
  const batch = new WriteBatch()
  const key = new Uint8Array(8)
  new DataView(key.buffer).setUint32(0, Math.imul(number, 0x9e3779b1))
  batch.put(key, new Uint8Array(VALUE_BYTES).fill(number))
  db.writeSync(batch)
}

/** Gets a second of all threads together, and writes a second beside them. */
async function measure(threads: number, writes: number) {
  const workers = Array.from({ length: threads }, (_, seed) => {
    const channel = db.readerChannel({ blockCacheBytes: 64 * MiB })
    const workerData: GettingData = { channel, records: RECORDS, seed, ms: 1000 * seconds }
    const module = new URL('./reader-threads.worker.ts', import.meta.url)
    return new Worker(module, { workerData, transferList: [channel.port] })
  })
  const ends = workers.map((worker) => once(worker, 'exit'))
  const next = () => Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
  await next()
  const rates = next()
  for (const worker of workers) worker.postMessage('start')
  let isOver = false
  rates.finally(() => {
    isOver = true
  })
  const startMs = performance.now()
  let written = 0
  while (writes > 0 && !isOver) {
    const due = ((performance.now() - startMs) / 1000) * writes
    for (; written < due && !isOver; written++) put(random.nextBelow(RECORDS))
    await sleep(TICK_MS)
  }
  const gets = (await rates).reduce((sum: number, rate: number) => sum + rate, 0)
  await Promise.all(ends)
  return { gets, writes: (1000 * written) / (performance.now() - startMs) }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >>> 1]!
}

for (let number = 0; number < RECORDS; number++) put(number)
db.flush()
const cases = [
  { name: 'one reader', threads: 1, writes: 0, rates: [] as number[], written: [] as number[] },
  { name: 'two readers', threads: 2, writes: 0, rates: [], written: [] },
  { name: 'two readers and a writer', threads: 2, writes: writesPerSecond, rates: [], written: [] },
]
for (let round = 0; round < ROUNDS; round++) {
  for (const { threads, writes, rates, written } of cases) {
    const measured = await measure(threads, writes)
    rates.push(measured.gets)
    written.push(measured.writes)
  }
}
db.close()
rmSync(folder, { recursive: true })

const [one] = cases
for (const { name, rates, written } of cases) {
  const ratio = median(rates.map((rate, round) => rate / one!.rates[round]!))
  console.log(
    `${name}: ${median(rates).toFixed(0)} gets/s, ${ratio.toFixed(2)} times one reader, ` +
      `${median(written).toFixed(0)} writes/s`,
  )
}
console.log(`load average ${loadavg()[0]!.toFixed(1)}`)
