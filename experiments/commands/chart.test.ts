/** The commands `varve chart` and `varve tidy`, as a user calls them. */

import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callVarve } from '../cli/testing/start-command.ts'

const RUN = resolve(globSync('results/strategies-on-ycsb/ycsb-e-tiering-*.json')[0]!)

const folder = mkdtempSync(join(tmpdir(), 'varve-chart-main-'))
afterAll(() => rmSync(folder, { recursive: true }))

function call(command: 'chart' | 'tidy', argv: readonly string[]) {
  return callVarve([command, ...argv], folder)
}

beforeAll(() => {
  const text = readFileSync(RUN, 'utf8')
  const changed = (name: string, change: (result: Record<string, unknown>) => void) => {
    const result = JSON.parse(text) as Record<string, unknown>
    change(result)
    writeFileSync(join(folder, name), JSON.stringify(result))
  }
  changed('later.json', (result) => Object.assign(result, { schemaVersion: 9 }))
  changed('broken.json', (result) => Object.assign(result.config as object, { records: -1 }))
  writeFileSync(join(folder, 'packed.json.gz'), gzipSync(text))
})

test('a figure is written in every requested format, also from a gzipped result', () => {
  const argv = ['packed.json.gz', '--kind=wa-by-level', '--format=svg,pdf', '--preset=one-column']
  const ended = call('chart', [...argv, '--out=figures'])
  const paths = ['figures/wa-by-level.svg', 'figures/wa-by-level.pdf']
  expect(ended).toEqual({ code: 0, stdout: `${paths.join('\n')}\n`, stderr: '' })
  expect(readFileSync(join(folder, paths[0]!), 'utf8')).toContain('level 3')
  expect(readFileSync(join(folder, paths[1]!)).subarray(0, 5).toString()).toBe('%PDF-')
})

test('all kinds: possible kinds are drawn, the others are listed with the missing field', () => {
  const ended = call('chart', [RUN, '--kind=all', '--format=vl.json', '--out=all'])
  expect(ended.code).toBe(0)
  expect(ended.stdout).toContain('all/latency.vl.json\n')
  expect(ended.stderr).toContain('chart: left out sweep: config.strategy.params: ')
})

test('several kinds: possible kinds are drawn, the others are listed with the reason', () => {
  const argv = [RUN, '--kind=value-size,run,sweep,run', '--format=svg', '--out=several']
  const { code, stdout, stderr } = call('chart', argv)
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'several/run.svg\n' })
  expect(stderr.split('\n')).toEqual([
    expect.stringMatching(/^chart: left out value-size: config\.valueBytes: /),
    expect.stringMatching(/^chart: left out sweep: config\.strategy\.params: /),
    '',
  ])
})

test('several kinds, none of them possible, are a mistake, with each reason', () => {
  const ended = call('chart', [RUN, '--kind=value-size,sweep', '--out=none-of-two'])
  expect([ended.code, ended.stdout]).toEqual([2, ''])
  expect(ended.stderr.match(/^chart: left out /gm)).toHaveLength(2)
  expect(ended.stderr).toMatch(/^chart: --kind: these results feed none of these kinds$/m)
  expect(existsSync(join(folder, 'none-of-two'))).toBe(false)
})

test('for a paper: type of 7 to 8 points, title and caption in a file beside', () => {
  const argv = [RUN, '--kind=wa-by-level', '--preset=one-column', '--caption=file', '--out=paper']
  expect(call('chart', argv)).toEqual({
    code: 0,
    stdout: 'paper/wa-by-level.svg\npaper/wa-by-level.caption.txt\n',
    stderr: '',
  })
  const svg = readFileSync(join(folder, 'paper/wa-by-level.svg'), 'utf8')
  const caption = readFileSync(join(folder, 'paper/wa-by-level.caption.txt'), 'utf8')
  for (const text of [
    'Write amplification by level',
    'Bytes written into the tables',
    '$ npm run',
  ]) {
    expect(caption).toContain(text)
    expect(svg).not.toContain(text)
  }
  const faint = /<text[^>]*opacity="0\.1"[^>]*>/g
  const sizes = [...svg.replaceAll(faint, '').matchAll(/font-size="([\d.]+)px"/g)]
  for (const [, pixels] of sizes) {
    expect(Number(pixels) * 0.75).toBeGreaterThanOrEqual(7)
    expect(Number(pixels) * 0.75).toBeLessThanOrEqual(8)
  }
  expect(Number(/ width="(\d+)"/.exec(svg)![1]) / 96).toBeLessThanOrEqual(10 / 3)
})

test('--caption=none leaves no caption, and a watermark where a gate failed', () => {
  const argv = [RUN, '--kind=wa-by-level', '--caption=none', '--out=bare']
  expect(call('chart', argv)).toMatchObject({ code: 0, stdout: 'bare/wa-by-level.svg\n' })
  expect(readFileSync(join(folder, 'bare/wa-by-level.svg'), 'utf8')).toContain('TRANSIENT')
  expect(call('chart', [...argv.slice(0, 2), '--caption=fiel']).stderr).toContain(
    'unknown caption "fiel"; did you mean "file"?',
  )
})

test.each([
  ['no kind', ['RUN'], '--kind: name what to draw: amplification, '],
  [
    'a misspelt kind',
    ['RUN', '--kind=trade-of'],
    'unknown kind "trade-of"; did you mean "trade-off"?',
  ],
  ['an unfit kind', ['RUN', '--kind=value-size'], 'value-size: config.valueBytes: '],
  ['a later schema', ['later.json', '--kind=run'], 'later.json: schemaVersion: version 9 is newer'],
  ['a broken result', ['broken.json', '--kind=run'], 'broken.json: config.records: '],
])('%s is a mistake: one line, and nothing is written', (_, argv, message) => {
  const ended = call('chart', [...argv.map((one) => (one === 'RUN' ? RUN : one)), '--out=none'])
  expect([ended.code, ended.stdout]).toEqual([2, ''])
  expect(ended.stderr).toMatch(/^chart: .*\n$/)
  expect(ended.stderr).toContain(message)
  expect(existsSync(join(folder, 'none'))).toBe(false)
})

test('the long format is written as CSV and Parquet, by section', () => {
  const argv = [RUN, '--format=csv,parquet', '--section=amplification', '--out=tidy']
  expect(call('tidy', argv)).toEqual({
    code: 0,
    stdout: 'tidy/tidy.csv\ntidy/tidy.parquet\n',
    stderr: '',
  })
  const lines = readFileSync(join(folder, 'tidy/tidy.csv'), 'utf8').trimEnd().split('\r\n')
  expect(new Set(lines.slice(1).map((line) => line.split(',')[6]))).toEqual(
    new Set(['amplification']),
  )
  expect(call('tidy', [RUN, '--section=serie'])).toEqual({
    code: 2,
    stdout: '',
    stderr: 'tidy: unknown section "serie"; did you mean "series"?\n',
  })
})
