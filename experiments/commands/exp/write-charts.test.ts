import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { sampleResult } from '../../../results/testing/sample-result.ts'
import { writeCharts } from './write-charts.ts'

test('every run gets a chart, and the runs of one workload get one together', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-charts-'))
  try {
    const results = ['leveling', 'tiering'].map((strategy) => sampleResult({ strategy }))
    const paths = await writeCharts(results, [], folder, new AbortController().signal)
    const charts = paths.filter((path) => path.endsWith('.svg'))
    expect(charts.map((path) => basename(path, '.svg'))).toEqual([
      ...results.map((result) => result.id),
      expect.stringMatching(/^ycsb-a-comparison-[0-9a-f]{8}$/),
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
