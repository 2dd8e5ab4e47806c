import { expect, test } from 'vitest'
import { newBarrier } from '../storage/testing/barrier.ts'
import { startWorkers } from '../storage/testing/threads.ts'
import { FILE_NUMBER_MAX } from './file-names.ts'
import { FileNumbers } from './file-numbers.ts'
import { TAKEN, takeNumbers } from './testing/taking-numbers.ts'

test('numbers follow each other, up to and beyond the limit of a recovered counter', () => {
  for (const next of [0, 7, 2 ** 32 - 1, FILE_NUMBER_MAX]) {
    const numbers = new FileNumbers(next)
    expect([numbers.next, numbers.allocate(), numbers.allocate()]).toEqual([next, next, next + 1])
    expect(FileNumbers.over(structuredClone(numbers.share())).allocate()).toBe(next + 2)
    expect(numbers.next).toBe(next + 3)
  }
})

test('no number goes to two threads, and none is skipped', async () => {
  const first = 1_000_000
  const numbers = new FileNumbers(first)
  const thread = { numbers: numbers.share(), barrier: newBarrier(3) }
  const module = new URL('./testing/file-numbers.worker.ts', import.meta.url)
  const { answers } = await startWorkers<readonly number[]>(module, [thread, thread])
  const taken = [takeNumbers(thread), ...(await answers)]
  const count = 3 * TAKEN
  expect(numbers.next).toBe(first + count)
  const all = Float64Array.from(taken.flat()).sort()
  expect(all.every((number, index) => number === first + index)).toBe(true)
  for (const each of taken) {
    expect(each.every((number, index) => index === 0 || number > each[index - 1]!)).toBe(true)
  }
})
