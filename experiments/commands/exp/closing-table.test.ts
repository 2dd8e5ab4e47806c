import { expect, test } from 'vitest'
import { sampleResult } from '../../../results/testing/sample-result.ts'
import { lookOf } from '../../cli/terminal.ts'
import { closingTable } from './closing-table.ts'

test('one row for each result, drained figures, one line for each kind of operation', () => {
  const result = sampleResult({ strategy: 'leveling' })
  const { drained } = result.deterministic.amplification
  const table = closingTable([result], lookOf({}))
  const row = table.split('\n').find((line) => line.includes('leveling'))!
  expect(row).toContain(drained.waTotal!.toFixed(2))
  expect(row).toContain(drained.spaceAmplification!.toFixed(2))
  for (const kind of Object.keys(result.timed.latencyByKind)) expect(table).toContain(`${kind} `)
  expect(table).not.toContain('repeat')
  expect(table).not.toContain('\u001b[')
})

test('a figure without operations is a dash', () => {
  const table = closingTable([sampleResult({ reads: false })], lookOf({}))
  expect(table).toContain('–')
})

test('throughput is that of all run phases together', () => {
  const sample = sampleResult({ strategy: 'leveling' })
  const phase = (wallSeconds: number, throughputPerSecond: number) => ({
    name: 'run' as const,
    wallSeconds,
    throughputPerSecond,
  })
  const phases = [phase(1, 900), phase(3, 100)]
  const table = closingTable([{ ...sample, timed: { ...sample.timed, phases } }], lookOf({}))
  expect(table).toContain(' 300 ')
})
