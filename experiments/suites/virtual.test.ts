import { tmpdir } from 'node:os'
import { beforeAll, describe, expect, test } from 'vitest'
import type { SchedulingPolicy } from '../../engine/index.ts'
import { schedulingPolicyOf } from '../../strategies/scheduling/index.ts'
import { suitePlans } from '../commands/exp/suite-plans.ts'
import { silkWith } from './silk.ts'
import { stability } from './stability.ts'
import type { SuiteContext, SuiteFindings } from './suite.ts'

function contextOf(seed: number, fractions: number[] = []): SuiteContext {
  return {
    scale: 'smoke',
    seed,
    outFolder: tmpdir(),
    signal: new AbortController().signal,
    jobs: 1,
    plansOf: suitePlans,
    onProgress: (_what, _done, _total, fraction) => fractions.push(fraction),
  }
}

/** Everything but the time that the computer took. */
const measuredOf = ({ runs, claims }: SuiteFindings) => ({
  claims,
  runs: runs.map(({ name, params, figures, series }) => ({ name, params, figures, series })),
})

const failed = ({ claims }: SuiteFindings) => {
  return claims.filter(({ held }) => !held).map(({ name }) => name)
}

describe('the suite stability at smoke scale', { timeout: 240_000 }, () => {
  test('every claim holds, and every run is named once', async () => {
    const fractions: number[] = []
    const found = await stability.run(contextOf(42, fractions))
    expect(failed(found)).toEqual([])
    expect(found.claims).toHaveLength(26)
    expect(new Set(found.runs.map(({ name }) => name)).size).toBe(found.runs.length)
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
    expect(fractions.at(-1)).toBe(1)
  })
})

describe('the suite silk at smoke scale', { timeout: 240_000 }, () => {
  const rocksdb = schedulingPolicyOf('rocksdb')
  const fair = schedulingPolicyOf('fair')
  const run = (silk: SchedulingPolicy, seed = 42) => {
    return silkWith({ silk, rocksdb, fair }).run(contextOf(seed))
  }
  let found: SuiteFindings

  beforeAll(async () => {
    found = await run(schedulingPolicyOf('silk'))
  }, 120_000)

  test('every claim holds', () => {
    expect(failed(found)).toEqual([])
    expect(found.claims).toHaveLength(9)
  })

  test('equal seeds give equal figures, another seed gives others', async () => {
    expect(measuredOf(await run(schedulingPolicyOf('silk')))).toEqual(measuredOf(found))
    const other = measuredOf(await run(schedulingPolicyOf('silk'), 43))
    expect(other.runs[0]!.figures).not.toEqual(measuredOf(found).runs[0]!.figures)
  })

  test('a policy that serves flushes only when nothing else is to do fails', async () => {
    const names = failed(await run(starvedFlushes))
    expect(names).toContain('peaks: p99 write latency, silk ≤ rocksdb ÷ 5')
    expect(names).toContain('silk: seconds in which writes were stopped')
    expect(names).toContain('silk: the longest flush takes less time than a peak fills a memtable')
  })
})

/** Runs all merges first. */
const starvedFlushes: SchedulingPolicy = {
  name: 'starved-flushes',
  mergesMax: (workers) => Math.max(1, workers - 1),
  plan({ jobs, workers }) {
    const merges = jobs.filter(({ cause }) => cause === 'compaction').slice(0, workers)
    const running = new Set(merges.length > 0 ? merges : jobs.slice(0, 1))
    return {
      shares: jobs.map((job) => (running.has(job) ? 1 / running.size : 0)),
      bytesPerSecond: null,
    }
  },
}
