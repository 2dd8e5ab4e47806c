/** Tests logs whose end a crash or a power loss tore. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { survivingContent, type UnsyncedBytes } from '../storage/power-loss.ts'
import { LOG_BLOCK_BYTES, LOG_HEADER_BYTES } from './log-format.ts'
import { digests, joined, logOf, payload, readLog, refused, smallLog } from './testing/logs.ts'

describe('torn tails', () => {
  function expectPrefix(log: typeof smallLog, cut: number): void {
    const complete = log.ends.filter((end) => end <= cut).length
    const whole = readLog(log.bytes).records
    const torn = readLog(log.bytes.subarray(0, cut))
    expect(digests(torn.records)).toEqual(digests(whole.slice(0, complete)))
    const padding = log.bytes.subarray(log.ends[complete - 1] ?? 0, cut)
    const paddingOnly = cut % LOG_BLOCK_BYTES > LOG_BLOCK_BYTES - LOG_HEADER_BYTES
    const clean = padding.length === 0 || (paddingOnly && padding.length < LOG_HEADER_BYTES)
    expect(torn.end.damage === null).toBe(clean)
    if (!clean) {
      expect(torn.end.damage!.inLastAppend).toBe(true)
      expect(torn.end.bytesDropped).toBe(padding.length)
      expect(torn.end.validBytes).toBe(log.ends[complete - 1] ?? 0)
    }
    const bytes = log.bytes.subarray(0, cut)
    expect(readLog(bytes, 'tolerate-corrupted-tail').records.length).toBe(complete)
    expect(refused(bytes, 'absolute')).toBe(!clean)
  }

  test('cut at every byte, a log gives exactly its complete records', () => {
    for (let cut = 0; cut <= smallLog.bytes.length; cut++) expectPrefix(smallLog, cut)
  })

  test('a log of several blocks, cut around every fragment and block end, does the same', () => {
    const log = logOf([100, LOG_BLOCK_BYTES - 110, 0, 70_000, 9, 30_000].map(payload))
    const edges = [...log.ends, ...[1, 2, 3, 4].map((block) => block * LOG_BLOCK_BYTES)]
    for (const edge of edges) {
      for (let cut = edge - 10; cut <= edge + 10; cut++) {
        if (cut <= log.bytes.length) expectPrefix(log, cut)
      }
    }
  })

  test.each([1, 6, 7, 500, 40_000])(
    'a tail of %i zeros is dropped; absolute refuses it',
    (zeros) => {
      const bytes = joined(smallLog.bytes, new Uint8Array(zeros))
      const { records, end } = readLog(bytes, 'tolerate-corrupted-tail')
      expect(records.length).toBe(smallLog.ends.length)
      expect(end.damage).toEqual({
        reason: 'zero tail',
        offset: smallLog.bytes.length,
        inLastAppend: true,
      })
      expect(end.bytesDropped).toBe(zeros)
      expect(refused(bytes, 'absolute')).toBe(true)
    },
  )

  const seeds = fc.integer()
  const unsynced: fc.Arbitrary<UnsyncedBytes> = fc.oneof(
    seeds.map((seed) => ({ kind: 'sectors' as const, seed })),
    fc.record({
      kind: fc.constant('torn' as const),
      keptBytes: fc.nat(2_000),
      rest: fc.constantFrom('lost', 'zeros', 'garbage'),
      seed: seeds,
    }),
  )

  test('any remains of the last append after a power loss are dropped and recognised as such', () => {
    const log = logOf([200, 300, 2_000].map(payload))
    const synced = log.ends[1]!
    fc.assert(
      fc.property(unsynced, (choice) => {
        const bytes = survivingContent(log.bytes, synced, choice, 0)
        const { records, end } = readLog(bytes)
        if (end.damage === null) {
          expect(bytes.length === synced || records.length === 3).toBe(true)
        } else {
          expect(records.length).toBe(2)
          expect(end).toMatchObject({ validBytes: synced, damage: { inLastAppend: true } })
        }
      }),
    )
  })

  test('a lost sector with a whole record behind it is refused as corruption', () => {
    const log = logOf([200, 300, 2_000, 10].map(payload))
    const bytes = log.bytes.slice()
    bytes.fill(0, 1024, 1536)
    expect(refused(bytes, 'tolerate-corrupted-tail')).toBe(true)
    expect(readLog(bytes).records.length).toBe(2)
    expect(readLog(bytes).end.damage).toMatchObject({ reason: 'bad crc', inLastAppend: false })
  })
})
