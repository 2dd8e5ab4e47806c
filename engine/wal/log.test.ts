/** Records are read from a log as they were appended. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FRAGMENT_TYPE, LOG_BLOCK_BYTES, LOG_HEADER_BYTES } from './log-format.ts'
import { LogWriter } from './log-writer.ts'
import {
  digests,
  FileInMemory,
  fragment,
  logOf,
  payload,
  readLog,
  recordStart,
} from './testing/logs.ts'

describe('writing and reading', () => {
  const length = fc.oneof(
    fc.nat(40),
    fc.integer({ min: LOG_BLOCK_BYTES - 20, max: LOG_BLOCK_BYTES + 20 }),
    fc.nat(3 * LOG_BLOCK_BYTES),
  )

  test('any records are read back as appended', () => {
    fc.assert(
      fc.property(fc.array(length, { maxLength: 12 }), (lengths) => {
        const records = lengths.map(payload)
        const { bytes, ends } = logOf(records)
        const read = readLog(bytes, 'absolute')
        expect(digests(read.records)).toEqual(digests(records))
        expect(read.offsets).toEqual(records.map((_, i) => recordStart(ends[i - 1] ?? 0)))
        expect(read.end).toEqual({ validBytes: bytes.length, bytesDropped: 0, damage: null })
      }),
      { numRuns: 40 },
    )
  })

  test.each([0, 1, 2, 6, 7, 8, 9, 20])('a record ending %i bytes before a block end', (left) => {
    const records = [
      payload(LOG_BLOCK_BYTES - LOG_HEADER_BYTES - left, 1),
      payload(0, 2),
      payload(5, 3),
      payload(2 * LOG_BLOCK_BYTES, 4),
    ]
    const { bytes, ends } = logOf(records)
    expect(ends[0]).toBe(LOG_BLOCK_BYTES - left)
    const padding = left < LOG_HEADER_BYTES ? left : 0
    expect(ends[1]).toBe(LOG_BLOCK_BYTES - left + padding + LOG_HEADER_BYTES)
    expect(bytes.subarray(ends[0], ends[0]! + padding)).toEqual(new Uint8Array(padding))
    expect(digests(readLog(bytes, 'absolute').records)).toEqual(digests(records))
  })

  test('if exactly a header fits at the block end, it is an empty FIRST fragment', () => {
    const { bytes } = logOf([payload(LOG_BLOCK_BYTES - 2 * LOG_HEADER_BYTES, 1), payload(3, 2)])
    const header = bytes.subarray(LOG_BLOCK_BYTES - LOG_HEADER_BYTES, LOG_BLOCK_BYTES)
    expect([...header.subarray(4)]).toEqual([0, 0, FRAGMENT_TYPE.first])
    expect(bytes[LOG_BLOCK_BYTES + 6]).toBe(FRAGMENT_TYPE.last)
  })

  test('the bytes of a record follow the format', () => {
    const body = Uint8Array.of(102, 111, 111)
    expect(logOf([body]).bytes).toEqual(fragment(FRAGMENT_TYPE.full, body))
  })

  test('a group of records is one append with the same bytes as single appends', () => {
    const records = [10, 0, 70_000, 5, LOG_BLOCK_BYTES].map(payload)
    const file = new FileInMemory()
    const writer = new LogWriter(file)
    for (const record of records) writer.add(record)
    expect(writer.bytes).toBe(0)
    writer.write()
    writer.write()
    expect(file.appends).toBe(1)
    expect(digests([file.contents])).toEqual(digests([logOf(records).bytes]))
  })

  test('a record of many blocks releases its scratch memory, and the next record is correct', () => {
    const records = [payload(3 * 1024 * 1024, 1), payload(10, 2)]
    const { bytes } = logOf(records)
    expect(digests(readLog(bytes, 'absolute').records)).toEqual(digests(records))
  })

  test('a log whose append or sync failed refuses all later calls and names the cause', async () => {
    const actions = [
      (writer: LogWriter) => writer.append(payload(3, 1)),
      (writer: LogWriter) => writer.sync(),
      (writer: LogWriter) => writer.syncAsync(),
    ]
    for (const failing of actions) {
      const file = new FileInMemory()
      const writer = new LogWriter(file)
      writer.append(payload(1, 1))
      file.failing = true
      await expect(async () => failing(writer)).rejects.toMatchObject({ code: 'LSM_IO' })
      file.failing = false
      for (const next of actions) {
        await expect(async () => next(writer)).rejects.toMatchObject({
          code: 'LSM_READ_ONLY',
          cause: { code: 'LSM_IO' },
        })
      }
      expect([file.appends, file.syncs]).toEqual([1, 0])
    }
  })
})
