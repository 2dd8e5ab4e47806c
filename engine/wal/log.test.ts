import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32c, maskCrc } from '../base/crc32c.ts'
import { isLsmError, LsmError } from '../base/errors.ts'
import { survivingContent, type UnsyncedBytes } from '../storage/power-loss.ts'
import type { WritableFile } from '../storage/storage.ts'
import { FRAGMENT_TYPE, LOG_BLOCK_BYTES, LOG_HEADER_BYTES } from './log-format.ts'
import { type LogEnd, LogReader, type LogRecoveryMode } from './log-reader.ts'
import { LogWriter } from './log-writer.ts'

/** A file in memory that counts its appends and fails on request. */
class FileInMemory implements WritableFile {
  readonly path = '000007.log'
  appends = 0
  syncs = 0
  failing = false
  #bytes: Uint8Array = new Uint8Array(0)

  get bytes(): number {
    return this.#bytes.length
  }

  get contents(): Uint8Array {
    return this.#bytes.slice()
  }

  append(bytes: Uint8Array): void {
    this.#failWhenTold()
    this.appends++
    this.#bytes = joined(this.#bytes, bytes)
  }

  sync(): void {
    this.#failWhenTold()
    this.syncs++
  }

  async syncAsync(): Promise<void> {
    this.sync()
  }

  close(): void {}

  #failWhenTold(): void {
    if (this.failing) throw new LsmError('LSM_IO', 'told to fail')
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Length and checksum of each record: cheap to compare, and short to print. */
function digests(records: readonly Uint8Array[]): string[] {
  return records.map((record) => `${record.length} B, crc ${crc32c(record)}`)
}

function payload(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed * 31 + (i >> 8)) & 0xff)
}

/** A log of these records, and the offset at which each of them ends. */
function logOf(payloads: readonly Uint8Array[]): { bytes: Uint8Array; ends: readonly number[] } {
  const file = new FileInMemory()
  const writer = new LogWriter(file)
  const ends = payloads.map((record) => {
    writer.append(record)
    return writer.bytes
  })
  return { bytes: file.contents, ends }
}

/** Where the record after the one that ended at `end` starts. Skips padding. */
function recordStart(end: number): number {
  const left = LOG_BLOCK_BYTES - (end % LOG_BLOCK_BYTES)
  return left < LOG_HEADER_BYTES ? end + left : end
}

function readLog(
  bytes: Uint8Array,
  mode: LogRecoveryMode = 'point-in-time',
): { records: Uint8Array[]; offsets: number[]; end: LogEnd } {
  const reader = new LogReader(bytes, '000007.log', mode)
  const records: Uint8Array[] = []
  const offsets: number[] = []
  while (reader.next()) {
    records.push(reader.record)
    offsets.push(reader.recordOffset)
  }
  expect(reader.next()).toBe(false)
  return { records, offsets, end: reader.end! }
}

function refused(bytes: Uint8Array, mode: LogRecoveryMode): boolean {
  try {
    readLog(bytes, mode)
    return false
  } catch (error) {
    if (!isLsmError(error, 'LSM_CORRUPTION')) throw error
    expect(error.data).toMatchObject({ path: '000007.log', offset: expect.any(Number) })
    return true
  }
}

/** A fragment with a correct checksum, whatever its type. */
function fragment(type: number, body: Uint8Array): Uint8Array {
  const crc = maskCrc(crc32c(joined(Uint8Array.of(type), body)))
  const header = [crc, crc >>> 8, crc >>> 16, crc >>> 24, body.length, body.length >>> 8, type]
  return joined(Uint8Array.from(header), body)
}

const smallLog = logOf([0, 1, 30, 7, 300, 2, 600, 41].map(payload))

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
