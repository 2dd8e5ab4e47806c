/** Tests logs with damage that no crash explains. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FRAGMENT_TYPE, LOG_BLOCK_BYTES, LOG_HEADER_BYTES } from './log-format.ts'
import { digests, fragment, joined, logOf, payload, readLog, refused } from './testing/logs.ts'

describe('damage', () => {
  const log = logOf([0, 1, 30, 7, 300, 2, 90, 41].map(payload))
  const whole = readLog(log.bytes).records

  test('any flipped bit ends the log right before its record; stricter modes refuse it', () => {
    for (let at = 0; at < log.bytes.length; at++) {
      const bit = 1 << (at % 8)
      const bytes = log.bytes.slice()
      bytes[at]! ^= bit
      const intact = log.ends.filter((end) => end <= at).length
      const { records, end } = readLog(bytes)
      expect(digests(records), `bit ${bit} of byte ${at}`).toEqual(digests(whole.slice(0, intact)))
      expect(end.validBytes).toBe(log.ends[intact - 1] ?? 0)
      if (intact < whole.length - 1) expect(end.damage).toMatchObject({ inLastAppend: false })
      expect(refused(bytes, 'tolerate-corrupted-tail')).toBe(true)
      expect(refused(bytes, 'absolute')).toBe(true)
    }
  })

  test('random bytes overwritten anywhere never give a wrong record', () => {
    const big = logOf([100, 40_000, 3, 30_000, 70_000, 12].map(payload))
    const all = readLog(big.bytes).records
    const overwrite = fc.tuple(fc.nat(big.bytes.length - 1), fc.uint8Array({ maxLength: 600 }))
    fc.assert(
      fc.property(overwrite, ([at, noise]) => {
        const bytes = big.bytes.slice()
        bytes.set(noise.subarray(0, bytes.length - at), at)
        const { records } = readLog(bytes)
        expect(digests(records)).toEqual(digests(all.slice(0, records.length)))
        expect(records.length).toBeGreaterThanOrEqual(big.ends.filter((end) => end <= at).length)
      }),
    )
  })

  test('flipped bits in padding lose no record', () => {
    const padded = logOf([payload(LOG_BLOCK_BYTES - LOG_HEADER_BYTES - 5, 1), payload(9, 2)])
    padded.bytes[LOG_BLOCK_BYTES - 3] = 1
    expect(readLog(padded.bytes, 'absolute').records.length).toBe(2)
  })

  const body = payload(10, 1)
  const { full, first, middle, last } = FRAGMENT_TYPE
  test.each([
    ['a LAST without FIRST', [[full], [last]], 'bad fragment order'],
    ['a MIDDLE without FIRST', [[full], [middle], [last]], 'bad fragment order'],
    ['a FIRST inside a record', [[full], [first], [first], [last]], 'bad fragment order'],
    ['a FULL inside a record', [[full], [first], [full]], 'bad fragment order'],
    ['a fragment type of recyclable logs', [[full], [5]], 'bad type'],
    ['type 0 with a correct checksum', [[full], [0]], 'bad type'],
    ['a FIRST that nothing follows', [[full], [first]], 'torn payload'],
  ] as const)('%s', (_, types, reason) => {
    const bytes = joined(...types.flat().map((type) => fragment(type, body)))
    const { records, end } = readLog(bytes)
    expect(digests(records)).toEqual(digests([body]))
    expect(end).toMatchObject({
      validBytes: LOG_HEADER_BYTES + 10,
      bytesDropped: bytes.length - LOG_HEADER_BYTES - 10,
      damage: { reason, inLastAppend: reason !== 'bad fragment order' },
    })
  })

  describe('behind damage, a sound record at the very end of the log', () => {
    const header = LOG_HEADER_BYTES
    const cases: readonly (readonly [title: string, tail: Uint8Array, isRecord: boolean])[] = [
      ['a FULL without payload', fragment(full, payload(0, 0)), true],
      ['a FIRST without payload', fragment(first, payload(0, 0)), true],
      ['a FIRST whose LAST never came', fragment(first, body), true],
      ['a FULL of one byte', fragment(full, payload(1, 0)), true],
      ['a MIDDLE', fragment(middle, body), false],
      ['a LAST without payload', fragment(last, payload(0, 0)), false],
      ['a header cut short', fragment(full, payload(0, 0)).subarray(0, header - 1), false],
      ['a payload cut short', fragment(full, body).subarray(0, -1), false],
      ['a header without its payload', fragment(full, body).subarray(0, header), false],
      ['zeros', new Uint8Array(header), false],
    ]
    /** Distance from the end of the log to the end of its block. */
    const places = [0, 1, LOG_HEADER_BYTES - 1, LOG_HEADER_BYTES, 100]

    test.each(cases)('%s', (_, tail, isRecord) => {
      for (const left of places) {
        const damaged = fragment(full, payload(40, 1))
        damaged[LOG_HEADER_BYTES + 3]! ^= 1
        const filler = LOG_BLOCK_BYTES - left - tail.length - damaged.length - 2 * LOG_HEADER_BYTES
        const bytes = joined(
          fragment(full, payload(filler, 2)),
          damaged,
          // Remains of a record that was being written after the damaged one.
          new Uint8Array(LOG_HEADER_BYTES).fill(0xee),
          tail,
        )
        expect(bytes.length).toBe(LOG_BLOCK_BYTES - left)
        expect(readLog(bytes).end.damage, `${left} bytes before the end`).toEqual({
          reason: 'bad crc',
          offset: LOG_HEADER_BYTES + filler,
          inLastAppend: !isRecord,
        })
      }
    })

    test('is found right behind a record without payload', () => {
      const damaged = fragment(full, payload(0, 0))
      damaged[0]! ^= 1
      const bytes = joined(fragment(full, body), damaged, fragment(full, payload(0, 0)))
      expect(readLog(bytes).end.damage).toMatchObject({ reason: 'bad crc', inLastAppend: false })
    })

    test('is found in the next block', () => {
      const damaged = fragment(full, payload(LOG_BLOCK_BYTES - LOG_HEADER_BYTES - 3, 1))
      damaged[LOG_HEADER_BYTES + 3]! ^= 1
      const padding = new Uint8Array(3)
      const behind = (tail: Uint8Array) =>
        readLog(joined(damaged, padding, tail)).end.damage!.inLastAppend
      expect(behind(fragment(full, payload(0, 0)))).toBe(false)
      expect(behind(payload(0, 0))).toBe(true)
    })
  })

  test.each([1, 2, 3, 4, 5, 6])(
    'a log that ends %i bytes before its block end is whole',
    (left) => {
      const { bytes } = logOf([payload(LOG_BLOCK_BYTES - LOG_HEADER_BYTES - left, 1)])
      for (let padding = 0; padding <= left; padding++) {
        const { records, end } = readLog(joined(bytes, new Uint8Array(padding)), 'absolute')
        expect([records.length, end.damage]).toEqual([1, null])
      }
    },
  )

  test("a record that starts in a block's last seven bytes and is never continued is torn", () => {
    const { bytes } = logOf([payload(LOG_BLOCK_BYTES - 2 * LOG_HEADER_BYTES, 1), payload(3, 2)])
    const cut = bytes.subarray(0, LOG_BLOCK_BYTES)
    expect(readLog(cut).end).toEqual({
      validBytes: LOG_BLOCK_BYTES - LOG_HEADER_BYTES,
      bytesDropped: LOG_HEADER_BYTES,
      damage: { reason: 'torn payload', offset: LOG_BLOCK_BYTES, inLastAppend: true },
    })
    expect(refused(cut, 'tolerate-corrupted-tail')).toBe(false)
    expect(refused(cut, 'absolute')).toBe(true)
  })

  test('a wrong length is not reported as a torn payload', () => {
    const bytes = joined(fragment(full, body), fragment(full, body))
    bytes[LOG_HEADER_BYTES + 10 + 4]! += 1
    expect(readLog(bytes).end.damage).toMatchObject({ reason: 'torn payload', inLastAppend: false })
    expect(refused(bytes, 'tolerate-corrupted-tail')).toBe(true)
  })

  test('a length beyond the block is not reported as a torn payload', () => {
    const bytes = joined(fragment(full, body), fragment(full, body))
    bytes[LOG_HEADER_BYTES + 10 + 5] = 0xff
    expect(readLog(bytes).end.damage).toMatchObject({ reason: 'bad length' })
    expect(refused(bytes, 'tolerate-corrupted-tail')).toBe(true)
  })
})
