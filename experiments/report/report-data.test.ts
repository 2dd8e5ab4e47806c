import { describe, expect, test } from 'vitest'
import { samplePeer } from '../../results/testing/sample-peer.ts'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { reportOf } from './report-data.ts'
import type { ReportTable } from './report-table.ts'
import { sampleSweep } from './testing/sample-sweep.ts'
import { verdictTable } from './verdict-table.ts'

const results = sampleSweep(3)
const report = reportOf(results)
const tableOf = (id: string) => report.tables.find((table) => table.id === id)!

/** The cells of a row by the names of its columns. */
function rowOf(table: ReportTable, ...first: readonly string[]) {
  const row = table.rows.find((cells) => first.every((text, at) => cells[at]!.text === text))!
  return Object.fromEntries(table.columns.map(({ name }, at) => [name, row[at]!]))
}

test('stalls have a table where a run had background work', () => {
  expect(report.tables.some(({ id }) => id === 'stalls')).toBe(false)
  const [first] = results
  const none = { slowdownSeconds: 0, stopSeconds: 0 }
  const background = {
    clientsIn: 'one-thread' as const,
    stalls: { memtables: { ...none, stopSeconds: 1.5 }, level0: none, debt: none },
    stallEvents: { total: 7, log: [] },
    jobs: [],
  }
  const scheduling = {
    executor: 'threads' as const,
    policy: 'greedy',
    backgroundJobs: 2,
    memtablesMax: 1,
    slowdown: 'rate',
  }
  const stalled = {
    ...first!,
    config: { ...first!.config, scheduling },
    timed: { ...first!.timed, background },
  }
  const table = reportOf([stalled, ...results.slice(1)]).tables.find(({ id }) => id === 'stalls')!
  expect(table.rows).toHaveLength(1)
  const row = Object.fromEntries(table.columns.map(({ name }, at) => [name, table.rows[0]![at]!]))
  expect(row.scheduling!.text).toBe('threads, greedy')
  expect(row['memtables: stopped s']).toEqual({ text: '1.500', value: 1.5 })
  expect(row.stalls!.value).toBe(7)
})

describe('a report of a sweep', () => {
  test('says what ran', () => {
    expect(report.title).toBe('5 strategies on ycsb-a and ycsb-e')
    expect(report.summary).toBe('30 runs, 5 designs, 2 workloads, 3 seeds')
  })

  test('has a row for each design, with the mean over its seeds and its interval', () => {
    const designs = tableOf('designs')
    expect(designs.rows).toHaveLength(10)
    const seeds = results.filter(
      ({ config }) => config.strategy.name === 'fluid' && config.workload.name === 'ycsb-a',
    )
    const costs = seeds.map(({ deterministic }) => deterministic.amplification.drained.waTotal!)
    const cell = rowOf(designs, 'ycsb-a', 'fluid')['WA drained']!
    expect(cell.value).toBeCloseTo((costs[0]! + costs[1]! + costs[2]!) / 3, 9)
    const [, low, high] = /\[(.*)–(.*)\]$/.exec(cell.text)!
    expect(Number(low)).toBeGreaterThanOrEqual(Number(Math.min(...costs).toFixed(2)))
    expect(Number(high)).toBeLessThanOrEqual(Number(Math.max(...costs).toFixed(2)))
    expect(designs.note).toContain('the mean [95 % interval of the mean over seeds')
    expect(rowOf(designs, 'ycsb-a', 'fluid').seeds).toEqual({ text: '3', value: 3 })
  })

  test('lists every run with the gates it failed', () => {
    const failing = sampleResult({ failedGates: [{ name: 'drained', passed: false, why: 'debt' }] })
    const { tables } = reportOf([failing, ...results])
    const runs = tables.find(({ id }) => id === 'runs')!
    expect(runs.rows).toHaveLength(31)
    expect(runs.rows[0]!.at(-2)).toEqual({ text: 'drained', mark: 'bad' })
    expect(runs.rows[1]!.at(-2)).toEqual({ text: 'none' })
    const gates = tables.find(({ id }) => id === 'gates')!
    expect(rowOf(gates, 'drained')).toMatchObject({ passed: { value: 0 }, failed: { value: 1 } })
    expect(rowOf(gates, 'conservation')).toMatchObject({ passed: { value: 31 } })
  })

  test('lists a setting either as different or as shared', () => {
    const names = (id: string) => tableOf(id).rows.map(([setting]) => setting!.text)
    expect(names('differences')).toEqual(expect.arrayContaining(['strategy.name', 'seed']))
    expect(names('shared')).toEqual(expect.arrayContaining(['records', 'strategy.params.T']))
    expect(names('differences').filter((name) => names('shared').includes(name))).toEqual([])
    const { values } = rowOf(tableOf('differences'), 'workload.name')
    expect(values!.text).toBe('ycsb-a (15 runs) · ycsb-e (15 runs)')
  })

  test('marks what differs between machines', () => {
    const other = sampleResult({ seed: 9 })
    const elsewhere = { ...other, environment: { ...other.environment, cpuModel: 'Another' } }
    const { tables } = reportOf([...results, elsewhere])
    const environment = tables.find(({ id }) => id === 'environment')!
    expect(rowOf(environment, 'cpuModel').value).toEqual({
      text: 'Sample CPU · Another',
      mark: 'bad',
    })
    expect(rowOf(environment, 'node').value!.mark).toBeUndefined()
  })

  test('draws every run and all possible kinds, and gives reasons for the rest', () => {
    const drawn = report.charts.map(({ id }) => id)
    expect(drawn).toEqual(expect.arrayContaining(['amplification', 'trade-off']))
    // Too many designs for one figure: there is one for each workload.
    expect(drawn).toEqual(expect.arrayContaining(['tree-shape-ycsb-a', 'tree-shape-ycsb-e']))
    expect(new Set(drawn).size).toBe(drawn.length)
    expect(report.runs).toHaveLength(results.length)
    for (const { name, why } of report.notDrawn) {
      expect(drawn).not.toContain(name)
      expect(why.length).toBeGreaterThan(10)
    }
  })

  test('has one command for each run', () => {
    expect(new Set(report.commands).size).toBe(results.length)
    expect(report.commands[0]).toMatch(/^npm run exp -- --strategy=leveling --workload=ycsb-a/)
  })
})

describe('verdicts', () => {
  const verdictsOf = (seeds: number, ...metrics: string[]) => {
    const sweep = sampleSweep(seeds).filter(({ config }) => config.workload.name === 'ycsb-a')
    return verdictTable(sweep, metrics)
  }
  const verdictIn = (table: ReportTable, metric: string) =>
    rowOf(table, 'ycsb-a', 'tiering', 'leveling', metric)

  test('compare every design with the first of its workload, and need enough paired seeds', () => {
    const table = verdictsOf(12)
    const found = verdictIn(table, 'WA total')
    const { 'the design is': verdict, difference, '95 % from': low, to: high } = found
    expect(verdict).toEqual({ text: 'better', mark: 'good' })
    expect(low!.value!).toBeLessThanOrEqual(difference!.value!)
    expect(high!.value!).toBeGreaterThanOrEqual(difference!.value!)
    expect(high!.value!).toBeLessThan(0)
    expect(table.note).toMatch(/corrected for the \d+ differences of this call \(Holm 1979\)/)
    expect(table.note).toContain('With fewer than 12 pairs there is no verdict.')
    expect(verdictIn(verdictsOf(11), 'WA total')['the design is']!.text).toMatch(/^too few seeds/)
  })

  test('on a metric asked for beforehand need ten', () => {
    const found = verdictIn(verdictsOf(10, 'wa'), 'WA total *')
    expect(found['the design is']).toEqual({ text: 'better', mark: 'good' })
    const nine = verdictIn(verdictsOf(9, 'wa'), 'WA total *')
    expect(nine['the design is']!.text).toMatch(/^too few seeds/)
  })

  test('leave out designs that cannot be compared; the note says why', () => {
    const [first, second] = [sampleResult({ strategy: 'leveling' }), sampleResult()]
    const other = {
      ...second,
      deterministic: { ...second.deterministic, traceHash: '00000000ffffffff' },
    }
    const table = reportOf([first, other]).tables.find(({ id }) => id === 'verdicts')!
    expect(table.rows).toEqual([])
    expect(table.note).toMatch(/Not compared: .*different operations/)
  })
})

describe('results of peers', () => {
  test('appear in the verdicts, but in no table of figures that only our engine counts', () => {
    const { title, summary, tables } = reportOf([sampleResult(), samplePeer(sampleResult())])
    expect(title).toBe('tiering on ycsb-a')
    expect(summary).toMatch(/^1 run, .*; in the verdicts also 1 run of peers$/)
    const verdicts = tables.find(({ id }) => id === 'verdicts')!
    expect(verdicts.rows.map(([, design, against]) => [design!.text, against!.text])[0]).toEqual([
      'leveldb',
      'tiering',
    ])
    expect(verdicts.rows.map((row) => row[3]!.text)).toContain('WA total')
    expect(tables.find(({ id }) => id === 'designs')!.rows).toHaveLength(1)
  })

  test('need a run of our engine', () => {
    expect(() => reportOf([samplePeer(sampleResult())])).toThrow('one run of ours at least')
  })
})
