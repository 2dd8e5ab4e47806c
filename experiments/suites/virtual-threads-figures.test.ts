import { expect, test } from 'vitest'
import { type Compared, misplacedPairs } from './virtual-threads-figures.ts'

const NOTHING = {
  stalls: 0,
  stallSeconds: 0,
  memtablesStallSeconds: 0,
  level0StallSeconds: 0,
  debtStallSeconds: 0,
  operationsPerSecond: 0,
  putP50Ms: null,
  putP99Ms: null,
  putP999Ms: null,
}

/** `text`: stall seconds in threads and in logical time of each run, as in `1:10 2:20`. */
function runsOf(text: string): readonly Compared[] {
  return text.split(' ').map((run) => {
    const [threads, virtual] = run.split(':').map(Number) as [number, number]
    return {
      threads: { ...NOTHING, stallSeconds: threads },
      virtual: { ...NOTHING, stallSeconds: virtual },
    }
  })
}

test.each([
  ['the same order', '1:10 2:20 4:40', 0],
  ['one pair in another order', '1:20 2:10 4:40', 1],
  ['all pairs in another order', '1:40 2:20 4:10', 3],
  ['a tie in logical time', '1:0 2:0', 1],
  ['both short', '0.2:2 0.9:1', 0],
  ['close to each other', '4:2 4.9:1', 0],
  ['just far enough apart', '4:2 5:1', 1],
  ['none in threads', '0:2 1:1', 1],
])('%s: %s', (_, runs, expected) => {
  expect(misplacedPairs(runsOf(runs), 1, 1.25)).toBe(expected)
})
