/**
 * Prints the cost of simulating trees of terabytes, one row for each strategy: processor seconds
 * (elapsed time would depend on other processes) and memory by the bytes loaded, in buffers of 64
 * MiB, and the growth exponent of the time in the number of tables. `node
 * experiments/bench/simulator-growth.ts [strategy,…] [GiB,…]`. Each run has its own process, so
 * that its memory is measured alone.
 */

import { spawnSync } from 'node:child_process'
import Table from 'cli-table3'
import { ManualClock } from '../../engine/base/clock.ts'
import { runCount } from '../../engine/version/version.ts'
import { STRATEGIES } from '../../strategies/index.ts'
import { uniformKeys } from '../../strategies/simulator/key-model.ts'
import { StatisticalSimulator } from '../../strategies/simulator/statistical-simulator.ts'

const GiB = 2 ** 30
const MEMTABLE_BYTES = 64 * 2 ** 20
const KEY_BYTES = 23
const VALUE_BYTES = 1000

interface Run {
  readonly tables: number
  readonly runs: number
  readonly writeAmplification: number
  readonly cpuSeconds: number
  readonly rssBytes: number
}

function simulate(name: string, userBytes: number): Run {
  const records = Math.round(userBytes / (KEY_BYTES + VALUE_BYTES))
  const simulator = new StatisticalSimulator({
    strategy: STRATEGIES.get(name)!.create(),
    memtableBytes: MEMTABLE_BYTES,
    clock: new ManualClock(),
    seed: 1,
    insertOrder: 'hashed',
    shape: {
      model: uniformKeys(records),
      keyBytes: KEY_BYTES,
      valueBytes: VALUE_BYTES,
      keyPrefixBytes: 4,
      keyRadix: 10,
      blocks: { blockBytes: 4096, restartInterval: 16 },
    },
  })
  const before = process.cpuUsage()
  simulator.write({ insert: 1, update: 0, delete: 0 }, records)
  simulator.flush()
  const { user, system } = process.cpuUsage(before)
  const { version, flushedRawBytes, mergedRawBytesByLevel } = simulator.tree
  const written = mergedRawBytesByLevel.reduce((sum, bytes) => sum + bytes, flushedRawBytes)
  return {
    tables: version.totals.tables,
    runs: runCount(version),
    writeAmplification: written / simulator.userBytes,
    cpuSeconds: (user + system) / 1e6,
    rssBytes: process.resourceUsage().maxRSS * 1024,
  }
}

function inProcessOfItsOwn(name: string, gigabytes: number): Run {
  const argv = [import.meta.filename, '--one', name, String(gigabytes)]
  const child = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  if (child.status !== 0) throw new Error(child.stderr)
  return JSON.parse(child.stdout) as Run
}

function main(names: readonly string[], sizes: readonly number[]): void {
  const table = new Table({
    head: ['strategy', 'GiB', 'tables', 'runs', 'WA', 'cpu s', 'RSS MiB', 'exponent'],
    style: { head: [], border: [] },
  })
  for (const name of names) {
    let before: Run | null = null
    for (const size of sizes) {
      const run = inProcessOfItsOwn(name, size)
      const exponent =
        before === null
          ? ''
          : (
              Math.log(run.cpuSeconds / before.cpuSeconds) / Math.log(run.tables / before.tables)
            ).toFixed(2)
      const { tables, runs, writeAmplification, cpuSeconds, rssBytes } = run
      table.push([
        ...[name, size, tables, runs, writeAmplification.toFixed(2)],
        ...[cpuSeconds.toFixed(2), Math.round(rssBytes / 2 ** 20), exponent],
      ])
      process.stderr.write(`${name} ${size} GiB: ${cpuSeconds.toFixed(2)} s\n`)
      before = run
    }
  }
  console.log(table.toString())
}

const [first = '', second = '', third = ''] = process.argv.slice(2)
if (first === '--one') {
  process.stdout.write(JSON.stringify(simulate(second, Number(third) * GiB)))
} else {
  const names = first === '' ? [...STRATEGIES.keys()] : first.split(',')
  main(names, second === '' ? [256, 1024, 10_240] : second.split(',').map(Number))
}
