import { describe, expect, test } from 'vitest'
import { Database, Ledger, ManualClock, MemoryStorage, WriteBatch } from '../../engine/index.ts'
import { falsePositiveRate } from '../../engine/table/filter.ts'
import { tablesOf } from '../../engine/version/run.ts'
import { runsNewestFirst, type Version } from '../../engine/version/version.ts'
import { STRATEGIES } from '../catalog.ts'
import { builtBitsPerKey, expectedProbes } from './expected-probes.ts'

/** Nearly fills three levels, so that the strategies' trees differ in their runs. */
const RECORDS = 36_000
const LOOKUPS = 50_000
const BITS_PER_KEY = 5

const keyOf = (number: number) => new TextEncoder().encode(`key${String(number).padStart(9, '0')}`)
/** Spreads record numbers over the even keys, so that absent odd ones lie in every run's range. */
const scattered = (number: number) => ((number * 7919) % RECORDS) * 2

const numberOf = (key: Uint8Array) => Number(new TextDecoder().decode(key).slice(3))

/** Sum over tables: the filter's rate times the share of absent keys in the table's range. */
function probesOf(version: Version): number {
  let sum = 0
  for (const { run } of runsNewestFirst(version)) {
    for (const table of tablesOf(run)) {
      const absentKeys = (numberOf(table.largest) - numberOf(table.smallest)) / 2
      sum += falsePositiveRate(builtBitsPerKey(table)) * (absentKeys / RECORDS)
    }
  }
  return sum
}

function measure(strategy: string, filterAlloc: string) {
  const db = Database.open({
    storage: new MemoryStorage(new Ledger()),
    folder: '/db',
    strategy: STRATEGIES.get(strategy)!.create({ T: 4, bitsPerKey: BITS_PER_KEY, filterAlloc }),
    options: { memtableBytes: 16 * 1024, compression: 'none' },
    clock: new ManualClock(1),
  })
  const batch = new WriteBatch()
  for (let number = 0; number < RECORDS; number++) {
    batch.clear()
    batch.put(keyOf(scattered(number)), new Uint8Array(16))
    db.writeSync(batch)
  }
  db.flush()
  const before = db.getCounters.copy()
  for (let number = 0; number < LOOKUPS; number++) {
    db.get(keyOf(((number * 104_729) % RECORDS) * 2 + 1))
  }
  const after = db.getCounters
  const unfiltered =
    after.runsProbed - before.runsProbed - (after.filterChecks - before.filterChecks)
  const passed = after.filterFalsePositives - before.filterFalsePositives + unfiltered
  const result = { measured: passed / LOOKUPS, expected: probesOf(db.version) }
  // This estimate is not lower: it takes every run to cover all keys.
  expect(expectedProbes(db.version).probesPerMiss).toBeGreaterThan(0.98 * result.expected)
  db.close()
  return result
}

describe(`zero-result lookups, ${LOOKUPS} of them at ${BITS_PER_KEY} bits a key`, () => {
  test.each(['leveling', 'tiering', 'lazy-leveling', 'leveling-partial', 'k-lsm', 'fragmented'])(
    'read under %s as many tables as its filters’ own rates say, and fewer under monkey',
    (strategy) => {
      const uniform = measure(strategy, 'uniform')
      const monkey = measure(strategy, 'monkey')
      for (const { measured, expected } of [uniform, monkey]) {
        expect(Math.abs(measured / expected - 1)).toBeLessThan(0.1)
      }
      // The expected gain of each of these trees is large enough to be measured.
      expect(1 - monkey.expected / uniform.expected).toBeGreaterThan(0.1)
      expect(monkey.measured).toBeLessThan(uniform.measured)
    },
    60_000,
  )
})
