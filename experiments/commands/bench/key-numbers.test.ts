/** Keys that db_bench 7.8.3 wrote with `--num=20 --seed=1`, as `ldb dump_wal` shows them. */
import { expect, test } from 'vitest'
import { MersenneTwister, randomKeys, shuffledKeys } from './key-numbers.ts'

test('single puts have the keys of fillrandom, in its order', () => {
  const written = [5, 3, 5, 15, 6, 3, 8, 8, 7, 15, 5, 9, 6, 8, 8, 19, 3, 0, 8, 6]
  expect([...randomKeys(1, 20, 20, 1)]).toEqual(written)
})

test('batches of five too, and the next seed has those of overwrite', () => {
  const first = [5, 17, 3, 16, 5, 15, 18, 6, 6, 3, 8, 4, 8, 18, 7, 15, 9, 5, 2, 9]
  const second = [7, 15, 9, 1, 8, 8, 18, 7, 10, 10, 10, 8, 11, 17, 16, 6, 9, 3, 18, 10]
  expect([...randomKeys(1, 20, 20, 5)]).toEqual(first)
  expect([...randomKeys(2, 20, 20, 5)]).toEqual(second)
})

/** The C++ standard requires this of `std::mt19937_64`: the 10000th number by default (5489). */
test('the generator is the one of the C++ standard', () => {
  const random = new MersenneTwister(5489)
  for (let at = 1; at < 10_000; at++) random.next()
  expect(random.next()).toBe(9981545732273789042n)
})

test('a shuffle has every number once', () => {
  const numbers = shuffledKeys(7, 1000)
  expect(numbers).not.toEqual(numbers.toSorted())
  expect([...numbers.toSorted()]).toEqual(Array.from({ length: 1000 }, (_, at) => at))
})
