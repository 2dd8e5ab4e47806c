/**
 * `npm run compare` on a folder as sweeps leave it: possible comparisons are made, the rest is
 * listed.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { samplePeer } from '../../../results/testing/sample-peer.ts'
import { sampleResult } from '../../../results/testing/sample-result.ts'
import { callVarve } from '../../cli/testing/start-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'varve-compare-main-'))
afterAll(() => rmSync(folder, { recursive: true }))

const compare = (...argv: string[]) => callVarve(['compare', ...argv], folder)

function write(name: string, value: unknown): void {
  writeFileSync(join(folder, name), JSON.stringify(value))
}

mkdirSync(join(folder, 'mixed'))
const tiering = sampleResult({ strategy: 'tiering' })
write('mixed/a.json', tiering)
write('mixed/b.json', sampleResult({ strategy: 'leveling' }))
write('mixed/c.json', sampleResult({ strategy: 'tiering', workload: 'ycsb-ee' }))
write('mixed/d.peer.json', samplePeer(tiering))
write('mixed/a.vl.json', { mark: 'bar' })

mkdirSync(join(folder, 'seeds'))
for (let seed = 0; seed < 10; seed++) {
  write(`seeds/t${seed}.json`, sampleResult({ strategy: 'tiering', seed }))
  write(`seeds/l${seed}.json`, sampleResult({ strategy: 'leveling', seed }))
}

test('a mixed folder is compared as far as it goes, with exit code 0', () => {
  const { code, stdout, stderr } = compare('mixed')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('ycsb-a: A = tiering, B = leveling')
  const [, rest = ''] = stdout.split('Not compared:\n')
  expect(rest).toContain('different workloads, workload.name is ycsb-ee and ycsb-a')
  expect(rest).toContain('different targets, leveldb and varve (--across=target allows it)')
  expect(rest.trim().split('\n')).toHaveLength(2)
})

test('the baseline is named, and peers are compared with it if targets may differ', () => {
  const { code, stdout } = compare('mixed', '--baseline=leveling', '--across=target', '--json')
  expect(code).toBe(0)
  const { comparisons } = JSON.parse(stdout)
  expect(comparisons.map(({ a, b }: { a: string; b: string }) => [a, b])).toEqual([
    ['leveling', 'tiering'],
    ['leveling', 'leveldb'],
  ])
})

test('a metric asked for beforehand is marked, in the text and in JSON', () => {
  const { code, stdout } = compare('seeds', '--metric=wa')
  expect(code).toBe(0)
  expect(stdout).toMatch(/WA total \* .* better /)
  expect(stdout).toMatch(/WA lsm .* exploratory /)
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
    'corrected for the one difference of WA total, asked for beforehand (*) (Holm 1979)',
  )
  const { family, comparisons } = JSON.parse(compare('seeds', '--metric=wa', '--json').stdout)
  expect(family).toEqual({ size: 1, metrics: ['WA total'], level: 0.95, pairsMin: 10 })
  expect(comparisons[0].metrics[0]).toMatchObject({ metric: 'WA total', primary: true })
})

test.each([
  [['mixed/a.json'], 'compare: tiering on ycsb-a: one design only; name results of another\n'],
  [
    ['mixed', '--baseline=levelling'],
    'compare: unknown value of --baseline "levelling"; did you mean "leveling"?\n',
  ],
  [
    ['mixed', '--metric=wa,spce'],
    'compare: unknown value of --metric "spce"; did you mean "space"?\n',
  ],
])('%j is a mistake: one line', (argv, stderr) => {
  expect(compare(...argv)).toEqual({ code: 2, stdout: '', stderr })
})
