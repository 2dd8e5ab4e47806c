/**
 * Takes a synthetic cache trace with a given number of requests, all of different keys, through
 * import, statistics and export. Prints the memory that is still in use after a collection at the
 * end of each: heap and array buffers in bytes. Run with --expose-gc.
 */
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  csvText,
  ImportReport,
  importFiles,
  Operation,
  openTrace,
  pumpWorkload,
  rocksdbTrace,
  TraceWriter,
  traceWorkload,
  ycsbText,
} from '../../workloads/index.ts'
import { StatisticsSink } from './trace-statistics.ts'

const requests = Number(process.argv[2])
const folder = mkdtempSync(join(tmpdir(), 'varve-streaming-'))
const held: Record<string, number> = {}

async function measure(step: string): Promise<void> {
  // Array buffers are released concurrently; a second collection waits for the first.
  for (let round = 0; round < 3; round++) {
    globalThis.gc!()
    await setTimeout(20)
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  held[step] = heapUsed + arrayBuffers
}

/** About 40 bytes a row. */
function writeRows(path: string): void {
  const descriptor = openSync(path, 'w')
  for (let from = 0; from < requests; from += 1000) {
    let text = ''
    for (let i = from; i < from + 1000; i++) {
      text += `${i >> 8},key-${(i * 2654435761) % 2 ** 40},20,300,7,${i % 3 ? 'set' : 'get'},60\n`
    }
    writeSync(descriptor, text)
  }
  closeSync(descriptor)
}

try {
  const [csv, path] = [join(folder, 'csv'), join(folder, 'trace')]
  writeRows(csv)
  const report = new ImportReport({ errorsMax: 0, onMalformed() {} })
  const header = { workload: 'imported-twitter', params: {}, keyNumbers: 'hashed' } as const
  const writer = new TraceWriter(path, header)
  await importFiles('twitter', [csv], writer, report)
  await measure('import')
  writer.finish()
  const statistics = new StatisticsSink()
  pumpWorkload(traceWorkload(openTrace(path)), statistics, new Operation())
  await measure('statistics')
  const { operations, keys } = statistics.figures()
  let exported = 0
  const counts = { writes: 0, gets: 0, seeks: 0 }
  const open = () => traceWorkload(openTrace(path))
  for (const chunk of rocksdbTrace(open(), null, counts)) exported += chunk.length
  await measure('rocksdb')
  for (const chunk of ycsbText(open())) exported += chunk.length
  for (const chunk of csvText(open())) exported += chunk.length
  await measure('text')
  const distinct = keys.distinct
  const traceBytes = statSync(path).size
  process.stdout.write(JSON.stringify({ held, operations, distinct, exported, traceBytes }))
} finally {
  rmSync(folder, { recursive: true })
}
