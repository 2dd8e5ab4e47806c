/**
 * Runs the micro-benchmarks of this folder and prints their operations per second next to those of
 * the prototypes that the engine was designed from. Picks, whose time is bounded, are shown in
 * microseconds. `npm run bench -- write` runs the cases whose name contains "write". The spread is
 * shown too, because figures of a busy machine are unreliable.
 *
 * `npm run bench -- --against=FOLDER` compares each case with that of another checkout, such as a
 * worktree of the commit before a change. Both take turns, so that the ratio of their speeds is
 * reliable on a busy machine too.
 */

import Table from 'cli-table3'
import { Bench } from 'tinybench'
import { runCommand, say } from '../cli/run-command.ts'
import { readBenchArguments } from './bench-arguments.ts'
import type { BenchCase } from './bench-case.ts'
import { loadCases } from './load-cases.ts'
import { compareCases } from './versus.ts'

const TIME_MS = 1500
const ITERATIONS_MIN = 5
const WARMUP_ITERATIONS = 3
const DURATION = { warmupRounds: WARMUP_ITERATIONS, roundsMin: 9, ms: 2 * TIME_MS }

/** Operations per second: the median, the slowest and the fastest iteration. */
type Speed = readonly [median: number, low: number, high: number]

async function measure(benchCase: BenchCase): Promise<Speed> {
  const bench = new Bench({
    time: TIME_MS,
    iterations: ITERATIONS_MIN,
    warmupIterations: WARMUP_ITERATIONS,
    warmupTime: 0,
    throws: true,
  })
  bench.add(benchCase.name, benchCase.setup())
  const [task] = await bench.run()
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

/** The cells of a case beside the reference. */
async function besideReference(benchCase: BenchCase): Promise<readonly string[]> {
  const [median, low, high] = await measure(benchCase)
  const { referenceOpsPerSecond: reference } = benchCase
  const figure = (opsPerSecond: number) => figureOf(benchCase, opsPerSecond)
  const spread = `${figure(low)} – ${figure(high)}`
  if (reference === null) return [figure(median), spread, '', '']
  return [figure(median), spread, figure(reference), (median / reference).toFixed(2)]
}

/** The cells of a case beside the same case of another checkout. */
async function besideOther(
  benchCase: BenchCase,
  others: readonly BenchCase[],
): Promise<readonly string[]> {
  const other = others.find(({ name }) => name === benchCase.name)
  if (other === undefined) return ['', '', 'new']
  const { opsPerSecond, ratio } = await compareCases(benchCase, other, DURATION)
  const median = opsPerSecond.toSorted((a, b) => a - b)[opsPerSecond.length >>> 1]!
  const interval = `${ratio.low.toFixed(3)} – ${ratio.high.toFixed(3)}`
  return [figureOf(benchCase, median), ratio.mean.toFixed(3), interval]
}

async function main(argv: readonly string[]): Promise<number> {
  const { operands, flags } = readBenchArguments('bench', argv, { against: 'FOLDER' })
  const wanted = operands.join(' ')
  const against = flags.get('against')
  const others = against === undefined ? null : await loadCases(against)
  const columns =
    others === null
      ? ['median', 'slowest – fastest', 'reference', 'ratio']
      : ['median', 'speed ratio', '95 % interval']
  const table = new Table({
    head: ['case', ...columns, 'in'],
    colAligns: ['left', ...columns.map(() => 'right' as const), 'left'],
    style: { head: [], border: [] },
  })
  for (const benchCase of await loadCases()) {
    const { name, unit, timed = false } = benchCase
    if (!name.includes(wanted)) continue
    const cells =
      others === null ? await besideReference(benchCase) : await besideOther(benchCase, others)
    const scale = timed ? `µs: ${unit}` : `M ${unit}/s`
    table.push([name, ...cells, scale])
    process.stderr.write(
      `${name}: ${cells[0]} ${scale}${others === null ? '' : `, ${cells[1]} ×`}\n`,
    )
  }
  return say(table.toString())
}

await runCommand('bench', main)
