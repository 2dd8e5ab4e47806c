/**
 * Tests that a file is written completely or not at all, and that a failure leaves no file behind.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseResult } from './parse-result.ts'
import { sampleResult } from './testing/sample-result.ts'
import { writeResult, writeWhole } from './write-result.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-results-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('text and bytes replace the old content', () => {
  const path = join(folder, 'a')
  writeWhole(path, 'a longer first text')
  writeWhole(path, new Uint8Array([1, 2, 3]))
  expect([...readFileSync(path)]).toEqual([1, 2, 3])
  expect(readdirSync(folder)).toEqual(['a'])
})

test('a failed rename keeps the old file and removes the temporary file', () => {
  const path = join(folder, 'taken')
  mkdirSync(path)
  writeFileSync(join(path, 'inside'), 'old')
  expect(() => writeWhole(path, 'new')).toThrow()
  expect(readdirSync(folder)).toEqual(['taken'])
  expect(readFileSync(join(path, 'inside'), 'utf8')).toBe('old')
})

test('a missing folder is an error and is not created', () => {
  expect(() => writeWhole(join(folder, 'none', 'a'), 'x')).toThrow(/ENOENT/)
  expect(readdirSync(folder)).toEqual([])
})

test('a written result reads back', () => {
  const path = join(folder, 'run.json')
  writeResult(path, sampleResult())
  expect(parseResult(readFileSync(path, 'utf8'), path)).toEqual(sampleResult())
})

test('a result that breaks the schema is not written', () => {
  const wrong = { ...sampleResult(), id: '' }
  expect(() => writeResult(join(folder, 'run.json'), wrong)).toThrow(/id/)
  expect(readdirSync(folder)).toEqual([])
})

test('a result whose figures contradict each other is not written, and the field is named', () => {
  const { timed, ...sample } = sampleResult()
  const read = { ...timed.latencyByKind.read!, p999Us: 5_301 }
  const wrong = { ...sample, timed: { ...timed, latencyByKind: { read } } }
  expect(() => writeResult(join(folder, 'run.json'), wrong)).toThrow(
    'timed.latencyByKind.read.p999Us: 5301 is more than maxUs, 5300',
  )
  expect(readdirSync(folder)).toEqual([])
})
