// RocksDB's own db_bench replays our exports, and we read its recordings.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  hasRocksdbTools,
  runTool,
  temporaryFolder,
} from '../../engine/testing/rocksdb/rocksdb-tools.ts'
import { ImportReport, importFiles, WORKLOADS } from '../../workloads/index.ts'
import { writeOperations } from './trace-output.ts'
import { StatisticsSink } from './trace-statistics.ts'

const hasTools = hasRocksdbTools('db_bench')

/** What db_bench did, by its statistics. */
function replayed(trace: string, folder: string) {
  const { output } = runTool('db_bench', [
    ...[`--db=${folder}`, '--benchmarks=replay', `--trace_file=${trace}`, '--statistics'],
    // Its replayer refuses a database that has only the default column family.
    ...['--num_column_families=2', '--num=1', '--trace_replay_fast_forward=1000000'],
  ])
  rmSync(folder, { recursive: true, force: true })
  const ticker = (name: string) =>
    Number(new RegExp(`rocksdb\\.${name} COUNT : (\\d+)`).exec(output)?.[1])
  return {
    writes: ticker('number\\.keys\\.written'),
    gets: ticker('number\\.keys\\.read'),
    seeks: ticker('number\\.db\\.seek'),
  }
}

describe.skipIf(!hasTools)('db_bench', () => {
  const folder = hasTools ? temporaryFolder('db-bench-replay') : ''
  const path = join(folder, 'trace')

  test.each([
    ['ycsb-a', {}, {}],
    ['ycsb-e', {}, { valueBytes: 40 }],
    ['ycsb-f', {}, {}],
    ['delete-heavy', {}, {}],
  ])('replays %s with the same counts as our run', async (name, params, more) => {
    const size = { records: 200, operations: 300, seed: 1, repeat: 0, ...more }
    const workload = WORKLOADS.get(name)!.create(params, size)
    const header = { workload: name, params, keyNumbers: 'dense' } as const
    const format = { format: 'rocksdb', phase: 'all', compression: 'none' } as const
    const request = { ...format, out: path, header }
    const [told] = await writeOperations(workload, request, new AbortController().signal)
    const [, writes, gets, seeks] = / (\d+) writes, (\d+) gets, (\d+) seeks/
      .exec(told!)!
      .map(Number)
    expect(writes! + gets! + seeks!).toBeGreaterThanOrEqual(400)
    expect(replayed(path, `${path}.db`)).toEqual({ writes, gets, seeks })
  })

  test.each([
    ['readrandomwriterandom', /reads:(\d+) writes:(\d+)/, ['read', 'update']],
    ['seekrandom', /(\d+) operations/, ['scan']],
    ['multireadrandom', /(\d+) operations/, ['read']],
    ['deleterandom', /(\d+) operations/, ['delete']],
  ])('records %s, and we read the same number of operations', async (benchmark, counts, kinds) => {
    const { output } = runTool('db_bench', [
      ...[`--db=${path}.db`, `--benchmarks=${benchmark}`, `--trace_file=${path}`],
      ...['--num=300', '--reads=200', '--batch_size=1'],
    ])
    rmSync(`${path}.db`, { recursive: true, force: true })
    const [, ...told] = counts.exec(output)!.map(Number)
    const sink = new StatisticsSink()
    const report = new ImportReport({ errorsMax: 0, onMalformed() {} })
    await importFiles('rocksdb', [path], sink, report)
    const { operationsByKind } = sink.figures()
    expect(kinds.map((kind) => operationsByKind[kind])).toEqual(told)
  })
})
