/**
 * Times the generation of ten million YCSB-A operations, keys and kinds without values, in the
 * plain loop of a run: `node experiments/bench/generation-time.ts [operations]`. The load of a
 * million records before them is consumed but not counted.
 */

import { loadavg } from 'node:os'
import { Operation, WORKLOADS } from '../../workloads/index.ts'
import { readInteger } from '../cli/arguments.ts'

const operations = readInteger('operations', process.argv[2] ?? '10M', [1, 1e12])
const context = { records: 1_000_000, operations: operations + 1, seed: 42, repeat: 0 }
const { stream } = WORKLOADS.get('ycsb-a')!.create({}, context).phases[0]!
const operation = new Operation()
stream.next(operation)
stream.acknowledge(operation)

const startMs = performance.now()
const startCpu = process.cpuUsage()
while (stream.next(operation)) stream.acknowledge(operation)
const seconds = (performance.now() - startMs) / 1000
const { user, system } = process.cpuUsage(startCpu)

const nanoseconds = ((1e9 * seconds) / operations).toFixed(0)
console.log(
  `${operations} ycsb-a operations: ${seconds.toFixed(2)} s (${((user + system) / 1e6).toFixed(2)} s ` +
    `of CPU), ${nanoseconds} ns each; load average ${loadavg()[0]!.toFixed(1)}`,
)
