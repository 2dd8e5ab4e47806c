import { describe, expect, test } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatNs,
  formatSeconds,
  parseBytes,
  parseCount,
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
  ])('%s is %i bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes))

  test.each(['', 'k', '-1', '4x', '1.0001k', '1e3', '9'.repeat(20)])('%j is none', (text) =>
    expect(parseBytes(text)).toBeUndefined(),
  )
})

describe('counts are decimal', () => {
  test.each([
    ['100k', 100_000],
    ['1M', 1_000_000],
    ['2.5k', 2500],
    ['1,000,000', 1_000_000],
  ])('%s is %i', (text, count) => expect(parseCount(text)).toBe(count))

  test.each(['1KiB', '-5', '0.5', 'ten'])('%j is none', (text) =>
    expect(parseCount(text)).toBeUndefined(),
  )
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
