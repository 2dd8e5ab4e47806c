/** Lines as db_bench 7.8.3 printed them. */
import { expect, test } from 'vitest'
import { reportOf } from './native.ts'

const OUTPUT = [
  'readrandom   :       9.999 micros/op 1000 ops/sec 0.500 seconds 500 operations; (1 of 1 found)',
  'readrandom   :       9.305 micros/op 106906 ops/sec 0.468 seconds 50000 operations;   11.8 MB/s (49999 of 50000 found)',
  'readmissing  :       2.490 micros/op 401342 ops/sec 0.125 seconds 50000 operations; (0 of 50000 found)',
  'compact      :  321714.000 micros/op 3 ops/sec 0.322 seconds 1 operations;',
].join('\n\n')

test('the last result of a benchmark counts, at its full precision', () => {
  const { operations, seconds, found } = reportOf(OUTPUT, 'readrandom')
  expect(operations / seconds).toBeCloseTo(106906)
  expect(found).toEqual([49_999, 50_000])
})

test('a slow operation counts by its seconds', () => {
  expect(reportOf(OUTPUT, 'compact')).toEqual({ operations: 1, seconds: 0.322, found: null })
})

test('a benchmark without a result is an error', () => {
  expect(() => reportOf(OUTPUT, 'readseq')).toThrow('db_bench: no result of readseq')
})
