/**
 * Owns the suite `stability`: how long do writes wait for merges, and which scheduler makes them
 * wait least? After Luo & Carey, "On Performance Stability in LSM-based Storage Systems", PVLDB
 * 13(4), 2019.
 *
 * The method has two phases. A closed system, whose writer never waits for an arrival, measures the
 * maximum throughput; then writes arrive evenly at 95 % of it, and their latency counts from their
 * arrival. The maximum is measured with the fair scheduler: a greedy one puts large merges off, and
 * the throughput meanwhile cannot be kept up.
 *
 * The paper: AsterixDB, 100 million records of 1 KB, memory components of 128 MB, background
 * writes at 100 MB/s, the log on a separate disk, leveling with T = 10 and tiering with T = 3,
 * phases of two hours, and writes stop at twice the components of the tree at rest.
 *
 * Here: the same sizes in the statistical simulator in virtual time, with keys updated uniformly.
 * At full scale a write is 16 KiB, so that 100 GB are 6.5 million records, and a phase lasts ten
 * hours: two hours hold so few merges of the deepest level that even fair's maximum is too high.
 * The smoke scale also has smaller memtables, and fewer of them. One seed, since no clock is
 * involved.
 *
 * Left out: AsterixDB's measured times, which a model of a device cannot give; skewed keys,
 * size-tiered merges, bursts and secondary indexes.
 */
import type { Version } from '../../engine/index.ts'
import type { Claim } from '../../results/suite-schema.ts'
import { levelAt } from '../../strategies/index.ts'
import { StabilityBench } from './stability-bench.ts'
import { atMostClaim, type Suite, withinClaim } from './suite.ts'

/** What "much longer" means. */
const MUCH = 10

export const stability: Suite = {
  name: 'stability',
  fullSeconds: 200,
  description: 'write stalls by scheduler at 95 % of the maximum, in virtual time (Luo & Carey)',
  columns: [
    { heading: 'writes/s', figure: 'writesPerSecond' },
    { heading: 'p50 ms', figure: 'writeP50Ms' },
    { heading: 'p99 ms', figure: 'writeP99Ms' },
    { heading: 'p99.9 ms', figure: 'writeP999Ms' },
    { heading: 'stops', figure: 'stops' },
    { heading: 'stopped s', figure: 'stopSeconds' },
    { heading: 'longest s', figure: 'longestStopSeconds' },
    { heading: 'WA', figure: 'writeAmplification' },
  ],
  run: async (context) => {
    const bench = new StabilityBench(context)
    const claims = [
      ...(await wholeMerges(bench, 'leveling')),
      ...(await wholeMerges(bench, 'tiering')),
      ...(await tighterConstraints(bench)),
      ...(await wrongMaximum(bench)),
      ...(await slowdowns(bench)),
      ...(await partitionedMerges(bench)),
    ]
    return { runs: bench.runs, claims }
  },
}

/** Greedy ≤ fair ≪ single, where whole levels merge and the constraint is the paper's. */
async function wholeMerges(bench: StabilityBench, layout: 'leveling' | 'tiering') {
  const [fair, greedy, single] = await bench.open(layout, ['fair', 'greedy', 'single'])
  const source = `Luo & Carey, the schedulers under ${layout}`
  const claims: Claim[] = []
  for (const [percentile, figure] of PERCENTILES) {
    const name = `${layout}: ${percentile} write latency`
    claims.push(
      atMostClaim(`${name}, greedy ≤ fair`, greedy![figure], fair![figure], source),
      atMostClaim(`${name}, fair ≪ single`, fair![figure] * MUCH, single![figure], source),
    )
  }
  claims.push(
    ...[fair!, greedy!].map(({ stopSeconds }, index) => {
      const name = `${layout}: stop seconds of ${['fair', 'greedy'][index]}, 1 % of the time`
      return atMostClaim(name, stopSeconds, bench.countedSeconds / 100, source)
    }),
    withinClaim(
      `${layout}: throughput of greedy as of fair`,
      greedy!.writesPerSecond,
      fair!.writesPerSecond,
      0.01,
      source,
    ),
  )
  return claims
}

/** With fewer components greedy needs fewer stops; a limit for each level needs more. */
async function tighterConstraints(bench: StabilityBench) {
  const tight = bench.global('leveling', 1.5)
  const local = {
    name: '2 runs a level',
    // Deeper levels never have more: a third run waits in the level above.
    countRuns: (version: Version) => levelAt(version, 0).runs.length,
    stopRuns: 2,
  }
  const [fair, greedy] = await bench.open('leveling', ['fair', 'greedy'], { constraint: tight })
  const [fairLocal] = await bench.open('leveling', ['fair'], { constraint: local })
  const [fairGlobal] = await bench.open('leveling', ['fair'])
  return [
    atMostClaim(
      'leveling, 1.5 × the runs: p99 write latency, greedy ≤ fair',
      greedy!.writeP99Ms,
      fair!.writeP99Ms,
      'Luo & Carey: greedy has the fewest components at each moment',
    ),
    atMostClaim(
      'leveling, 1.5 × the runs: stop seconds of greedy ≤ half of fair',
      greedy!.stopSeconds,
      fair!.stopSeconds / 2,
      'Luo & Carey: greedy has the fewest components at each moment',
    ),
    atMostClaim(
      'leveling, fair: stop seconds, global ≤ local constraint',
      fairGlobal!.stopSeconds,
      fairLocal!.stopSeconds,
      'Luo & Carey: a global constraint has more room for fluctuations',
    ),
  ]
}

/** The maximum that greedy reaches in a closed system cannot be kept up. */
async function wrongMaximum(bench: StabilityBench) {
  const layout = 'tiering'
  const seconds = bench.testSeconds
  const fair = await bench.closed(layout, 'fair', seconds)
  const greedy = await bench.closed(layout, 'greedy', seconds)
  const [right] = await bench.open(layout, ['fair'], { maximum: fair.writesPerSecond })
  const [wrong] = await bench.open(layout, ['fair'], { maximum: greedy.writesPerSecond })
  const source = 'Luo & Carey: measure the maximum with the fair scheduler'
  return [
    atMostClaim(
      `${layout}, closed: longest stop, fair ≪ greedy`,
      fair.longestStopSeconds * 5,
      greedy.longestStopSeconds,
      source,
    ),
    atMostClaim(
      `${layout}, closed: throughput, fair ≤ greedy`,
      fair.writesPerSecond,
      greedy.writesPerSecond,
      source,
    ),
    atMostClaim(
      `${layout}: p99 write latency, at 95 % of fair's ≤ half of that at greedy's maximum`,
      right!.writeP99Ms,
      wrong!.writeP99Ms / 2,
      source,
    ),
  ]
}

/** Writes that go as fast as they can until they stop wait less than writes that are paced. */
async function slowdowns(bench: StabilityBench) {
  const tight = bench.global('leveling', 1.5)
  const [stopOnly] = await bench.open('leveling', ['greedy'], { constraint: tight })
  const claims: Claim[] = []
  for (const slowdown of ['rate', 'debt', 'beats', 'spring'] as const) {
    const constraint = {
      ...tight,
      name: `${tight.name}, slowdown ${slowdown}`,
      slowdownRuns: tight.stopRuns - 1,
    }
    const [paced] = await bench.open('leveling', ['greedy'], { constraint, slowdown })
    claims.push(
      atMostClaim(
        `leveling, greedy: p99 write latency, stops alone ≤ slowdown ${slowdown}`,
        stopOnly!.writeP99Ms,
        paced!.writeP99Ms,
        'Luo & Carey: process writes as quickly as possible',
      ),
    )
  }
  return claims
}

/** Where merges are small, one at a time is enough. */
async function partitionedMerges(bench: StabilityBench) {
  const [single, fair] = await bench.open('partitioned', ['single', 'fair'])
  const [whole] = await bench.open('leveling', ['single'])
  const source = 'Luo & Carey: one merge at a time suffices for partitioned trees'
  return [
    atMostClaim(
      'partitioned leveling: p99 write latency, single ≤ fair',
      single!.writeP99Ms,
      fair!.writeP99Ms,
      source,
    ),
    atMostClaim(
      'single: p99 write latency, partitioned ≪ whole levels',
      single!.writeP99Ms * MUCH,
      whole!.writeP99Ms,
      source,
    ),
  ]
}

const PERCENTILES = [
  ['p99', 'writeP99Ms'],
  ['p99.9', 'writeP999Ms'],
] as const
