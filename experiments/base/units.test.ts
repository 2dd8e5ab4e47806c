import { describe, expect, test } from 'vitest'
import {
  countOfNumbers,
  formatBytes,
  formatCount,
  formatNs,
  formatSeconds,
  parseBytes,
  parseCount,
  parseInteger,
  parseReal,
  splitList,
} from './units.ts'

describe('sizes', () => {
  test.each([
    ['0', 0],
    ['100', 100],
    ['4k', 4096],
    ['64KiB', 65_536],
    ['64 kib', 65_536],
    ['1.5MiB', 1_572_864],
    ['2G', 2 ** 31],
    ['1_000', 1000],
    ['1,234', 1234],
    ['1e3', 1000],
    ['.5k', 512],
  ])('%s is %i bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes))

  test.each(['', 'k', '-1', '4x', '1.0001k', '1e3k', '9'.repeat(20)])('%j is none', (text) =>
    expect(parseBytes(text)).toBeUndefined(),
  )
})

describe('counts are decimal', () => {
  test.each([
    ['100k', 100_000],
    ['1M', 1_000_000],
    ['2.5k', 2500],
    ['1,000,000', 1_000_000],
    ['1.005k', 1005],
    ['2.5e3', 2500],
    [' 5 ', 5],
  ])('%s is %i', (text, count) => expect(parseCount(text)).toBe(count))

  test.each([
    ...['1KiB', '-5', '+5', '0.5', 'ten', '5.', '1e-3', '0x10', 'NaN', 'Infinity', '', ' ', '５'],
    ...[
      '1,5k',
      '1,5',
      '1,2,3',
      '2000,4000',
      '1,0000',
      '0,123',
      ',123',
      '1__0',
      '_1',
      '1_',
      '1,234_5',
    ],
    ...['1.000', '1 000', '9007199254740993', '2000.00000000000000001', '1e400', '1'.repeat(5000)],
  ])('%j is none', (text) => expect(parseCount(text)).toBeUndefined())
})

test('whole numbers may be negative if they have a meaning', () => {
  expect(['-1', '-1k', '0', '-0', '7'].map(parseInteger)).toEqual([-1, -1000, 0, 0, 7])
  expect(parseInteger('--1')).toBeUndefined()
})

describe('real numbers', () => {
  test.each([
    ['0.25', 0.25],
    ['-.5', -0.5],
    ['1.2345k', 1234.5],
    ['4.35k', 4350],
    ['1e-3', 0.001],
    ['10,000', 10_000],
    ['-0', 0],
    ['2.3e-308', 2.3e-308],
  ])('%s is %d', (text, number) => expect(parseReal(text)).toBe(number))

  test.each(['0,25', '1e-320', '1e-400', '1e400', '0x10', '5.', '1,5', 'k', '1KiB', '', '-'])(
    '%j is none',
    (text) => expect(parseReal(text)).toBeUndefined(),
  )
})

test('commas separate the values of a list', () => {
  expect(splitList('9, 2,1')).toEqual(['9', '2', '1'])
  expect(splitList('[9]')).toEqual(['9'])
  expect(['2,3,4', '1,234', '1,5k', 'a,b', '7'].map(countOfNumbers)).toEqual([3, 1, 2, 1, 1])
})

test('figures keep three digits', () => {
  expect(formatBytes(1_048_576)).toBe('1 MiB')
  expect(formatBytes(1_234_567_890)).toBe('1.15 GiB')
  expect(formatCount(123_456)).toBe('123 k')
  expect(formatNs(1234)).toBe('1.23 µs')
  expect(formatNs(2.5e9)).toBe('2.5 s')
  expect(formatSeconds(200)).toBe('3 min 20 s')
  expect(formatSeconds(3900)).toBe('1 h 5 min')
})
