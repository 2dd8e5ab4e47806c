import { expect, test } from 'vitest'
import { RACE_BENCHMARK_NAMES, RACED_ENGINES } from '../../../results/race-schema.ts'
import { GROUPS } from './group.ts'
import { type Race, scheduleOf } from './schedule.ts'

const RACE: Race = {
  engines: ['varve-inline', 'leveldb', 'lmdb'],
  benchmarks: ['fillseq', 'get-hit'],
  compressions: ['none'],
  rounds: 2,
}
const linesOf = (race: Race) =>
  scheduleOf(race).map(({ name, engine, round }) => `${round} ${name} ${engine}`)

test('all stores run a benchmark before the next begins; each second round is reversed', () => {
  expect(linesOf(RACE)).toEqual([
    ...['0 load varve-inline', '0 load leveldb', '0 load lmdb'],
    ...['0 fillseq varve-inline', '0 fillseq leveldb', '0 fillseq lmdb'],
    ...['0 reads varve-inline', '0 reads leveldb', '0 reads lmdb'],
    ...['1 fillseq lmdb', '1 fillseq leveldb', '1 fillseq varve-inline'],
    ...['1 reads lmdb', '1 reads leveldb', '1 reads varve-inline'],
  ])
})

test('stores that do not compress race once', () => {
  const compressions = scheduleOf({ ...RACE, compressions: ['none', 'lz4'], rounds: 1 })
    .filter(({ name }) => name === 'fillseq')
    .map(({ engine, compression }) => `${engine} ${compression}`)
  expect(compressions).toEqual([
    ...['varve-inline none', 'leveldb none', 'lmdb none'],
    ...['varve-inline lz4', 'leveldb lz4'],
  ])
})

test('a store does not enter where it lacks the call', () => {
  const race = { ...RACE, engines: RACED_ENGINES, benchmarks: ['put-now'] } as const
  const entered = scheduleOf({ ...race, rounds: 1 }).map(({ engine }) => engine)
  expect(entered).toEqual(['varve-inline', 'rocksdb', 'lmdb', 'sqlite', 'db_bench'])
})

test('a recovery comes after the crash of an open, also if only one of them is asked for', () => {
  const race: Race = { ...RACE, engines: ['leveldb'], benchmarks: ['recovery'], rounds: 1 }
  expect(linesOf(race)).toEqual(['0 load-large leveldb', '0 open leveldb', '0 recovery leveldb'])
})

test('every benchmark is in one group', () => {
  expect(Object.values(GROUPS).flat().toSorted()).toEqual(RACE_BENCHMARK_NAMES.toSorted())
})
