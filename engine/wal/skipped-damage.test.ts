/** Tests the mode that reads on behind damaged records. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FRAGMENT_TYPE, LOG_BLOCK_BYTES } from './log-format.ts'
import { digests, fragment, joined, logOf, payload, readLog } from './testing/logs.ts'

const MODE = 'skip-any-corrupted'

/** What `next` of a log with one flipped bit may not lose: all records but the one at `at`. */
function withoutRecordAt(log: ReturnType<typeof logOf>, all: readonly Uint8Array[], at: number) {
  const damaged = log.ends.findIndex((end) => at < end)
  return digests(all.toSpliced(damaged, 1))
}

describe('skipped damage', () => {
  test('any flipped bit of a small log loses only its record', () => {
    const log = logOf([0, 1, 30, 7, 300, 2, 90, 41].map(payload))
    const all = readLog(log.bytes).records
    for (let at = 0; at < log.bytes.length; at++) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const bytes = log.bytes.slice()
        bytes[at]! ^= bit
        const { records, end } = readLog(bytes, MODE)
        const title = `bit ${bit} of byte ${at}`
        expect(digests(records), title).toEqual(withoutRecordAt(log, all, at))
        expect(end.damage, title).not.toBeNull()
        const lost = log.ends.findIndex((recordEnd) => at < recordEnd)
        expect(end.bytesDropped, title).toBe(log.ends[lost]! - (log.ends[lost - 1] ?? 0))
      }
    }
  })

  test('a flipped byte in records of many blocks loses only its record', () => {
    const big = logOf([100, 40_000, 3, 30_000, 70_000, 12].map(payload))
    const all = readLog(big.bytes).records
    const flip = fc.tuple(fc.nat(big.bytes.length - 1), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(flip, ([at, mask]) => {
        const bytes = big.bytes.slice()
        bytes[at]! ^= mask
        const { records } = readLog(bytes, MODE)
        expect(digests(records)).toEqual(withoutRecordAt(big, all, at))
      }),
    )
  })

  test('random bytes overwritten anywhere never give a wrong record', () => {
    const big = logOf([100, 40_000, 3, 30_000, 70_000, 12].map(payload))
    const all = digests(readLog(big.bytes).records)
    const overwrite = fc.tuple(fc.nat(big.bytes.length - 1), fc.uint8Array({ maxLength: 600 }))
    fc.assert(
      fc.property(overwrite, ([at, noise]) => {
        const bytes = big.bytes.slice()
        bytes.set(noise.subarray(0, bytes.length - at), at)
        const found = digests(readLog(bytes, MODE).records)
        const first = big.ends.filter((end) => end <= at).length
        expect(found.slice(0, first)).toEqual(all.slice(0, first))
        for (const record of found) expect(all).toContain(record)
      }),
    )
  })

  test('records inside a damaged value are not taken for records of the log', () => {
    const inner = logOf([payload(20, 9), payload(30, 8)]).bytes
    const value = joined(payload(50, 1), inner)
    const log = logOf([payload(10, 1), value, payload(12, 2)])
    const all = readLog(log.bytes).records
    for (let at = log.ends[0]!; at < log.ends[1]!; at++) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const bytes = log.bytes.slice()
        bytes[at]! ^= bit
        const { records } = readLog(bytes, MODE)
        expect(digests(records), `bit ${bit} of byte ${at}`).toEqual(withoutRecordAt(log, all, at))
      }
    }
  })

  test('zeros in the middle end at the next block', () => {
    const log = logOf([100, 50, LOG_BLOCK_BYTES, 70, 80].map(payload))
    const all = readLog(log.bytes).records
    const bytes = log.bytes.slice()
    bytes.fill(0, log.ends[0]!, log.ends[1]!)
    // The third record began in the first block.
    expect(digests(readLog(bytes, MODE).records)).toEqual(digests([all[0]!, all[3]!, all[4]!]))
  })

  const body = payload(10, 1)
  const { full, first, middle, last } = FRAGMENT_TYPE
  test.each([
    ['a LAST without FIRST', [full, last, full], 2],
    ['a MIDDLE without FIRST', [full, middle, last, full], 2],
    ['a FIRST inside a record', [full, first, first, last], 2],
    ['a FULL inside a record', [full, first, full], 2],
    ['a fragment type of recyclable logs', [full, 5, full], 2],
    ['a FIRST that nothing follows', [full, first], 1],
  ] as const)('%s', (_, types, count) => {
    const bytes = joined(...types.map((type) => fragment(type, body)))
    const { records, end } = readLog(bytes, MODE)
    expect(records).toHaveLength(count)
    expect(end.damage).not.toBeNull()
  })

  test('a sound log has none', () => {
    const log = logOf([0, 1, 30, LOG_BLOCK_BYTES, 7].map(payload))
    expect(readLog(log.bytes, MODE)).toEqual(readLog(log.bytes, 'absolute'))
  })
})
