/** The long format loses no figure, and both files hold the same rows. */

import { globSync } from 'node:fs'
import { parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import { designId } from '../../results/identity.ts'
import { samplePeer } from '../../results/testing/sample-peer.ts'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { readDocuments } from '../cli/read-documents.ts'
import { unitOf } from './metric-units.ts'
import { tidyCsv, tidyParquet } from './tidy-files.ts'
import { TIDY_COLUMNS, type TidyRow, tidyRows } from './tidy-rows.ts'

const sample = sampleResult({ strategy: 'fluid', params: { T: 4, pick: 'lo1' } })
const rows = [...tidyRows(sample)]
const find = (wanted: Partial<TidyRow>) =>
  rows.filter((row) =>
    Object.entries(wanted).every(([key, value]) => row[key as keyof TidyRow] === value),
  )

test('a figure is one row, with its dimensions and its unit', () => {
  const { burst } = sample.deterministic.amplification
  expect(find({ section: 'amplification', metric: 'waTotal', moment: 'burst' })).toEqual([
    {
      run: sample.id,
      design: designId(sample),
      sample: sample.deterministic.traceHash,
      target: 'varve',
      strategy: 'fluid',
      workload: 'ycsb-a',
      seed: 42,
      repeat: 0,
      section: 'amplification',
      metric: 'waTotal',
      moment: 'burst',
      value: burst.waTotal,
      text: null,
      unit: 'ratio',
    },
  ])
  const written = { section: 'amplification', metric: 'bytesWrittenByCause', moment: 'burst' }
  expect(find({ ...written, cause: 'flush' })).toMatchObject([
    { value: burst.bytesWrittenByCause.flush, unit: 'B' },
  ])
  expect(find({ section: 'strategy', metric: 'pick' })).toMatchObject([
    { text: 'lo1', value: null },
  ])
  expect(find({ section: 'latency', kind: 'read', metric: 'p99Us' })).toMatchObject([
    { value: 41, unit: 'µs' },
  ])
  expect(find({ section: 'events', side: 'inputs', level: 0, metric: 'bytes' })).toMatchObject([
    { value: 4_100_000, kind: 'merge', item: 0 },
  ])
  expect(find({ section: 'gates', kind: 'conservation', metric: 'passed' })).toMatchObject([
    { value: 1, unit: 'truth' },
  ])
  const shape = sample.deterministic.series[10]!
  expect(
    find({ section: 'series', metric: 'shape', atOperation: shape.atOperation }).map(
      ({ level, value }) => [level, value],
    ),
  ).toEqual(shape.shape.map((runs, level) => [level, runs]))
})

test('every field of a measured result that holds a figure is in it', () => {
  const [run] = readDocuments(globSync('results/strategies-on-ycsb/ycsb-e-fluid-*.json'))
  const told = new Set(
    [...tidyRows(run!)].flatMap((row) => [
      row.metric,
      ...Object.keys(row),
      ...[row.cause, row.kind].filter((name) => name !== undefined),
    ]),
  )
  // These have other names, or are not figures.
  const renamed = ['schemaVersion', 'id', 'name', 'total', 'histogramBase64', 'score', 'us']
  const missing = [...leafNames(run)].filter((name) => !told.has(name))
  expect(missing.filter((name) => !renamed.includes(name))).toEqual([])
})

test('a peer’s figures stand under the names of ours', () => {
  const peer = samplePeer(sample)
  const told = (of: string, name: string) =>
    [...tidyRows(peer)].filter(({ section, metric }) => section === of && metric === name)
  expect(told('amplification', 'waTotal')).toMatchObject([
    { run: peer.id, design: designId(peer), moment: 'drained', value: peer.peer.drained.waTotal },
  ])
  expect(told('readAmplification', 'operations')).toEqual(
    find({ section: 'readAmplification', metric: 'operations' }).map((row) => ({
      ...row,
      run: peer.id,
      design: designId(peer),
      strategy: 'leveldb',
      target: expect.anything(),
    })),
  )
})

test('the value log has rows for the whole run and for each phase', () => {
  const work = { segmentsCollected: 1, collectedBytes: 9, collectedLiveBytes: 4 }
  const phases = sample.deterministic.phases.map((phase, at) => ({
    ...phase,
    valueLog: at === 0 ? null : { ...work, appendedBytes: 10, movedBytes: 4 * at, waLog: 1 },
  }))
  const valueLog = {
    ...work,
    appendedBytes: 20,
    movedBytes: 12,
    waLog: 1.6,
    logBytes: 9,
    liveBytes: 9,
    garbageBytes: 0,
    treeBytes: 9,
    treeSpaceAmplification: null,
    logSpaceAmplification: null,
    segments: [],
  }
  const deterministic = { ...sample.deterministic, phases, valueLog }
  const told = [...tidyRows({ ...sample, deterministic })].filter(
    ({ section }) => section === 'valueLog',
  )
  const moved = told.filter(({ metric }) => metric === 'movedBytes')
  expect(moved.map(({ moment, phase, value, unit }) => [moment ?? phase, value, unit])).toEqual([
    ['drained', 12, 'B'],
    ['run', 4, 'B'],
    ['drain', 8, 'B'],
  ])
  expect(told.find(({ metric }) => metric === 'waLog')).toMatchObject({ value: 1.6, unit: 'ratio' })
})

test('a run’s figure that was not measured has no row', () => {
  expect(sample.timed.gcSeconds).toBeNull()
  expect(find({ section: 'timed', metric: 'gcSeconds' })).toEqual([])
})

test('sections are left out on request', () => {
  const only = new Set([...tidyRows(sample, new Set(['levels']))].map(({ section }) => section))
  expect([...only]).toEqual(['levels'])
})

test('suites give their figures and claims', () => {
  const [suite] = readDocuments(['results/suites/counts-full.json'])
  const claims = [...tidyRows(suite!)].filter(({ section }) => section === 'claims')
  expect(claims.filter(({ metric }) => metric === 'held').every(({ value }) => value === 1)).toBe(
    true,
  )
})

test('CSV quotes what needs it, and leaves empty what does not apply', () => {
  const [header, ...lines] = tidyCsv([
    { ...rows[0]!, text: 'says "two, three"\nand more', value: null },
  ]).split('\r\n')
  expect(header).toBe(TIDY_COLUMNS.map(({ name }) => name).join(','))
  expect(lines[0]).toContain(',,"says ""two, three""\nand more",')
})

test('Parquet, read back, holds the rows of the CSV', async () => {
  const file = tidyParquet(rows)
  const read = await parquetReadObjects({ file: file.slice().buffer })
  expect(read).toHaveLength(rows.length)
  const expected = rows.map((row) =>
    Object.fromEntries(
      TIDY_COLUMNS.map(({ name, key, type }) => {
        const value = row[key] ?? null
        return [name, type === 'integer' && typeof value === 'number' ? BigInt(value) : value]
      }),
    ),
  )
  expect(read).toEqual(expected)
})

test.each([
  ['amplification', 'waTotal', 1, 'ratio'],
  ['levels', 'bytesWritten', 1, 'B'],
  ['timed', 'throughputPerSecond', 1, '1/s'],
  ['timed', 'gcSeconds', 1, 's'],
  ['latency', 'p50Us', 1, 'µs'],
  ['engine', 'memtableBytes', 1, 'B'],
  ['strategy', 'T', 4, 'number'],
  ['gates', 'passed', true, 'truth'],
  ['gates', 'why', 'because', 'text'],
  ['counts', 'merges', 3, 'count'],
])('the unit of %s %s', (section, metric, scalar, unit) => {
  expect(unitOf(section, metric, scalar)).toBe(unit)
})

/** Names of the fields that hold a number, a text or a truth. */
function leafNames(value: unknown, names = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return names
  for (const [name, inner] of Object.entries(value)) {
    if (['command', 'primitives', 'seeds', 'reason'].includes(name)) continue
    if (typeof inner === 'object') leafNames(inner, names)
    else if (!/^\d+$/.test(name)) names.add(name)
  }
  return names
}
