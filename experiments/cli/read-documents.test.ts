import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sampleResult } from '../../results/testing/sample-result.ts'
import { readDocuments, readResultFiles } from './read-documents.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-results-'))
  put('run-r0.json', JSON.stringify(sampleResult()))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
  vi.restoreAllMocks()
})

const put = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content)
}

/** The lines on standard error while `work` runs, without the folder. */
function saidDuring(work: () => unknown): readonly string[] {
  const said: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text).replace(`${folder}/`, '').trimEnd())
    return true
  })
  work()
  return said
}

/** Every verb that reads several results uses one of these. */
const READERS = [
  ['chart, tidy', readDocuments],
  ['compare, report', readResultFiles],
] as const

test.each(READERS)('%s: other files in a folder are skipped', (_, read) => {
  put('._run-r0.json', 'Mac\0\u0005')
  put('.DS_Store', 'Bud1')
  put('run-r0.vl.json', '{"$schema": "https://vega.github.io/schema/vega-lite/v6.json"}')
  put('run-r0.versions.txt', '')
  mkdirSync(join(folder, 'sub.json'))
  put('settings.json', '{"records": 10}')
  let count = 0
  const said = saidDuring(() => {
    count = read([folder]).length
  })
  expect(count).toBe(1)
  expect(said).toEqual(['left out settings.json: not a result', 'left out sub.json: a folder'])
})

test('a result of a kind that the command does not take is reported', () => {
  put('suite-counts-full.json', '{"suite": "counts"}')
  const said = saidDuring(() => readResultFiles([join(folder, 'run-r0.json')]))
  expect(said).toEqual([])
  expect(saidDuring(() => readResultFiles([folder]))).toEqual([
    'left out suite-counts-full.json: the result of a suite',
  ])
})

test.each([
  ['empty', '', '(document): the file is empty'],
  ['cut', '{"schemaVersion": 1,', '(document): not JSON'],
  ['newer', '{"schemaVersion": 99}', 'schemaVersion: version 99 is newer than the'],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'the text is UTF-16; save it as UTF-8'],
])('a result that is %s is refused with its name', (name, content, why) => {
  put(`${name}.json`, content)
  for (const [, read] of READERS) expect(() => read([folder])).toThrow(`${name}.json: ${why}`)
})

test.each(READERS)('%s: gzipped results, byte order marks and line ends of Windows', (_, read) => {
  const text = JSON.stringify(sampleResult(), null, 2)
  put('run-r1.json.gz', gzipSync(text))
  put('run-r2.json', `\ufeff${text.replaceAll('\n', '\r\n')}`)
  expect(read([folder])).toHaveLength(3)
})

test.each(READERS)('%s: a named file must be a result', (_, read) => {
  put('._x.json', 'Mac\0')
  expect(() => read([join(folder, '._x.json')])).toThrow('._x.json: (document): not JSON')
  expect(() => read([join(folder, 'missing.json')])).toThrow('missing.json: ENOENT')
  mkdirSync(join(folder, 'none'))
  expect(() => read([join(folder, 'none')])).toThrow('none: no result')
})

test.each(READERS)("%s: a shell's pattern may name the specs of figures", (_, read) => {
  const paths = ['run-r0.json', 'run-r0.vl.json'].map((name) => join(folder, name))
  expect(read(paths)).toHaveLength(1)
  expect(() => read(paths.slice(1))).toThrow('run-r0.vl.json: not a result')
})

test.each(READERS)('%s: figures that contradict each other are reported', (_, read) => {
  const result = sampleResult()
  const { amplification } = result.deterministic
  const drained = { ...amplification.drained, waTotal: 0.5 }
  const edited = { ...amplification, drained }
  const deterministic = { ...result.deterministic, amplification: edited }
  put('run-r1.json', JSON.stringify({ ...result, deterministic }))
  let count = 0
  const said = saidDuring(() => {
    count = read([folder]).length
  })
  expect(count).toBe(2)
  expect(said).toEqual([
    expect.stringMatching(
      /^run-r1.json: figures contradict: deterministic.amplification.drained.waTotal: 0.5 is not /,
    ),
  ])
})
