/**
 * Runs the micro-benchmarks of this folder and prints their operations per second next to those of
 * the prototypes that the engine was designed from. Picks, whose time is bounded, are shown in
 * microseconds. `npm run bench -- write` runs the cases whose name contains "write". The spread is
 * shown too, because figures of a busy machine are unreliable.
 */

import { readdirSync } from 'node:fs'
import Table from 'cli-table3'
import { Bench } from 'tinybench'
import { refuseFlagsKeptByNpm } from '../cli/npm-flags.ts'
import { runCommand, say } from '../cli/run-command.ts'
import type { BenchCase } from './bench-case.ts'

const TIME_MS = 1500
const ITERATIONS_MIN = 5
const WARMUP_ITERATIONS = 3

interface BenchModule {
  readonly cases: readonly BenchCase[]
}

async function loadCases(): Promise<readonly BenchCase[]> {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.bench.ts'))
  const modules = names.sort().map((name) => import(`./${name}`) as Promise<BenchModule>)
  return (await Promise.all(modules)).flatMap(({ cases }) => cases)
}

/** Operations per second: the median, the slowest and the fastest iteration. */
function measure(benchCase: BenchCase): readonly [median: number, low: number, high: number] {
  const bench = new Bench({
    time: TIME_MS,
    iterations: ITERATIONS_MIN,
    warmupIterations: WARMUP_ITERATIONS,
    warmupTime: 0,
    throws: true,
  })
  bench.add(benchCase.name, benchCase.setup())
  const [task] = bench.runSync()
  const result = task?.result
  if (result?.state !== 'completed') throw new Error(`${benchCase.name}: ${result?.state}`)
  const { p50, min, max } = result.latency
  const opsPerSecond = (iterationMs: number) => (benchCase.opsPerIteration / iterationMs) * 1000
  return [opsPerSecond(p50), opsPerSecond(max), opsPerSecond(min)]
}

/** In millions per second, or in microseconds per operation. */
function figureOf({ timed = false }: BenchCase, opsPerSecond: number): string {
  return timed ? (1e6 / opsPerSecond).toFixed(1) : (opsPerSecond / 1e6).toFixed(2)
}

async function main(argv: readonly string[]): Promise<number> {
  refuseFlagsKeptByNpm('bench', argv, new Map(), process.env)
  const [wanted = ''] = argv
  const table = new Table({
    head: ['case', 'median', 'slowest – fastest', 'reference', 'ratio', 'in'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  })
  for (const benchCase of await loadCases()) {
    if (!benchCase.name.includes(wanted)) continue
    const [median, low, high] = measure(benchCase)
    const { name, unit, timed = false, referenceOpsPerSecond: reference } = benchCase
    const figure = (opsPerSecond: number) => figureOf(benchCase, opsPerSecond)
    const spread = `${figure(low)} – ${figure(high)}`
    const beside =
      reference === null ? ['', ''] : [figure(reference), (median / reference).toFixed(2)]
    const scale = timed ? `µs: ${unit}` : `M ${unit}/s`
    table.push([name, figure(median), spread, ...beside, scale])
    process.stderr.write(`${name}: ${figure(median)} ${scale}\n`)
  }
  return say(table.toString())
}

await runCommand('bench', main)
