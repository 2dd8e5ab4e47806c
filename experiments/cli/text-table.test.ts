import { expect, test } from 'vitest'
import { lookOf } from './terminal.ts'
import { fitted } from './text-lines.ts'
import { textTable } from './text-table.ts'

const table = {
  head: ['strategy', 'workload', 'WA', 'p50'],
  rows: [
    ['leveling', 'ycsb-a', '3.41', 'read 3 µs\nupdate 5 µs'],
    ['tiering', 'ycsb-a', '1.92', '–'],
  ],
  names: 2,
}
const plain = (columns: number) => ({ colour: false, columns })

test('a table is drawn if all its columns fit', () => {
  const drawn = textTable(table, plain(Number.POSITIVE_INFINITY))
  const [line] = drawn.split('\n')
  expect(textTable(table, plain(line!.length))).toBe(drawn)
  expect(drawn).toContain('│ leveling │ ycsb-a   │ 3.41 │   read 3 µs │')
  expect(textTable(table, { colour: true, columns: line!.length })).toContain('│')
})

test('if it does not fit, each row becomes a list of its figures', () => {
  expect(textTable(table, plain(40)).split('\n')).toEqual([
    'leveling, ycsb-a',
    '  WA   3.41',
    '  p50  read 3 µs',
    '       update 5 µs',
    'tiering, ycsb-a',
    '  WA   1.92',
    '  p50  –',
  ])
})

test('prose is broken between words and keeps its indentation', () => {
  expect(fitted('one two three\n  four five', plain(10))).toBe('one two\nthree\n  four\n  five')
  expect(fitted('a-word-that-is-longer', plain(5))).toBe('a-word-that-is-longer')
  expect(fitted('one two three', plain(Number.POSITIVE_INFINITY))).toBe('one two three')
})

test('a pipe has neither colour nor width, a terminal has what Node reports', () => {
  const hasColors = () => true
  expect(lookOf({ columns: 80, hasColors })).toEqual(plain(Number.POSITIVE_INFINITY))
  expect(lookOf({ isTTY: true, columns: 40, hasColors })).toEqual({ colour: true, columns: 40 })
  expect(lookOf({ isTTY: true, columns: 0, hasColors: () => false })).toEqual(
    plain(Number.POSITIVE_INFINITY),
  )
})
